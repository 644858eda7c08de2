"""Requests by no SDK: parameters that Debian's boto3 does not know, and the
forms of replies on which SDKs rely."""

import gzip
import http.client
import unittest
import urllib.parse
import zlib

from support import (DDB_LOCAL, ENDPOINT, TestCase, attributes, client, drop_table, make_table, not_in_local, raw)

PREFIX = 'Wire'
DYNAMODB = 'com.amazonaws.dynamodb.v20120810#'
VALIDATE = 'com.amazon.coral.validate#'
SERVICE = 'com.amazon.coral.service#'
ddb = client()


class Tables(TestCase):
    name = PREFIX + 'Tables'

    def tearDown(self):
        raw('UpdateTable', {'TableName': self.name, 'DeletionProtectionEnabled': False})
        drop_table(ddb, self.name)

    def create(self, **more):
        reply = raw('CreateTable', {'TableName': self.name, 'BillingMode': 'PAY_PER_REQUEST',
                                    **attributes('pk S'), **more})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.body['TableDescription']

    def describe(self):
        return raw('DescribeTable', {'TableName': self.name}).body['Table']

    def test_deletion_protection(self):
        self.assertIs(self.create(DeletionProtectionEnabled=True)['DeletionProtectionEnabled'], True)
        ddb.get_waiter('table_exists').wait(TableName=self.name, WaiterConfig={'Delay': 1})
        refused = raw('DeleteTable', {'TableName': self.name})
        self.assertEqual((refused.status, refused.error), (400, 'ValidationException'))
        self.assertIn('currently protected against deletion', refused.message)
        self.assertEqual(raw('UpdateTable', {'TableName': self.name, 'DeletionProtectionEnabled': False}).status, 200)
        self.assertIs(self.describe()['DeletionProtectionEnabled'], False)
        self.assertEqual(raw('DeleteTable', {'TableName': self.name}).status, 200)

    @not_in_local
    def test_table_class(self):
        self.create(TableClass='STANDARD_INFREQUENT_ACCESS')
        self.assertEqual(self.describe()['TableClassSummary']['TableClass'], 'STANDARD_INFREQUENT_ACCESS')
        raw('UpdateTable', {'TableName': self.name, 'TableClass': 'STANDARD'})
        self.assertEqual(self.describe().get('TableClassSummary', {}).get('TableClass', 'STANDARD'), 'STANDARD')

    @not_in_local
    def test_on_demand_throughput(self):
        limits = {'MaxReadRequestUnits': 100, 'MaxWriteRequestUnits': 50}
        self.create(OnDemandThroughput=limits)
        self.assertEqual(self.describe()['OnDemandThroughput'], limits)
        raw('UpdateTable', {'TableName': self.name, 'OnDemandThroughput': {'MaxReadRequestUnits': -1}})
        self.assertNotEqual(self.describe()['OnDemandThroughput'].get('MaxReadRequestUnits'), 100)

    @not_in_local
    def test_tags(self):
        self.create(Tags=[{'Key': 'stage', 'Value': 'test'}])
        tags = raw('ListTagsOfResource', {'ResourceArn': self.describe()['TableArn']})
        self.assertEqual(tags.body['Tags'], [{'Key': 'stage', 'Value': 'test'}])


class Items(TestCase):
    name = PREFIX + 'Items'

    @classmethod
    def setUpClass(cls):
        make_table(ddb, cls.name, 'pk S')

    @classmethod
    def tearDownClass(cls):
        drop_table(ddb, cls.name)

    def call(self, operation, **request):
        return raw(operation, {'TableName': self.name, **request})

    def test_old_item_of_a_failed_condition(self):
        item = {'pk': {'S': 'condition'}, 'n': {'N': '1'}, 'b': {'B': '/wA='}}
        self.assertEqual(self.call('PutItem', Item=item).body, {})
        for operation, request in (('PutItem', {'Item': item}),
                                   ('UpdateItem', {'Key': {'pk': item['pk']}, 'UpdateExpression': 'REMOVE n'}),
                                   ('DeleteItem', {'Key': {'pk': item['pk']}})):
            for wanted, expected in (('ALL_OLD', item), ('NONE', None)):
                refused = self.call(operation, ConditionExpression='attribute_not_exists(pk)',
                                    ReturnValuesOnConditionCheckFailure=wanted, **request)
                self.assertEqual((refused.status, refused.error), (400, 'ConditionalCheckFailedException'))
                self.assertEqual(refused.body.get('Item'), expected)

    def test_numbers_as_written(self):
        for text, expected in (
                ('1E-130', '0.' + '0' * 129 + '1'), ('1.0E2', '100'), ('-0', '0'), ('1e37', '1' + '0' * 37),
                ('9.9999999999999999999999999999999999999E+125', '9' * 38 + '0' * 88), ('0.10', '0.1')):
            self.call('PutItem', Item={'pk': {'S': 'n'}, 'n': {'N': text}})
            self.assertEqual(self.call('GetItem', Key={'pk': {'S': 'n'}}).body['Item']['n'], {'N': expected})

    def test_empty_values(self):
        item = {'pk': {'S': 'empty'}, 's': {'S': ''}, 'b': {'B': ''}, 'l': {'L': []}, 'm': {'M': {}},
                'ss': {'SS': ['']}, 'bs': {'BS': ['']}}
        self.assertEqual(self.call('PutItem', Item=item).status, 200)
        self.assertEqual(self.call('GetItem', Key={'pk': item['pk']}).body, {'Item': item})
        for value in ({'SS': []}, {'NS': []}, {'BS': []}, {'N': ''}, {}, {'S': 'a', 'N': '1'}, {'NULL': False}):
            self.assertEqual(self.call('PutItem', Item={'pk': {'S': 'empty'}, 'x': value}).error,
                             'ValidationException', value)

    @not_in_local
    def test_wrong_types(self):
        for value in ({'N': 1}, {'S': 1}, {'BOOL': 'true'}, {'L': {}}, {'M': []}, {'SS': 'a'}, {'B': '***'}, 'x', 1, []):
            reply = self.call('PutItem', Item={'pk': {'S': 'type'}, 'x': value})
            self.assertEqual((reply.status, reply.error), (400, 'SerializationException'), value)

    def test_escapes(self):
        text = '"\\\b\f\n\r\t\x01\x1f\x7f\u2028é\U0001f600/'
        self.call('PutItem', Item={'pk': {'S': 'escapes'}, text: {'S': text}, 'zero': {'S': 'a\0b'}})
        item = self.call('GetItem', Key={'pk': {'S': 'escapes'}}).body['Item']
        self.assertEqual((item[text], item['zero']), ({'S': text}, {'S': 'a\0b'}))
        reply = raw('GetItem', b'{"TableName":"%s","Key":{"pk":{"S":"\\u0065sc\\u0061pes"}}}' % self.name.encode())
        self.assertEqual(reply.body['Item'], item)

    def test_large_item(self):
        item = {'pk': {'S': 'large'}, 'data': {'S': 'é' * 150000}, 'more': {'L': [{'N': str(n)} for n in range(20000)]}}
        self.assertEqual(self.call('PutItem', Item=item).status, 200)
        self.assertEqual(self.call('GetItem', Key={'pk': item['pk']}).body['Item'], item)


class Errors(TestCase):
    def test_types(self):
        """SDKs choose the class by what follows the #."""
        missing = {'TableName': PREFIX + 'Missing'}
        make_table(ddb, PREFIX + 'Errors', 'pk S')
        there = {'TableName': PREFIX + 'Errors', 'Key': {'pk': {'S': 'x'}}}
        for operation, request, kind in (
                ('GetItem', {**missing, 'Key': {'pk': {'S': 'x'}}}, DYNAMODB + 'ResourceNotFoundException'),
                ('DescribeTable', missing, DYNAMODB + 'ResourceNotFoundException'),
                ('CreateTable', {'TableName': PREFIX + 'Errors', 'BillingMode': 'PAY_PER_REQUEST', **attributes('pk S')},
                 DYNAMODB + 'ResourceInUseException'),
                ('DeleteItem', {**there, 'ConditionExpression': 'attribute_exists(pk)'},
                 DYNAMODB + 'ConditionalCheckFailedException'),
                ('GetItem', {**there, 'ProjectionExpression': ''}, VALIDATE + 'ValidationException'),
                ('GetItem', {'TableName': 'x'}, VALIDATE + 'ValidationException')):
            reply = raw(operation, request)
            self.assertEqual((reply.status, reply.body['__type']), (400, kind))
            self.assertTrue(reply.message)
        drop_table(ddb, PREFIX + 'Errors')

    @not_in_local
    def test_not_json(self):
        for body in (b'', b'{', b'[]', b'null', b'{"TableName":"x",}', b"{'a':1}", b'\xff', b'{"a":"\xc3"}'):
            reply = raw('GetItem', body)
            self.assertEqual((reply.status, reply.body['__type']), (400, SERVICE + 'SerializationException'), body)

    def test_unknown_operation(self):
        reply = raw('Nothing', {})
        self.assertEqual((reply.status, reply.error), (400, 'UnknownOperationException'))

    @not_in_local
    def test_unknown_parameter(self):
        reply = raw('GetItem', {'TableName': 'abc', 'Key': {'pk': {'S': 'x'}}, 'Nothing': 1})
        self.assertEqual(reply.error, 'ValidationException')
        self.assertIn('Nothing', reply.message)


class Framing(TestCase):
    def setUp(self):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(ENDPOINT).netloc, timeout=30)

    def tearDown(self):
        self.connection.close()

    @not_in_local
    def test_headers(self):
        for request in ({}, {'Limit': 0}):
            reply = raw('ListTables', request, self.connection)
            self.assertEqual(int(reply.headers['x-amz-crc32']), zlib.crc32(reply.text))
            self.assertEqual(reply.headers['content-type'], 'application/x-amz-json-1.0')
            self.assertGreater(len(reply.headers['x-amzn-requestid']), 30)

    def test_keep_alive(self):
        raw('ListTables', {}, self.connection)
        socket = self.connection.sock
        for request in (b'{}', b'{"Limit": 0}'):
            raw('ListTables', request, self.connection)
            self.assertIs(self.connection.sock, socket)

    @not_in_local
    def test_compression(self):
        """A request may come in gzip (newer SDKs do that); a reply is never compressed."""
        reply = raw('ListTables', gzip.compress(b'{"Limit": 5}'), self.connection, Content_Encoding='gzip',
                    Accept_Encoding='gzip, deflate')
        self.assertEqual(reply.status, 200)
        self.assertNotIn('content-encoding', reply.headers)

    @not_in_local
    def test_health(self):
        self.connection.request('GET', '/')
        reply = self.connection.getresponse()
        self.assertEqual((reply.status, reply.read()[:8]), (200, b'healthy:'))


class Transactions(TestCase):
    def test_reasons(self):
        name = PREFIX + 'Transactions'
        make_table(ddb, name, 'pk S')
        raw('PutItem', {'TableName': name, 'Item': {'pk': {'S': 'a'}, 'n': {'N': '1'}}})
        refused = raw('TransactWriteItems', {'TransactItems': [
            {'Put': {'TableName': name, 'Item': {'pk': {'S': 'b'}}}},
            {'ConditionCheck': {'TableName': name, 'Key': {'pk': {'S': 'a'}}, 'ConditionExpression': 'n > :n',
                                'ExpressionAttributeValues': {':n': {'N': '1'}},
                                'ReturnValuesOnConditionCheckFailure': 'ALL_OLD'}}]})
        self.assertEqual((refused.status, refused.body['__type']), (400, DYNAMODB + 'TransactionCanceledException'))
        self.assertEqual(refused.body['CancellationReasons'], [
            {'Code': 'None'}, {'Code': 'ConditionalCheckFailed', 'Item': {'pk': {'S': 'a'}, 'n': {'N': '1'}},
                               'Message': 'The conditional request failed' + ('.' if DDB_LOCAL else '')}])
        drop_table(ddb, name)


if __name__ == '__main__':
    unittest.main()
