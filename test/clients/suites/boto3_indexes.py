"""boto3: secondary indexes of all kinds, their pages over ties, projections, errors and changes."""

import time
import unittest

from boto3.dynamodb.types import Binary

from support import TestCase, client, drop_table, not_in_local

NAME = 'Boto3Indexes'
ddb = client()

TYPES = {'pk': 'S', 'sk': 'N', 'g': 'S', 'n': 'N', 'b': 'B'}


def schema(*names):
    return [{'AttributeName': name, 'KeyType': 'RANGE' if place else 'HASH'} for place, name in enumerate(names)]


def index(name, keys, projection='ALL', **more):
    return {'IndexName': name, 'KeySchema': schema(*keys), 'Projection': {'ProjectionType': projection, **more}}


def definitions(*names):
    return [{'AttributeName': name, 'AttributeType': TYPES[name]} for name in names]


def wait_for_index(name, gone=False):
    for _ in range(600):
        table = ddb.describe_table(TableName=NAME)['Table']
        status = {i['IndexName']: i['IndexStatus'] for i in table.get('GlobalSecondaryIndexes', [])}.get(name)
        if table['TableStatus'] == 'ACTIVE' and status == (None if gone else 'ACTIVE'):
            return
        time.sleep(0.1)
    raise AssertionError(f'index {name} does not come to rest')


# Many items are alike in g, n and b, and some lack them.
ITEMS = []
for i in range(80):
    item = {'pk': {'S': f'p{i % 5}'}, 'sk': {'N': str(i)}, 'v': {'S': f'value{i}'}, 'w': {'N': str(i)}}
    if i % 4:
        item['g'] = {'S': f'g{i % 2}'}
    if i % 5:
        item['n'] = {'N': str(i % 3 - 1)}
    if i % 7:
        item['b'] = {'B': bytes([i % 2, 255])}
    ITEMS.append(item)


def scalar(item, name):
    (kind, value), = item[name].items()
    return float(value) if kind == 'N' else value.value if isinstance(value, Binary) else value


def expected(keys, condition=lambda item: True):
    """The items of an index in its order."""
    order = list(keys) + [name for name in ('pk', 'sk') if name not in keys]
    return sorted((item for item in ITEMS if all(name in item for name in keys) and condition(item)),
                  key=lambda item: [scalar(item, name) for name in order])


def ids(items):
    return [(item['pk']['S'], int(item['sk']['N'])) for item in items]


class Indexes(TestCase):
    @classmethod
    def setUpClass(cls):
        drop_table(ddb, NAME)
        ddb.create_table(
            TableName=NAME, BillingMode='PAY_PER_REQUEST', KeySchema=schema('pk', 'sk'), AttributeDefinitions=definitions(*TYPES),
            LocalSecondaryIndexes=[index('local', ['pk', 'n']), index('local_keys', ['pk', 'g'], 'KEYS_ONLY')],
            GlobalSecondaryIndexes=[index('hash', ['g'], 'KEYS_ONLY'), index('ranged', ['g', 'n']), index('inverted', ['sk', 'pk']),
                                    index('binary', ['b', 'n'], 'INCLUDE', NonKeyAttributes=['v', 'absent'])])
        ddb.get_waiter('table_exists').wait(TableName=NAME, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
        for start in range(0, len(ITEMS), 25):
            ddb.batch_write_item(RequestItems={NAME: [{'PutRequest': {'Item': item}} for item in ITEMS[start:start + 25]]})

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, NAME)

    def pages(self, operation, page_size, **request):
        found = []
        for page in ddb.get_paginator(operation).paginate(TableName=NAME, PaginationConfig={'PageSize': page_size}, **request):
            self.assertLessEqual(len(page['Items']), page_size)
            found += page['Items']
        return ids(found)

    def check_query(self, name, keys, value, condition, **more):
        request = {'IndexName': name, 'KeyConditionExpression': '#h = :h', 'ExpressionAttributeNames': {'#h': keys[0]},
                   'ExpressionAttributeValues': {':h': value}, **more}
        right = ids(expected(keys, condition))
        self.assertGreater(len(right), 3)
        for page_size in (1, 2, 3, 7, 100):
            self.assertEqual(self.pages('query', page_size, **request), right, f'{name}, {page_size}')
            self.assertEqual(self.pages('query', page_size, ScanIndexForward=False, **request), right[::-1], f'{name} backwards')

    @not_in_local
    def test_pages_over_ties(self):
        self.check_query('hash', ['g'], {'S': 'g1'}, lambda item: item['g'] == {'S': 'g1'})
        self.check_query('ranged', ['g', 'n'], {'S': 'g0'}, lambda item: item['g'] == {'S': 'g0'})
        self.check_query('binary', ['b', 'n'], {'B': b'\x01\xff'}, lambda item: item['b'] == {'B': b'\x01\xff'})
        self.check_query('local', ['pk', 'n'], {'S': 'p3'}, lambda item: item['pk'] == {'S': 'p3'})
        self.check_query('local_keys', ['pk', 'g'], {'S': 'p1'}, lambda item: item['pk'] == {'S': 'p1'}, ConsistentRead=True)

    @not_in_local
    def test_scan(self):
        for name, keys in (('hash', ['g']), ('ranged', ['g', 'n']), ('inverted', ['sk', 'pk']), ('local', ['pk', 'n'])):
            for page_size in (3, 50):
                self.assertEqual(self.pages('scan', page_size, IndexName=name), ids(expected(keys)), name)
        in_segments = []
        for segment in range(4):
            in_segments += self.pages('scan', 3, IndexName='hash', TotalSegments=4, Segment=segment)
        self.assertEqual(sorted(in_segments), sorted(ids(expected(['g']))))

    def test_ranges(self):
        answer = ddb.query(TableName=NAME, IndexName='ranged', KeyConditionExpression='g = :g AND n BETWEEN :low AND :high',
                           ExpressionAttributeValues={':g': {'S': 'g1'}, ':low': {'N': '-0.5'}, ':high': {'N': '0'}})
        right = expected(['g', 'n'], lambda item: item['g'] == {'S': 'g1'} and item['n'] == {'N': '0'})
        self.assertEqual(sorted(ids(answer['Items'])), sorted(ids(right)))
        answer = ddb.query(TableName=NAME, IndexName='inverted', KeyConditionExpression='sk = :s',
                           ExpressionAttributeValues={':s': {'N': '7'}})
        self.assertEqual(answer['Items'], [ITEMS[7]])

    def test_projections(self):
        def first(**more):
            answer = ddb.query(TableName=NAME, Limit=1, **more)
            return set(answer['Items'][0]), answer.get('ConsumedCapacity')

        by_g = {'KeyConditionExpression': 'g = :g', 'ExpressionAttributeValues': {':g': {'S': 'g1'}}}
        by_b = {'KeyConditionExpression': 'b = :b', 'ExpressionAttributeValues': {':b': {'B': b'\x01\xff'}}}
        by_pk = {'KeyConditionExpression': 'pk = :p', 'ExpressionAttributeValues': {':p': {'S': 'p1'}}}
        self.assertEqual(first(IndexName='hash', **by_g)[0], {'pk', 'sk', 'g'})
        self.assertEqual(first(IndexName='binary', **by_b)[0] - {'g'}, {'pk', 'sk', 'b', 'n', 'v'})
        self.assertIn('w', first(IndexName='ranged', **by_g)[0])
        self.assertEqual(first(IndexName='local_keys', **by_pk)[0], {'pk', 'sk', 'g'})
        names, capacity = first(IndexName='local_keys', Select='ALL_ATTRIBUTES', ReturnConsumedCapacity='INDEXES', **by_pk)
        self.assertIn('w', names)
        self.assertEqual(capacity['Table'], {'CapacityUnits': 0.5})
        self.assertEqual(capacity['LocalSecondaryIndexes'], {'local_keys': {'CapacityUnits': 0.5}})
        _, capacity = first(IndexName='hash', ReturnConsumedCapacity='INDEXES', **by_g)
        self.assertEqual(capacity['GlobalSecondaryIndexes'], {'hash': {'CapacityUnits': 0.5}})

    def test_errors(self):
        by_g = {'TableName': NAME, 'KeyConditionExpression': 'g = :g', 'ExpressionAttributeValues': {':g': {'S': 'g1'}}}
        with self.fails('ValidationException', 'The table does not have the specified index: none'):
            ddb.query(IndexName='none', **by_g)
        with self.fails('ValidationException', 'Consistent reads are not supported on global secondary indexes'):
            ddb.query(IndexName='hash', ConsistentRead=True, **by_g)
        with self.fails('ValidationException', 'Select type ALL_ATTRIBUTES is not supported'):
            ddb.query(IndexName='hash', Select='ALL_ATTRIBUTES', **by_g)
        with self.fails('ValidationException', r'Global secondary index hash does not project \[w\]'):
            ddb.query(IndexName='hash', ProjectionExpression='w', **by_g)
        with self.fails('ValidationException', 'Type mismatch for Index Key g Expected: S Actual: N IndexName: hash'):
            ddb.put_item(TableName=NAME, Item={'pk': {'S': 'x'}, 'sk': {'N': '1'}, 'g': {'N': '1'}})
        with self.fails('ValidationException', 'cannot contain an empty string value. IndexName: hash, IndexKey: g'):
            ddb.put_item(TableName=NAME, Item={'pk': {'S': 'x'}, 'sk': {'N': '1'}, 'g': {'S': ''}})
        with self.fails('TransactionCanceledException') as failure:
            ddb.transact_write_items(TransactItems=[{'Put': {'TableName': NAME, 'Item': {'pk': {'S': 'x'}, 'sk': {'N': '1'}, 'g': {'N': '1'}}}}])
        self.assertEqual(failure.response['CancellationReasons'][0]['Code'], 'ValidationError')

    def test_capacity_of_writes(self):
        def units(operation, **request):
            consumed = operation(TableName=NAME, ReturnConsumedCapacity='INDEXES', **request)['ConsumedCapacity']
            return {name: index['CapacityUnits'] for kind in ('GlobalSecondaryIndexes', 'LocalSecondaryIndexes')
                    for name, index in consumed.get(kind, {}).items()}

        key = {'pk': {'S': 'capacity'}, 'sk': {'N': '1000'}}
        self.assertEqual(units(ddb.put_item, Item={**key, 'g': {'S': 'c'}}), {'hash': 1, 'inverted': 1, 'local_keys': 1})
        self.assertEqual(units(ddb.update_item, Key=key, UpdateExpression='SET g = :g', ExpressionAttributeValues={':g': {'S': 'd'}}),
                         {'hash': 2, 'inverted': 1, 'local_keys': 2})
        self.assertEqual(units(ddb.update_item, Key=key, UpdateExpression='SET v = :v', ExpressionAttributeValues={':v': {'S': 'd'}}),
                         {'inverted': 1})
        self.assertEqual(units(ddb.delete_item, Key=key), {'hash': 1, 'inverted': 1, 'local_keys': 1})

    def test_create_and_delete(self):
        update = {'TableName': NAME, 'AttributeDefinitions': [{'AttributeName': 'v', 'AttributeType': 'S'}]}
        answer = ddb.update_table(GlobalSecondaryIndexUpdates=[{'Create': index('by_v', ['v'])}], **update)['TableDescription']
        self.assertEqual(answer['TableStatus'], 'UPDATING')
        self.assertEqual([i['IndexStatus'] for i in answer['GlobalSecondaryIndexes'] if i['IndexName'] == 'by_v'], ['CREATING'])
        wait_for_index('by_v')
        by_v = {'TableName': NAME, 'IndexName': 'by_v', 'KeyConditionExpression': 'v = :v', 'ExpressionAttributeValues': {':v': {'S': 'value33'}}}
        self.assertEqual(ddb.query(**by_v)['Items'], [ITEMS[33]])
        with self.fails('ValidationException', 'already exists'):
            ddb.update_table(GlobalSecondaryIndexUpdates=[{'Create': index('by_v', ['v'])}], **update)
        with self.fails('LimitExceededException', 'Only 1 online index can be created or deleted simultaneously'):
            ddb.update_table(TableName=NAME, GlobalSecondaryIndexUpdates=[{'Delete': {'IndexName': 'by_v'}}, {'Delete': {'IndexName': 'hash'}}])
        ddb.update_table(TableName=NAME, GlobalSecondaryIndexUpdates=[{'Delete': {'IndexName': 'by_v'}}])
        wait_for_index('by_v', gone=True)
        with self.fails('ValidationException', 'The table does not have the specified index: by_v'):
            ddb.query(**by_v)

    @not_in_local
    def test_keys_of_several_attributes(self):
        keys = [{'AttributeName': 'g', 'KeyType': 'HASH'}, {'AttributeName': 'b', 'KeyType': 'HASH'},
                {'AttributeName': 'n', 'KeyType': 'RANGE'}, {'AttributeName': 'w', 'KeyType': 'RANGE'}]
        ddb.update_table(
            TableName=NAME, AttributeDefinitions=[{'AttributeName': name, 'AttributeType': TYPES.get(name, 'N')} for name in 'gbnw'],
            GlobalSecondaryIndexUpdates=[{'Create': {'IndexName': 'multi', 'KeySchema': keys, 'Projection': {'ProjectionType': 'ALL'}}}])
        wait_for_index('multi')
        values = {':g': {'S': 'g1'}, ':b': {'B': b'\x01\xff'}, ':n': {'N': '1'}, ':w': {'N': '30'}}
        found = ddb.query(TableName=NAME, IndexName='multi', KeyConditionExpression='g = :g AND b = :b AND n = :n AND w > :w',
                          ExpressionAttributeValues=values)['Items']
        right = expected(['g', 'b', 'n', 'w'], lambda item: (item['g'], item['b'], item['n']) == (values[':g'], values[':b'], values[':n'])
                         and int(item['w']['N']) > 30)
        self.assertGreater(len(right), 1)
        self.assertEqual(ids(found), ids(right))
        with self.fails('ValidationException', 'Query condition missed key schema element: b'):
            ddb.query(TableName=NAME, IndexName='multi', KeyConditionExpression='g = :g', ExpressionAttributeValues={':g': {'S': 'g1'}})
        ddb.update_table(TableName=NAME, GlobalSecondaryIndexUpdates=[{'Delete': {'IndexName': 'multi'}}])
        wait_for_index('multi', gone=True)


if __name__ == '__main__':
    unittest.main()
