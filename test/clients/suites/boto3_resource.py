"""boto3's resources: tables as objects, Python values, conditions as objects."""

import unittest
from decimal import Decimal

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from support import DDB_LOCAL, TestCase, attributes, drop_table, make_table, resource

PREFIX = 'Boto3Resource'
dynamodb = resource()
ddb = dynamodb.meta.client


class Tables(TestCase):
    name = PREFIX + 'Tables'

    def tearDown(self):
        drop_table(ddb, self.name)

    def test_life(self):
        table = dynamodb.create_table(
            TableName=self.name, **attributes('pk S', 'sk N'),
            ProvisionedThroughput={'ReadCapacityUnits': 1, 'WriteCapacityUnits': 2})
        table.wait_until_exists(WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
        table.load()
        self.assertEqual((table.name, table.table_status, table.item_count), (self.name, 'ACTIVE', 0))
        self.assertEqual([element['AttributeName'] for element in table.key_schema], ['pk', 'sk'])
        self.assertEqual(table.provisioned_throughput['WriteCapacityUnits'], 2)
        self.assertIn(self.name, [each.name for each in dynamodb.tables.all()])
        updated = table.update(ProvisionedThroughput={'ReadCapacityUnits': 3, 'WriteCapacityUnits': 2})
        table.wait_until_exists(WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
        self.assertEqual(updated.name, self.name)
        table.delete()
        table.wait_until_not_exists(WaiterConfig={'Delay': 1, 'MaxAttempts': 20})
        with self.fails('ResourceNotFoundException'):
            table.reload()


class WithTable(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table_name = PREFIX + cls.__name__
        make_table(ddb, cls.table_name, 'pk S', 'sk N')
        cls.table = dynamodb.Table(cls.table_name)

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, cls.table_name)

    def item(self, pk, sk):
        return self.table.get_item(Key={'pk': pk, 'sk': sk}).get('Item')


class Values(WithTable):
    def test_all_types(self):
        item = {
            'pk': 'types', 'sk': 1, 'text': 'héllo \U0001f600', 'empty': '', 'int': 42, 'decimal': Decimal('-0.10'),
            'large': Decimal('12345678901234567890123456789012345678'), 'yes': True, 'no': False, 'nothing': None,
            'bytes': bytes(range(256)), 'no bytes': b'', 'list': ['a', 1, [None, {}], []],
            'map': {'a': {'b': [Decimal('1.5')]}},
            'strings': {'a', 'b', ''}, 'numbers': {1, Decimal('2.5')}, 'binaries': {b'a', b'\x00\xff'}}
        self.table.put_item(Item=item)
        got = self.item('types', 1)
        for name, value in item.items():
            if name == 'binaries':
                self.assertEqual({bytes(each) for each in got[name]}, value)
            elif isinstance(value, bytes):
                self.assertIsInstance(got[name], Binary)
                self.assertEqual(got[name].value, value)
            else:
                self.assertEqual(got[name], value, name)
        self.assertIsInstance(got['int'], Decimal)

    def test_numbers(self):
        # (boto3 cannot read numbers of more than 38 digits, which stand before the point from 1E+38 on)
        for number in (0, -1, Decimal('1E-130'), Decimal('-1E-130'),
                       Decimal('0.00000000000000000000000000000000000001'), Decimal('1E+37'), 10 ** 37 + 1):
            self.table.put_item(Item={'pk': 'numbers', 'sk': 1, 'value': number})
            self.assertEqual(self.item('numbers', 1)['value'], number)
        for number in (1.5, Decimal('1' * 39), Decimal('1E126'), Decimal('NaN')):
            with self.assertRaises(Exception):
                self.table.put_item(Item={'pk': 'numbers', 'sk': 1, 'value': number})

    def test_number_keys(self):
        for number in (Decimal('-1E-100'), 0, Decimal('0.1'), 10 ** 37):
            self.table.put_item(Item={'pk': 'number keys', 'sk': number})
            self.assertEqual(self.item('number keys', number)['sk'], number)


class Writes(WithTable):
    def test_update(self):
        updated = self.table.update_item(
            Key={'pk': 'update', 'sk': 1}, ReturnValues='ALL_NEW',
            UpdateExpression='SET #m = :m, l = :l ADD n :n, s :s', ExpressionAttributeNames={'#m': 'map'},
            ExpressionAttributeValues={':m': {'a': 1}, ':l': [1, 2], ':n': 5, ':s': {'x'}})['Attributes']
        self.assertEqual(updated, {'pk': 'update', 'sk': 1, 'map': {'a': 1}, 'l': [1, 2], 'n': 5, 's': {'x'}})
        updated = self.table.update_item(
            Key={'pk': 'update', 'sk': 1}, ReturnValues='UPDATED_NEW',
            UpdateExpression='SET #m.b = #m.a + :one REMOVE l[0] DELETE s :s', ExpressionAttributeNames={'#m': 'map'},
            ExpressionAttributeValues={':one': Decimal('0.5'), ':s': {'x'}})['Attributes']
        if not DDB_LOCAL:  # which returns all of the map
            self.assertEqual(updated['map'], {'b': Decimal('1.5')})
        self.assertEqual(self.item('update', 1), {'pk': 'update', 'sk': 1, 'map': {'a': 1, 'b': Decimal('1.5')},
                                                  'l': [2], 'n': 5})

    def test_conditions(self):
        key = {'pk': 'condition', 'sk': 1}
        self.table.put_item(Item={**key, 'n': 5, 's': 'abc', 'l': [1], 'set': {'a'}, 'm': {'x': {'y': 1}}})
        holds = [
            Attr('n').eq(5), Attr('n').ne(6), Attr('n').lt(6), Attr('n').lte(5), Attr('n').gt(4), Attr('n').gte(5),
            Attr('n').between(4, 6), Attr('n').is_in([1, 5]), Attr('s').begins_with('ab'), Attr('s').contains('bc'),
            Attr('set').contains('a'), Attr('l').contains(1), Attr('s').exists(), Attr('nothing').not_exists(),
            Attr('s').attribute_type('S'), Attr('s').size().eq(3), Attr('m.x.y').eq(1), Attr('l[0]').eq(1),
            Attr('n').eq(5) & Attr('s').eq('abc'), Attr('n').eq(6) | Attr('s').eq('abc'), ~Attr('n').eq(6),
            Attr('nothing').ne(1)]
        for condition in holds:
            self.table.put_item(Item={**self.item('condition', 1)}, ConditionExpression=condition)
            with self.fails('ConditionalCheckFailedException'):
                self.table.delete_item(Key=key, ConditionExpression=~condition)
        deleted = self.table.delete_item(Key=key, ConditionExpression=Attr('n').eq(5), ReturnValues='ALL_OLD')
        self.assertEqual(deleted['Attributes']['s'], 'abc')

    def test_batch_writer(self):
        with self.table.batch_writer() as batch:
            for number in range(120):
                batch.put_item(Item={'pk': 'batch', 'sk': number, 'data': 'x' * number})
        with self.table.batch_writer() as batch:
            for number in range(0, 120, 2):
                batch.delete_item(Key={'pk': 'batch', 'sk': number})
        got = self.table.query(KeyConditionExpression=Key('pk').eq('batch'))
        self.assertEqual([int(item['sk']) for item in got['Items']], list(range(1, 120, 2)))

    def test_batch_writer_duplicates(self):
        with self.table.batch_writer(overwrite_by_pkeys=['pk', 'sk']) as batch:
            for number in range(40):
                batch.put_item(Item={'pk': 'duplicates', 'sk': number % 4, 'n': number})
        got = self.table.query(KeyConditionExpression=Key('pk').eq('duplicates'))
        self.assertEqual([int(item['n']) for item in got['Items']], [36, 37, 38, 39])
        with self.fails('ValidationException'):
            with self.table.batch_writer() as batch:
                for _ in range(2):
                    batch.put_item(Item={'pk': 'duplicates', 'sk': 1})

    def test_batch_get(self):
        for number in range(5):
            self.table.put_item(Item={'pk': 'get', 'sk': number})
        got = dynamodb.batch_get_item(RequestItems={
            self.table_name: {'Keys': [{'pk': 'get', 'sk': number} for number in range(8)]}})
        self.assertEqual({int(item['sk']) for item in got['Responses'][self.table_name]}, set(range(5)))


class Reads(WithTable):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for pk in ('a', 'b'):
            for sk in range(25):
                cls.table.put_item(Item={'pk': pk, 'sk': sk, 'square': sk * sk, 'tags': {'even'} if sk % 2 == 0 else {'odd'}})

    def test_query(self):
        for condition, expected in (
                (Key('pk').eq('a'), range(25)), (Key('pk').eq('a') & Key('sk').eq(3), [3]),
                (Key('pk').eq('a') & Key('sk').lt(3), [0, 1, 2]), (Key('pk').eq('a') & Key('sk').gte(23), [23, 24]),
                (Key('pk').eq('b') & Key('sk').between(Decimal('1.5'), 4), [2, 3, 4]), (Key('pk').eq('c'), [])):
            got = self.table.query(KeyConditionExpression=condition)
            self.assertEqual([int(item['sk']) for item in got['Items']], list(expected))

    def test_pages(self):
        """The loop over LastEvaluatedKey that boto3's guide shows."""
        seen, arguments = [], {'KeyConditionExpression': Key('pk').eq('a'), 'Limit': 4, 'ScanIndexForward': False,
                               'FilterExpression': Attr('square').gt(100) & Attr('tags').contains('odd')}
        while True:
            page = self.table.query(**arguments)
            seen += [int(item['sk']) for item in page['Items']]
            if 'LastEvaluatedKey' not in page:
                break
            arguments['ExclusiveStartKey'] = page['LastEvaluatedKey']
        self.assertEqual(seen, [23, 21, 19, 17, 15, 13, 11])

    def test_scan(self):
        got = self.table.scan(FilterExpression=Attr('square').lt(5), ProjectionExpression='pk, sk')
        self.assertEqual(sorted((item['pk'], int(item['sk'])) for item in got['Items']),
                         [(pk, sk) for pk in 'ab' for sk in range(3)])
        parts = [self.table.scan(Segment=n, TotalSegments=3)['Items'] for n in range(3)]
        self.assertEqual(sorted((item['pk'], int(item['sk'])) for part in parts for item in part),
                         [(pk, sk) for pk in 'ab' for sk in range(25)])


if __name__ == '__main__':
    unittest.main()
