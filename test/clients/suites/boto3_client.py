"""boto3's low-level client: every operation, as the service model has it."""

import datetime
import threading
import time
import unittest
import uuid

import boto3
from botocore.exceptions import WaiterError

from support import (DDB_LOCAL, TestCase, attributes, client, drop_table, make_table, not_in_local,
                     put_all)

FAST = {'Delay': 1, 'MaxAttempts': 20}
PREFIX = 'Boto3Client'
MUSIC = PREFIX + 'Music'
ddb = client()


def song(artist, number, **more):
    return {'Artist': {'S': artist}, 'Number': {'N': str(number)}, **more}


def song_key(artist, number):
    return song(artist, number)


class Tables(TestCase):
    name = PREFIX + 'Tables'

    def tearDown(self):
        drop_table(ddb, self.name)

    def test_life(self):
        made = ddb.create_table(TableName=self.name, BillingMode='PAY_PER_REQUEST',
                                **attributes('pk S', 'sk N'))['TableDescription']
        self.assertIn(made['TableStatus'], ('CREATING', 'ACTIVE'))
        ddb.get_waiter('table_exists').wait(TableName=self.name, WaiterConfig=FAST)
        table = ddb.describe_table(TableName=self.name)['Table']
        self.assertEqual(table['TableName'], self.name)
        self.assertEqual(table['TableStatus'], 'ACTIVE')
        self.assertRegex(table['TableArn'], r'^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table/' + self.name + '$')
        self.assertEqual(table['KeySchema'], attributes('pk S', 'sk N')['KeySchema'])
        self.assertEqual(table['ItemCount'], 0)
        self.assertEqual(table['BillingModeSummary']['BillingMode'], 'PAY_PER_REQUEST')
        age = datetime.datetime.now(datetime.timezone.utc) - table['CreationDateTime']
        self.assertLess(abs(age.total_seconds()), 60)
        with self.fails('ResourceInUseException'):
            ddb.create_table(TableName=self.name, BillingMode='PAY_PER_REQUEST', **attributes('pk S'))
        gone = ddb.delete_table(TableName=self.name)['TableDescription']
        self.assertIn(gone['TableStatus'], ('DELETING', 'ACTIVE'))
        ddb.get_waiter('table_not_exists').wait(TableName=self.name, WaiterConfig=FAST)
        for call in (ddb.describe_table, ddb.delete_table):
            with self.fails('ResourceNotFoundException', 'Requested resource not found: Table: '):
                call(TableName=self.name)

    def test_by_arn(self):
        make_table(ddb, self.name, 'pk S')
        arn = ddb.describe_table(TableName=self.name)['Table']['TableArn']
        self.assertEqual(ddb.describe_table(TableName=arn)['Table']['TableName'], self.name)

    def test_throughput(self):
        ddb.create_table(TableName=self.name, **attributes('pk S'),
                         ProvisionedThroughput={'ReadCapacityUnits': 3, 'WriteCapacityUnits': 4})
        ddb.get_waiter('table_exists').wait(TableName=self.name, WaiterConfig=FAST)
        ddb.update_table(TableName=self.name,
                         ProvisionedThroughput={'ReadCapacityUnits': 5, 'WriteCapacityUnits': 4})
        ddb.get_waiter('table_exists').wait(TableName=self.name, WaiterConfig=FAST)
        throughput = ddb.describe_table(TableName=self.name)['Table']['ProvisionedThroughput']
        self.assertEqual((throughput['ReadCapacityUnits'], throughput['WriteCapacityUnits']), (5, 4))
        ddb.update_table(TableName=self.name, BillingMode='PAY_PER_REQUEST')
        table = ddb.describe_table(TableName=self.name)['Table']
        self.assertEqual(table['BillingModeSummary']['BillingMode'], 'PAY_PER_REQUEST')
        self.assertEqual(table['ProvisionedThroughput']['ReadCapacityUnits'], 0)

    def test_list(self):
        names = [f'{self.name}{i}' for i in range(5)]
        for name in names:
            make_table(ddb, name, 'pk S')
        listed = ddb.list_tables(Limit=100)['TableNames']
        self.assertEqual([name for name in listed if name in names], names)
        pages = list(ddb.get_paginator('list_tables').paginate(
            PaginationConfig={'PageSize': 2}, ExclusiveStartTableName=self.name))
        found = [name for page in pages for name in page['TableNames'] if name.startswith(self.name)]
        self.assertEqual(found, names)
        self.assertGreaterEqual(len(pages), 3)
        self.assertEqual(ddb.list_tables(Limit=1, ExclusiveStartTableName=names[1])['LastEvaluatedTableName'],
                         names[2])
        for name in names:
            drop_table(ddb, name)

    def test_waiter_waits(self):
        """A waiter for a table that somebody makes later, and for one that goes."""
        def later(action):
            time.sleep(0.4)
            action(client())

        for action, waiter in (
                (lambda ddb: make_table(ddb, self.name, 'pk S'), 'table_exists'),
                (lambda ddb: drop_table(ddb, self.name), 'table_not_exists')):
            thread = threading.Thread(target=later, args=(action,))
            thread.start()
            ddb.get_waiter(waiter).wait(TableName=self.name, WaiterConfig=FAST)
            thread.join()
        with self.assertRaises(WaiterError):
            ddb.get_waiter('table_exists').wait(TableName=self.name,
                                                WaiterConfig={'Delay': 1, 'MaxAttempts': 1})


class WithMusic(TestCase):
    @classmethod
    def setUpClass(cls):
        make_table(ddb, MUSIC, 'Artist S', 'Number N')

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, MUSIC)


class Items(WithMusic):
    everything = song(
        'all types', 1,
        String={'S': 'héllo wörld \U0001f600'}, EmptyString={'S': ''}, Zero={'S': 'a\0b'},
        Number2={'N': '-12.5'}, Binary={'B': bytes(range(256))}, EmptyBinary={'B': b''},
        Yes={'BOOL': True}, No={'BOOL': False}, Nothing={'NULL': True},
        List={'L': [{'S': 'x'}, {'N': '1'}, {'L': []}, {'M': {}}]},
        Map={'M': {'a': {'M': {'b': {'M': {'c': {'S': 'deep'}}}}}, 'with.dot': {'N': '1'}}},
        Strings={'SS': ['b', 'a', '']}, Numbers={'NS': ['3', '-1.5', '2']}, Binaries={'BS': [b'\x00', b'\xff', b'a']})

    def assertSameItem(self, left, right):
        def ordered(value):
            (kind, content), = value.items()
            if kind in ('SS', 'BS'):
                return kind, sorted(content)
            if kind == 'NS':
                return kind, sorted(content, key=float)
            if kind == 'L':
                return kind, [ordered(element) for element in content]
            if kind == 'M':
                return kind, {name: ordered(element) for name, element in content.items()}
            return kind, content
        self.assertEqual(ordered({'M': left}), ordered({'M': right}))

    def test_all_types(self):
        self.assertNotIn('Attributes', ddb.put_item(TableName=MUSIC, Item=self.everything))
        got = ddb.get_item(TableName=MUSIC, Key=song_key('all types', 1), ConsistentRead=True)['Item']
        self.assertSameItem(got, self.everything)
        self.assertNotIn('Item', ddb.get_item(TableName=MUSIC, Key=song_key('all types', 2)))

    def test_binary_keys(self):
        name = PREFIX + 'Binary'
        make_table(ddb, name, 'pk B', 'sk B')
        keys = [bytes([0]), b'\x00\x00', b'\x7f', b'\x80', b'\xff' * 10]
        put_all(ddb, name, ({'pk': {'B': b'\xff\x00'}, 'sk': {'B': key}} for key in reversed(keys)))
        got = ddb.query(TableName=name, KeyConditionExpression='pk = :p AND sk > :s',
                        ExpressionAttributeValues={':p': {'B': b'\xff\x00'}, ':s': {'B': b'\x00'}})
        self.assertEqual([item['sk']['B'] for item in got['Items']], keys[1:])
        drop_table(ddb, name)

    def test_projection(self):
        ddb.put_item(TableName=MUSIC, Item=self.everything)
        got = ddb.get_item(TableName=MUSIC, Key=song_key('all types', 1),
                           ProjectionExpression='#l[1], #m.a.b, Yes',
                           ExpressionAttributeNames={'#l': 'List', '#m': 'Map'})['Item']
        self.assertEqual(got, {'List': {'L': [{'N': '1'}]}, 'Yes': {'BOOL': True},
                               'Map': {'M': {'a': {'M': {'b': {'M': {'c': {'S': 'deep'}}}}}}}})

    def test_put_returns_old(self):
        ddb.put_item(TableName=MUSIC, Item=song('put', 1, Title={'S': 'old'}))
        put = ddb.put_item(TableName=MUSIC, Item=song('put', 1, Title={'S': 'new'}), ReturnValues='ALL_OLD')
        self.assertEqual(put['Attributes'], song('put', 1, Title={'S': 'old'}))

    def test_update(self):
        key = song_key('update', 1)
        steps = [
            # expression, values, ReturnValues, Attributes
            ('SET Title = :t, Plays = :n', {':t': {'S': 'a'}, ':n': {'N': '1'}}, 'NONE', None),
            ('ADD Plays :n', {':n': {'N': '2'}}, 'UPDATED_NEW', {'Plays': {'N': '3'}}),
            ('SET Plays = Plays - :n', {':n': {'N': '0.5'}}, 'UPDATED_OLD', {'Plays': {'N': '3'}}),
            ('REMOVE Title', None, 'ALL_OLD', song('update', 1, Title={'S': 'a'}, Plays={'N': '2.5'})),
            ('SET L = list_append(if_not_exists(L, :e), :l)', {':e': {'L': []}, ':l': {'L': [{'S': 'x'}]}},
             'ALL_NEW', song('update', 1, Plays={'N': '2.5'}, L={'L': [{'S': 'x'}]})),
            ('ADD Tags :s', {':s': {'SS': ['b', 'a']}}, 'UPDATED_NEW', {'Tags': {'SS': ['a', 'b']}}),
            ('DELETE Tags :s', {':s': {'SS': ['b']}}, 'UPDATED_NEW', {'Tags': {'SS': ['a']}}),
            ('DELETE Tags :s', {':s': {'SS': ['a']}}, 'ALL_NEW',
             song('update', 1, Plays={'N': '2.5'}, L={'L': [{'S': 'x'}]})),
            ('REMOVE L[0]', None, 'UPDATED_OLD', {'L': {'L': [{'S': 'x'}]}}),
        ]
        for expression, values, wanted, attributes_ in steps:
            more = {'ExpressionAttributeValues': values} if values else {}
            got = ddb.update_item(TableName=MUSIC, Key=key, UpdateExpression=expression,
                                  ReturnValues=wanted, **more)
            self.assertEqual(got.get('Attributes'), attributes_, expression)

    def test_delete(self):
        ddb.put_item(TableName=MUSIC, Item=song('delete', 1, Title={'S': 't'}))
        got = ddb.delete_item(TableName=MUSIC, Key=song_key('delete', 1), ReturnValues='ALL_OLD')
        self.assertEqual(got['Attributes'], song('delete', 1, Title={'S': 't'}))
        self.assertNotIn('Attributes', ddb.delete_item(TableName=MUSIC, Key=song_key('delete', 1),
                                                       ReturnValues='ALL_OLD'))

    def test_conditions(self):
        ddb.put_item(TableName=MUSIC, Item=song('cond', 1, Version={'N': '1'}))
        failing = {
            ddb.put_item: {'Item': song('cond', 1)},
            ddb.update_item: {'Key': song_key('cond', 1), 'UpdateExpression': 'SET Title = :v'},
            ddb.delete_item: {'Key': song_key('cond', 1)},
        }
        for call, arguments in failing.items():
            with self.fails('ConditionalCheckFailedException', '^The conditional request failed$') as failure:
                call(TableName=MUSIC, ConditionExpression='Version = :v',
                     ExpressionAttributeValues={':v': {'N': '2'}}, **arguments)
            self.assertIsInstance(failure.exception, ddb.exceptions.ConditionalCheckFailedException)
            # it is final: an SDK does not try again
            self.assertEqual(failure.response['ResponseMetadata']['RetryAttempts'], 0)
        self.assertEqual(ddb.get_item(TableName=MUSIC, Key=song_key('cond', 1))['Item'],
                         song('cond', 1, Version={'N': '1'}))
        ddb.delete_item(TableName=MUSIC, Key=song_key('cond', 1),
                        ConditionExpression='attribute_exists(Artist) AND Version BETWEEN :a AND :b',
                        ExpressionAttributeValues={':a': {'N': '0'}, ':b': {'N': '1.0'}})
        ddb.put_item(TableName=MUSIC, Item=song('cond', 1), ConditionExpression='attribute_not_exists(Artist)')

    def test_capacity(self):
        def units(response):
            return response['ConsumedCapacity']['CapacityUnits']
        item = song('capacity', 1, Data={'S': 'x' * 5000})
        total = {'TableName': MUSIC, 'ReturnConsumedCapacity': 'TOTAL'}
        key = song_key('capacity', 1)
        put = ddb.put_item(Item=item, **total)
        self.assertEqual(put['ConsumedCapacity'], {'TableName': MUSIC, 'CapacityUnits': 5.0})
        self.assertEqual(units(ddb.get_item(Key=key, **total)), 1.0)
        self.assertEqual(units(ddb.get_item(Key=key, ConsistentRead=True, **total)), 2.0)
        self.assertEqual(units(ddb.query(KeyConditionExpression='Artist = :a',
                                         ExpressionAttributeValues={':a': {'S': 'capacity'}}, **total)), 1.0)
        self.assertEqual(units(ddb.delete_item(Key=key, **total)), 5.0)
        full = ddb.get_item(TableName=MUSIC, Key=key, ReturnConsumedCapacity='INDEXES')['ConsumedCapacity']
        self.assertEqual(full, {'TableName': MUSIC, 'CapacityUnits': 0.5, 'Table': {'CapacityUnits': 0.5}})
        self.assertNotIn('ConsumedCapacity', ddb.get_item(TableName=MUSIC, Key=key))
        self.assertNotIn('ItemCollectionMetrics', ddb.put_item(
            TableName=MUSIC, Item=key, ReturnItemCollectionMetrics='SIZE'))

    def test_legacy_parameters(self):
        key = song_key('legacy', 1)
        ddb.update_item(TableName=MUSIC, Key=key, AttributeUpdates={
            'Title': {'Action': 'PUT', 'Value': {'S': 'x'}}, 'Plays': {'Action': 'ADD', 'Value': {'N': '2'}}})
        got = ddb.get_item(TableName=MUSIC, Key=key, AttributesToGet=['Plays', 'Title'])['Item']
        self.assertEqual(got, {'Title': {'S': 'x'}, 'Plays': {'N': '2'}})
        with self.fails('ConditionalCheckFailedException'):
            ddb.put_item(TableName=MUSIC, Item=key, Expected={'Artist': {'Exists': False}})
        query = ddb.query(
            TableName=MUSIC,
            KeyConditions={'Artist': {'ComparisonOperator': 'EQ', 'AttributeValueList': [{'S': 'legacy'}]}},
            QueryFilter={'Plays': {'ComparisonOperator': 'GT', 'AttributeValueList': [{'N': '1'}]}})
        self.assertEqual(query['Count'], 1)
        scan = ddb.scan(
            TableName=MUSIC, ConditionalOperator='OR',
            ScanFilter={'Title': {'ComparisonOperator': 'NULL'},
                        'Plays': {'ComparisonOperator': 'EQ', 'AttributeValueList': [{'N': '2'}]}})
        self.assertIn(song('legacy', 1, Title={'S': 'x'}, Plays={'N': '2'}), scan['Items'])
        with self.fails('ValidationException', 'Can not use both expression and non-expression parameters'):
            ddb.query(TableName=MUSIC, KeyConditionExpression='Artist = :a',
                      ExpressionAttributeValues={':a': {'S': 'x'}},
                      QueryFilter={'Plays': {'ComparisonOperator': 'NULL'}})


class Numbers(WithMusic):
    def round_trip(self, text):
        ddb.put_item(TableName=MUSIC, Item=song('numbers', 1, Value={'N': text}))
        return ddb.get_item(TableName=MUSIC, Key=song_key('numbers', 1))['Item']['Value']['N']

    def test_values(self):
        for text, expected in {
                '0': '0', '-0': '0', '0.0': '0', '1': '1', '-1': '-1', '007': '7', '1.50': '1.5', '1e3': '1000',
                '12345678901234567890123456789012345678': '12345678901234567890123456789012345678',
                '0.12345678901234567890123456789012345678': '0.12345678901234567890123456789012345678',
                '-99999999999999999999999999999999999999': '-99999999999999999999999999999999999999',
        }.items():
            self.assertEqual(self.round_trip(text), expected)

    def test_extremes(self):
        def written(value):
            # DynamoDB writes no exponents; DynamoDB Local does for these
            if DDB_LOCAL:
                return
            self.assertNotIn('E', value.upper())
        for text in ('1E-130', '-1E-130', '9.9999999999999999999999999999999999999E+125',
                     '-9.9999999999999999999999999999999999999E+125'):
            got = self.round_trip(text)
            written(got)
            self.assertEqual(float(got), float(text))
        self.assertEqual(len(self.round_trip('9.9999999999999999999999999999999999999E+125')), 126)

    def test_refused(self):
        for text, message in {
                '1' * 39: 'more than 38 significant digits',
                '1E-131': 'magnitude smaller than supported range',
                '1E126': 'magnitude larger than supported range',
                '': 'cannot be converted to a numeric value', 'x': 'cannot be converted to a numeric value',
                'NaN': 'cannot be converted to a numeric value', 'Infinity': 'cannot be converted to a numeric value',
                '1 ': 'cannot be converted to a numeric value'}.items():
            with self.fails('ValidationException', message):
                self.round_trip(text)

    def test_order(self):
        numbers = ['-1E+125', '-20', '-3', '-0.5', '0', '1E-130', '0.5', '3', '20', '100',
                   '1000000000000000000000000000000000000', '1E+125']
        for number in reversed(numbers):
            ddb.put_item(TableName=MUSIC, Item={'Artist': {'S': 'order'}, 'Number': {'N': number}})
        got = ddb.query(TableName=MUSIC, KeyConditionExpression='Artist = :a',
                        ExpressionAttributeValues={':a': {'S': 'order'}})['Items']
        self.assertEqual([float(item['Number']['N']) for item in got], [float(number) for number in numbers])
        # 1 and 1.0 are the same key
        ddb.put_item(TableName=MUSIC, Item={'Artist': {'S': 'order'}, 'Number': {'N': '3.00'}})
        self.assertEqual(ddb.query(TableName=MUSIC, Select='COUNT', KeyConditionExpression='Artist = :a',
                                   ExpressionAttributeValues={':a': {'S': 'order'}})['Count'], len(numbers))

    def test_arithmetic(self):
        key = song_key('numbers', 2)
        ddb.put_item(TableName=MUSIC, Item={**key, 'Value': {'N': '0.1'}})
        got = ddb.update_item(TableName=MUSIC, Key=key, UpdateExpression='SET #v = #v + :n', ReturnValues='UPDATED_NEW',
                              ExpressionAttributeNames={'#v': 'Value'}, ExpressionAttributeValues={':n': {'N': '0.2'}})
        self.assertEqual(got['Attributes']['Value']['N'], '0.3')


class Reads(TestCase):
    name = PREFIX + 'Reads'
    partitions, rows = 6, 40

    @classmethod
    def setUpClass(cls):
        make_table(ddb, cls.name, 'pk S', 'sk N')
        cls.items = [{'pk': {'S': f'p{p}'}, 'sk': {'N': str(n)}, 'Even': {'BOOL': n % 2 == 0},
                      'Text': {'S': f'row {n}'}} for p in range(cls.partitions) for n in range(cls.rows)]
        put_all(ddb, cls.name, cls.items)

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, cls.name)

    def query(self, condition, values, **more):
        return ddb.query(TableName=self.name, KeyConditionExpression=condition,
                         ExpressionAttributeValues=values, **more)

    def test_key_conditions(self):
        for condition, values, expected in (
                ('pk = :p', {}, range(40)),
                ('pk = :p AND sk = :a', {':a': 7}, [7]),
                ('pk = :p AND sk < :a', {':a': 2.5}, [0, 1, 2]),
                ('pk = :p AND sk <= :a', {':a': 2}, [0, 1, 2]),
                ('sk > :a AND pk = :p', {':a': 37}, [38, 39]),
                ('pk = :p AND sk >= :a', {':a': 38}, [38, 39]),
                ('pk = :p AND sk BETWEEN :a AND :b', {':a': 5, ':b': 8}, [5, 6, 7, 8])):
            values = {':p': {'S': 'p3'}, **{name: {'N': str(value)} for name, value in values.items()}}
            got = self.query(condition, values)
            self.assertEqual([int(item['sk']['N']) for item in got['Items']], list(expected), condition)
            self.assertEqual((got['Count'], got['ScannedCount']), (len(expected), len(expected)))
            back = self.query(condition, values, ScanIndexForward=False)
            self.assertEqual(back['Items'], got['Items'][::-1])

    def test_begins_with(self):
        name = PREFIX + 'Strings'
        make_table(ddb, name, 'pk S', 'sk S')
        names = ['', 'a', 'a#', 'a#1', 'a#2', 'a\uffff', 'a\U0001f600', 'b', 'ä']
        put_all(ddb, name, ({'pk': {'S': 'p'}, 'sk': {'S': n}} for n in names if n))
        got = ddb.query(TableName=name, KeyConditionExpression='pk = :p AND begins_with(sk, :s)',
                        ExpressionAttributeValues={':p': {'S': 'p'}, ':s': {'S': 'a#'}})['Items']
        self.assertEqual([item['sk']['S'] for item in got], ['a#', 'a#1', 'a#2'])
        # order is that of UTF-8 bytes
        got = ddb.query(TableName=name, KeyConditionExpression='pk = :p',
                        ExpressionAttributeValues={':p': {'S': 'p'}})['Items']
        self.assertEqual([item['sk']['S'] for item in got], sorted(names[1:], key=lambda n: n.encode()))
        drop_table(ddb, name)

    def test_filter(self):
        got = self.query('pk = :p', {':p': {'S': 'p1'}, ':yes': {'BOOL': True}, ':t': {'S': '3'}},
                         FilterExpression='Even = :yes AND contains(#t, :t)', ExpressionAttributeNames={'#t': 'Text'})
        self.assertEqual([item['sk']['N'] for item in got['Items']], ['30', '32', '34', '36', '38'])
        self.assertEqual((got['Count'], got['ScannedCount']), (5, 40))

    def test_select(self):
        count = self.query('pk = :p', {':p': {'S': 'p1'}}, Select='COUNT')
        self.assertEqual(count['Count'], 40)
        self.assertNotIn('Items', count)
        some = self.query('pk = :p', {':p': {'S': 'p1'}}, ProjectionExpression='sk', Limit=2)
        self.assertEqual(some['Items'], [{'sk': {'N': '0'}}, {'sk': {'N': '1'}}])
        self.assertEqual(some['LastEvaluatedKey'], {'pk': {'S': 'p1'}, 'sk': {'N': '1'}})

    def test_query_paginator(self):
        for forward in (True, False):
            pages = list(ddb.get_paginator('query').paginate(
                TableName=self.name, KeyConditionExpression='pk = :p', ScanIndexForward=forward,
                ExpressionAttributeValues={':p': {'S': 'p2'}}, PaginationConfig={'PageSize': 7}))
            numbers = [int(item['sk']['N']) for page in pages for item in page['Items']]
            self.assertEqual(numbers, sorted(range(40), reverse=not forward))
            self.assertEqual([page['Count'] for page in pages], [7, 7, 7, 7, 7, 5])

    def test_starting_token(self):
        def pages(**settings):
            return ddb.get_paginator('scan').paginate(TableName=self.name, PaginationConfig=settings)
        first = pages(MaxItems=25, PageSize=10).build_full_result()
        self.assertEqual(len(first['Items']), 25)
        rest = pages(StartingToken=first['NextToken']).build_full_result()
        self.assertEqual(self.keys(first['Items'] + rest['Items']), self.keys(self.items))

    @staticmethod
    def keys(items):
        return sorted((item['pk']['S'], int(item['sk']['N'])) for item in items)

    def test_scan_paginator(self):
        pages = list(ddb.get_paginator('scan').paginate(
            TableName=self.name, FilterExpression='Even = :y', ExpressionAttributeValues={':y': {'BOOL': False}},
            PaginationConfig={'PageSize': 50}))
        self.assertEqual(sum(page['ScannedCount'] for page in pages), 240)
        self.assertEqual(self.keys(item for page in pages for item in page['Items']),
                         self.keys(item for item in self.items if not item['Even']['BOOL']))

    def test_megabyte_pages(self):
        """A page ends after 1 MB, whatever the filter leaves of it."""
        name = PREFIX + 'Pages'
        make_table(ddb, name, 'pk S', 'sk N')
        put_all(ddb, name, ({'pk': {'S': 'p'}, 'sk': {'N': str(n)}, 'Data': {'S': 'x' * 300000}} for n in range(8)))
        arguments = {'TableName': name, 'KeyConditionExpression': 'pk = :p',
                     'ExpressionAttributeValues': {':p': {'S': 'p'}}}
        pages = list(ddb.get_paginator('query').paginate(**arguments))
        self.assertEqual([page['Count'] for page in pages], [4, 4] if len(pages) == 2 else [4, 4, 0])
        if not DDB_LOCAL:  # which counts what is left
            none = ddb.query(FilterExpression='attribute_exists(Nothing)', **arguments)
            self.assertEqual((none['Count'], none['ScannedCount']), (0, 4))
            self.assertIn('LastEvaluatedKey', none)
        drop_table(ddb, name)

    def test_parallel_scan(self):
        """Eight segments at once see each item once."""
        found = [None] * 8

        def scan(segment):
            mine = client()
            found[segment] = [item for page in mine.get_paginator('scan').paginate(
                TableName=self.name, Segment=segment, TotalSegments=8, PaginationConfig={'PageSize': 9})
                for item in page['Items']]
        threads = [threading.Thread(target=scan, args=(segment,)) for segment in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.keys(item for part in found for item in part), self.keys(self.items))
        self.assertGreaterEqual(sum(1 for part in found if part), 2)


class Errors(WithMusic):
    def test_classes(self):
        missing = {'TableName': PREFIX + 'Missing'}
        music = {'TableName': MUSIC}
        key = song_key('x', 1)
        for name, message, call, arguments in (
                ('ResourceNotFoundException', '^Requested resource not found', ddb.get_item, {'Key': key, **missing}),
                ('ResourceNotFoundException', '^Requested resource not found', ddb.put_item, {'Item': key, **missing}),
                ('ResourceNotFoundException', '^Requested resource not found', ddb.scan, missing),
                ('ValidationException', '^The provided key element does not match the schema$',
                 ddb.get_item, {'Key': {'Artist': {'S': 'x'}}, **music}),
                ('ValidationException', '^One or more parameter values were invalid: Missing the key Number in the item$',
                 ddb.put_item, {'Item': {'Artist': {'S': 'x'}}, **music}),
                ('ValidationException', 'Type mismatch for key Number expected: N actual: S',
                 ddb.put_item, {'Item': {'Artist': {'S': 'x'}, 'Number': {'S': '1'}}, **music}),
                ('ValidationException', 'empty string value. Key: Artist',
                 ddb.put_item, {'Item': {'Artist': {'S': ''}, 'Number': {'N': '1'}}, **music}),
                ('ValidationException', 'Invalid UpdateExpression: Syntax error; token: "FOO", near: "FOO bar"',
                 ddb.update_item, {'Key': key, 'UpdateExpression': 'FOO bar', **music}),
                ('ValidationException', 'reserved keyword: Year',
                 ddb.update_item, {'Key': key, 'UpdateExpression': 'REMOVE Year', **music}),
                ('ValidationException', 'not defined; attribute value: :x',
                 ddb.update_item, {'Key': key, 'UpdateExpression': 'SET a = :x', **music}),
                ('ValidationException', 'unused in expressions: keys: {:y}',
                 ddb.update_item, {'Key': key, 'UpdateExpression': 'SET a = :x',
                                   'ExpressionAttributeValues': {':x': {'N': '1'}, ':y': {'N': '2'}}, **music}),
                ('ValidationException', 'Item size has exceeded the maximum allowed size',
                 ddb.put_item, {'Item': {**key, 'Data': {'S': 'x' * 410000}}, **music}),
                ('ValidationException', 'empty', ddb.put_item, {'Item': {**key, 'Set': {'SS': []}}, **music}),
                ('ValidationException', 'duplicates', ddb.put_item, {'Item': {**key, 'Set': {'SS': ['a', 'a']}}, **music}),
                ('ValidationException', 'duplicates', ddb.put_item, {'Item': {**key, 'Set': {'NS': ['1', '1.0']}}, **music})):
            with self.fails(name, message) as failure:
                call(**arguments)
            self.assertEqual(failure.response['ResponseMetadata']['RetryAttempts'], 0)
            if name != 'ValidationException':
                self.assertIsInstance(failure.exception, getattr(ddb.exceptions, name))

    def test_nested_too_deep(self):
        value = {'S': 'x'}
        for _ in range(33):
            value = {'L': [value]}
        with self.fails('ValidationException', 'Nesting Levels have exceeded supported limits'):
            ddb.put_item(TableName=MUSIC, Item=song('deep', 1, Value=value))

    def test_metadata(self):
        answer = ddb.get_item(TableName=MUSIC, Key=song_key('x', 1))['ResponseMetadata']
        self.assertEqual((answer['HTTPStatusCode'], answer['RetryAttempts']), (200, 0))
        self.assertGreaterEqual(len(answer['RequestId']), 36)
        self.assertEqual(answer['HTTPHeaders']['content-type'], 'application/x-amz-json-1.0')

    def test_other_settings_of_the_sdk(self):
        """Retry modes, and credentials with a session token, change nothing."""
        for retries in ('legacy', 'standard', 'adaptive'):
            other = client(retries={'mode': retries})
            other.put_item(TableName=MUSIC, Item=song('settings', 1))
        session = boto3.client('dynamodb', endpoint_url=ddb.meta.endpoint_url, region_name='eu-central-1',
                               aws_access_key_id='other', aws_secret_access_key='other', aws_session_token='t' * 500)
        if not DDB_LOCAL:  # which keeps tables per key
            self.assertIn('Item', session.get_item(TableName=MUSIC, Key=song_key('settings', 1)))


class Concurrency(WithMusic):
    def in_threads(self, count, work):
        errors = []

        def guarded(number):
            try:
                work(client(), number)
            except Exception as error:  # shown below
                errors.append(error)
        threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])

    def test_counter(self):
        def work(mine, _):
            for _ in range(25):
                mine.update_item(TableName=MUSIC, Key=song_key('counter', 1), UpdateExpression='ADD Hits :one',
                                 ExpressionAttributeValues={':one': {'N': '1'}})
        self.in_threads(8, work)
        got = ddb.get_item(TableName=MUSIC, Key=song_key('counter', 1))['Item']
        self.assertEqual(got['Hits']['N'], '200')

    def test_one_winner(self):
        winners = []

        def work(mine, number):
            try:
                mine.put_item(TableName=MUSIC, Item=song('winner', 1, Who={'N': str(number)}),
                              ConditionExpression='attribute_not_exists(Artist)')
                winners.append(str(number))
            except mine.exceptions.ConditionalCheckFailedException:
                pass
        self.in_threads(8, work)
        self.assertEqual(len(winners), 1)
        self.assertEqual(ddb.get_item(TableName=MUSIC, Key=song_key('winner', 1))['Item']['Who']['N'], winners[0])


class Batches(WithMusic):
    other = PREFIX + 'Other'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_table(ddb, cls.other, 'pk B')

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        drop_table(ddb, cls.other)

    def test_write_and_get(self):
        songs = [song('batch', n, Title={'S': f't{n}'}) for n in range(20)]
        written = ddb.batch_write_item(
            RequestItems={MUSIC: [{'PutRequest': {'Item': item}} for item in songs],
                          self.other: [{'PutRequest': {'Item': {'pk': {'B': b'\xff\x00'}}}}]},
            ReturnConsumedCapacity='TOTAL')
        self.assertEqual(written['UnprocessedItems'], {})
        units = {table['TableName']: table['CapacityUnits'] for table in written['ConsumedCapacity']}
        self.assertEqual(units, {MUSIC: 20.0, self.other: 1.0})
        got = ddb.batch_get_item(RequestItems={
            MUSIC: {'Keys': [song_key('batch', n) for n in range(30)], 'ConsistentRead': True,
                    'ProjectionExpression': '#n, Title', 'ExpressionAttributeNames': {'#n': 'Number'}},
            self.other: {'Keys': [{'pk': {'B': b'\xff\x00'}}]}})
        self.assertEqual(got['UnprocessedKeys'], {})
        self.assertEqual(sorted(int(item['Number']['N']) for item in got['Responses'][MUSIC]), list(range(20)))
        self.assertEqual(got['Responses'][self.other], [{'pk': {'B': b'\xff\x00'}}])
        ddb.batch_write_item(RequestItems={MUSIC: [{'DeleteRequest': {'Key': song_key('batch', n)}}
                                                   for n in range(25)]})
        self.assertEqual(ddb.query(TableName=MUSIC, Select='COUNT', KeyConditionExpression='Artist = :a',
                                   ExpressionAttributeValues={':a': {'S': 'batch'}})['Count'], 0)

    def test_unprocessed_keys(self):
        """What exceeds 16 MB comes back to be asked for again."""
        for n in range(50):
            ddb.put_item(TableName=MUSIC, Item=song('large', n, Data={'S': 'x' * 390000}))
        wanted, rounds, found = {MUSIC: {'Keys': [song_key('large', n) for n in range(50)]}}, 0, []
        while wanted:
            got = ddb.batch_get_item(RequestItems=wanted)
            found += [int(item['Number']['N']) for item in got['Responses'][MUSIC]]
            wanted, rounds = got['UnprocessedKeys'], rounds + 1
        self.assertEqual((rounds, sorted(found)), (2, list(range(50))))

    def test_refused(self):
        put = {'PutRequest': {'Item': song('refused', 1)}}
        with self.fails('ValidationException', 'Provided list of item keys contains duplicates'):
            ddb.batch_write_item(RequestItems={MUSIC: [put, {'DeleteRequest': {'Key': song_key('refused', 1)}}]})
        with self.fails('ValidationException', 'Provided list of item keys contains duplicates'):
            ddb.batch_get_item(RequestItems={MUSIC: {'Keys': [song_key('refused', 1)] * 2}})
        with self.fails('ValidationException'):
            ddb.batch_write_item(RequestItems={MUSIC: [
                {'PutRequest': {'Item': song('refused', n)}} for n in range(26)]})
        with self.fails('ValidationException'):
            ddb.batch_get_item(RequestItems={MUSIC: {'Keys': [song_key('refused', n) for n in range(101)]}})
        with self.fails('ResourceNotFoundException'):
            ddb.batch_write_item(RequestItems={PREFIX + 'Missing': [put]})
        self.assertNotIn('Item', ddb.get_item(TableName=MUSIC, Key=song_key('refused', 1)))


class Transactions(WithMusic):
    def test_write_and_get(self):
        ddb.put_item(TableName=MUSIC, Item=song('transact', 1, Plays={'N': '1'}))
        ddb.put_item(TableName=MUSIC, Item=song('transact', 2))
        done = ddb.transact_write_items(ReturnConsumedCapacity='TOTAL', TransactItems=[
            {'ConditionCheck': {'TableName': MUSIC, 'Key': song_key('transact', 4),
                                'ConditionExpression': 'attribute_not_exists(Artist)'}},
            {'Update': {'TableName': MUSIC, 'Key': song_key('transact', 1), 'UpdateExpression': 'ADD Plays :one',
                        'ConditionExpression': 'Plays = :one', 'ExpressionAttributeValues': {':one': {'N': '1'}}}},
            {'Delete': {'TableName': MUSIC, 'Key': song_key('transact', 2)}},
            {'Put': {'TableName': MUSIC, 'Item': song('transact', 3)}}])
        if not DDB_LOCAL:  # which counts them once
            self.assertEqual(done['ConsumedCapacity'][0]['CapacityUnits'], 8.0)
        got = ddb.transact_get_items(TransactItems=[
            {'Get': {'TableName': MUSIC, 'Key': song_key('transact', n)}} for n in (1, 2, 3)])
        self.assertEqual([answer.get('Item') for answer in got['Responses']],
                         [song('transact', 1, Plays={'N': '2'}), None, song('transact', 3)])

    def test_cancelled(self):
        ddb.put_item(TableName=MUSIC, Item=song('cancel', 1, Plays={'N': '1'}))
        with self.fails('TransactionCanceledException', r'\[None, ConditionalCheckFailed\]') as failure:
            ddb.transact_write_items(TransactItems=[
                {'Put': {'TableName': MUSIC, 'Item': song('cancel', 2)}},
                {'Put': {'TableName': MUSIC, 'Item': song('cancel', 1),
                         'ConditionExpression': 'attribute_not_exists(Artist)',
                         'ReturnValuesOnConditionCheckFailure': 'ALL_OLD'}}])
        reasons = failure.response['CancellationReasons']
        self.assertEqual([reason['Code'] for reason in reasons], ['None', 'ConditionalCheckFailed'])
        self.assertEqual(reasons[1]['Message'], 'The conditional request failed')
        self.assertEqual(reasons[1]['Item'], song('cancel', 1, Plays={'N': '1'}))
        self.assertEqual(failure.response['ResponseMetadata']['RetryAttempts'], 0)
        self.assertNotIn('Item', ddb.get_item(TableName=MUSIC, Key=song_key('cancel', 2)))

    def test_token(self):
        token = str(uuid.uuid4())

        def add(plays):
            return ddb.transact_write_items(ClientRequestToken=token, TransactItems=[
                {'Update': {'TableName': MUSIC, 'Key': song_key('token', 1), 'UpdateExpression': 'ADD Plays :n',
                            'ExpressionAttributeValues': {':n': {'N': plays}}}}])
        add('1')
        add('1')
        self.assertEqual(ddb.get_item(TableName=MUSIC, Key=song_key('token', 1))['Item']['Plays'], {'N': '1'})
        with self.fails('IdempotentParameterMismatchException'):
            add('2')

    def test_refused(self):
        with self.fails('ValidationException', 'Transaction request cannot include multiple operations on one item'):
            ddb.transact_write_items(TransactItems=[
                {'Put': {'TableName': MUSIC, 'Item': song('twice', 1)}},
                {'Delete': {'TableName': MUSIC, 'Key': song_key('twice', 1)}}])

    def test_transfers(self):
        """Money moved by eight threads is neither lost nor made."""
        accounts = 5
        for n in range(accounts):
            ddb.put_item(TableName=MUSIC, Item=song('account', n, Balance={'N': '100'}))
        errors = []

        def work(number):
            mine = client()
            for step in range(15):
                source, target = (number + step) % accounts, (number + 2 * step + 1) % accounts
                if source == target:
                    continue
                try:
                    mine.transact_write_items(TransactItems=[
                        {'Update': {'TableName': MUSIC, 'Key': song_key('account', account), 'UpdateExpression': 'ADD Balance :n',
                                    'ConditionExpression': 'Balance >= :least',
                                    'ExpressionAttributeValues': {':n': {'N': amount}, ':least': {'N': least}}}}
                        for account, amount, least in ((source, '-7', '7'), (target, '7', '0'))])
                except mine.exceptions.TransactionCanceledException as cancelled:
                    codes = {reason['Code'] for reason in cancelled.response['CancellationReasons']}
                    if not codes <= {'None', 'ConditionalCheckFailed', 'TransactionConflict'}:
                        errors.append(cancelled)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        items = ddb.query(TableName=MUSIC, KeyConditionExpression='Artist = :a',
                          ExpressionAttributeValues={':a': {'S': 'account'}})['Items']
        self.assertEqual(sum(int(item['Balance']['N']) for item in items), 100 * accounts)


class Service(WithMusic):
    def test_limits(self):
        limits = ddb.describe_limits()
        self.assertGreater(limits['AccountMaxReadCapacityUnits'], 0)
        self.assertGreater(limits['TableMaxWriteCapacityUnits'], 0)

    @not_in_local
    def test_tags(self):
        arn = ddb.describe_table(TableName=MUSIC)['Table']['TableArn']
        tags = [{'Key': f'key{n:02}', 'Value': 'v'} for n in range(12)]
        ddb.tag_resource(ResourceArn=arn, Tags=tags)
        ddb.tag_resource(ResourceArn=arn, Tags=[{'Key': 'key00', 'Value': ''}])
        ddb.untag_resource(ResourceArn=arn, TagKeys=['key01', 'nothing'])
        pages = list(ddb.get_paginator('list_tags_of_resource').paginate(ResourceArn=arn))
        found = {tag['Key']: tag['Value'] for page in pages for tag in page['Tags']}
        self.assertEqual(found, {**{tag['Key']: 'v' for tag in tags if tag['Key'] != 'key01'}, 'key00': ''})

    @not_in_local
    def test_what_is_disabled(self):
        backups = ddb.describe_continuous_backups(TableName=MUSIC)['ContinuousBackupsDescription']
        self.assertEqual(backups['PointInTimeRecoveryDescription']['PointInTimeRecoveryStatus'], 'DISABLED')

    # The calls by which Terraform makes a table and reads it back.
    @not_in_local
    def test_infrastructure_tools(self):
        name = PREFIX + 'Infrastructure'
        ddb.create_table(TableName=name, BillingMode='PAY_PER_REQUEST', **attributes('pk S'), Tags=[{'Key': 'env', 'Value': 'test'}],
                         SSESpecification={'Enabled': False}, StreamSpecification={'StreamEnabled': False}, TableClass='STANDARD')
        ddb.get_waiter('table_exists').wait(TableName=name, WaiterConfig=FAST)
        arn = ddb.describe_table(TableName=name)['Table']['TableArn']
        ddb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={'PointInTimeRecoveryEnabled': False})
        ddb.describe_continuous_backups(TableName=name)
        self.assertEqual(ddb.describe_time_to_live(TableName=name)['TimeToLiveDescription'], {'TimeToLiveStatus': 'DISABLED'})
        self.assertEqual(ddb.list_tags_of_resource(ResourceArn=arn)['Tags'], [{'Key': 'env', 'Value': 'test'}])
        self.assertEqual(ddb.describe_contributor_insights(TableName=name)['ContributorInsightsStatus'], 'DISABLED')
        self.assertEqual(ddb.describe_kinesis_streaming_destination(TableName=name)['KinesisDataStreamDestinations'], [])
        self.assertEqual(ddb.describe_table_replica_auto_scaling(TableName=name)['TableAutoScalingDescription'].get('Replicas'), [])
        self.assertEqual((ddb.list_exports()['ExportSummaries'], ddb.list_global_tables()['GlobalTables']), ([], []))
        with self.fails('PointInTimeRecoveryUnavailableException', 'Point in time recovery is not enabled'):
            ddb.export_table_to_point_in_time(TableArn=arn, S3Bucket='bucket')
        with self.fails('GlobalTableNotFoundException'):
            ddb.describe_global_table(GlobalTableName=name)
        drop_table(ddb, name)


@not_in_local
class TimeToLive(TestCase):
    name = PREFIX + 'Expiring'

    def setUp(self):
        make_table(ddb, self.name, 'pk S')
        self.addCleanup(drop_table, ddb, self.name)

    def status(self):
        while True:
            description = ddb.describe_time_to_live(TableName=self.name)['TimeToLiveDescription']
            if description['TimeToLiveStatus'] not in ('ENABLING', 'DISABLING'):
                return description
            time.sleep(0.1)

    def change(self, enabled, attribute):
        specification = {'Enabled': enabled, 'AttributeName': attribute}
        answer = ddb.update_time_to_live(TableName=self.name, TimeToLiveSpecification=specification)
        self.assertEqual(answer['TimeToLiveSpecification'], specification)

    def refused(self, enabled, attribute, message):
        with self.assertRaises(ddb.exceptions.ClientError) as caught:
            self.change(enabled, attribute)
        self.assertEqual(caught.exception.response['Error'],
                         {'Code': 'ValidationException', 'Message': message})

    def test_on_and_off(self):
        self.assertEqual(self.status(), {'TimeToLiveStatus': 'DISABLED'})
        self.refused(False, 'expires', 'TimeToLive is already disabled')
        self.change(True, 'expires')
        self.assertEqual(self.status(), {'TimeToLiveStatus': 'ENABLED', 'AttributeName': 'expires'})
        self.refused(True, 'expires', 'TimeToLive is already enabled')
        self.refused(False, 'other', 'TimeToLive is active on a different AttributeName: '
                                     'current AttributeName is expires')
        self.change(False, 'expires')
        self.assertEqual(self.status(), {'TimeToLiveStatus': 'DISABLED'})

    def test_expiry(self):
        now = int(time.time())
        times = {'past': {'N': str(now - 5)}, 'decimal': {'N': f'{now - 5}.5'}, 'future': {'N': str(now + 3600)},
                 'string': {'S': str(now - 5)}, 'ancient': {'N': '1'}}
        put_all(ddb, self.name, [{'pk': {'S': pk}, 'expires': value} for pk, value in times.items()])
        self.change(True, 'expires')
        end = time.time() + 60
        while time.time() < end:
            left = {item['pk']['S'] for item in ddb.scan(TableName=self.name)['Items']}
            if not left & {'past', 'decimal'}:
                break
            time.sleep(0.2)
        self.assertEqual(left, {'future', 'string', 'ancient'})


@not_in_local
class Backups(TestCase):
    name = PREFIX + 'Saved'
    copy = PREFIX + 'Restored'

    def tearDown(self):
        for name in (self.name, self.copy):
            drop_table(ddb, name)

    def test_backup_and_restore(self):
        make_table(ddb, self.name, 'pk S', 'sk N')
        items = [{'pk': {'S': 'p'}, 'sk': {'N': str(n)}, 'Data': {'B': bytes([n])}} for n in range(30)]
        put_all(ddb, self.name, items)
        details = ddb.create_backup(TableName=self.name, BackupName='before')['BackupDetails']
        arn = details['BackupArn']
        self.assertRegex(arn, ':table/' + self.name + '/backup/')
        self.assertIn(details['BackupStatus'], ('CREATING', 'AVAILABLE'))
        self.wait_for_backup(arn)
        put_all(ddb, self.name, [{'pk': {'S': 'later'}, 'sk': {'N': '1'}}])
        listed = ddb.list_backups(TableName=self.name)['BackupSummaries']
        self.assertEqual([(backup['BackupName'], backup['BackupArn'], backup['BackupType']) for backup in listed],
                         [('before', arn, 'USER')])
        described = ddb.describe_backup(BackupArn=arn)['BackupDescription']
        self.assertEqual(described['SourceTableDetails']['TableName'], self.name)
        with self.fails('TableAlreadyExistsException'):
            ddb.restore_table_from_backup(TargetTableName=self.name, BackupArn=arn)
        restored = ddb.restore_table_from_backup(TargetTableName=self.copy, BackupArn=arn)['TableDescription']
        self.assertEqual((restored['TableName'], restored['RestoreSummary']['SourceBackupArn']), (self.copy, arn))
        ddb.get_waiter('table_exists').wait(TableName=self.copy, WaiterConfig=FAST)
        got = ddb.query(TableName=self.copy, KeyConditionExpression='pk = :p',
                        ExpressionAttributeValues={':p': {'S': 'p'}})['Items']
        self.assertEqual(got, items)
        self.assertEqual(ddb.scan(TableName=self.copy, Select='COUNT')['Count'], 30)
        ddb.delete_backup(BackupArn=arn)
        with self.fails('BackupNotFoundException'):
            ddb.describe_backup(BackupArn=arn)

    def test_paginator(self):
        make_table(ddb, self.name, 'pk S')
        arns = [ddb.create_backup(TableName=self.name, BackupName=f'backup{n}')['BackupDetails']['BackupArn']
                for n in range(3)]
        for arn in arns:
            self.wait_for_backup(arn)
        pages = list(ddb.get_paginator('list_backups').paginate(
            TableName=self.name, PaginationConfig={'PageSize': 2}))
        self.assertEqual(sorted(backup['BackupArn'] for page in pages for backup in page['BackupSummaries']),
                         sorted(arns))
        for arn in arns:
            ddb.delete_backup(BackupArn=arn)

    def test_missing(self):
        with self.fails('TableNotFoundException'):
            ddb.create_backup(TableName=PREFIX + 'Missing', BackupName='none')

    def wait_for_backup(self, arn):
        for _ in range(200):
            details = ddb.describe_backup(BackupArn=arn)['BackupDescription']['BackupDetails']
            if details['BackupStatus'] == 'AVAILABLE':
                return
            time.sleep(0.05)
        self.fail('the backup does not become AVAILABLE')


if __name__ == '__main__':
    unittest.main()
