"""boto3's client of streams: all shards to their end, then live; records as the model has them."""

import datetime
import pathlib
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

import boto3
import botocore.session

from support import (ENDPOINT, TestCase, attributes, client, drop_table, make_table, not_in_local,
                     raw)

NAME = 'Boto3Streams'
ddb = client()
streams = boto3.client('dynamodbstreams', endpoint_url=ENDPOINT)


def enable(view='NEW_AND_OLD_IMAGES', name=NAME):
    """Enables the stream of a table and waits for it; its ARN."""
    arn = ddb.update_table(TableName=name, StreamSpecification={
        'StreamEnabled': True, 'StreamViewType': view})['TableDescription']['LatestStreamArn']
    wait_for(arn, 'ENABLED')
    return arn


def disable(arn, name=NAME):
    ddb.update_table(TableName=name, StreamSpecification={'StreamEnabled': False})
    wait_for(arn, 'DISABLED')


def wait_for(arn, status):
    for _ in range(600):
        if streams.describe_stream(StreamArn=arn)['StreamDescription']['StreamStatus'] == status:
            return
        time.sleep(0.1)
    raise AssertionError(f'the stream does not become {status}')


def shards(arn):
    """All shards, page by page."""
    found, start = [], {}
    while True:
        page = streams.describe_stream(StreamArn=arn, Limit=3, **start)['StreamDescription']
        found += page['Shards']
        if 'LastEvaluatedShardId' not in page:
            return found
        start = {'ExclusiveStartShardId': page['LastEvaluatedShardId']}


class Follower:
    """Reads all shards of a stream, from their beginning or their end on."""

    def __init__(self, arn, iterator_type='TRIM_HORIZON'):
        self.records = []
        self.iterators = {shard['ShardId']: streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard['ShardId'], ShardIteratorType=iterator_type)['ShardIterator']
            for shard in shards(arn)}

    def read(self, limit=1000):
        """One page of each shard; whether there was anything."""
        found = False
        for shard, iterator in list(self.iterators.items()):
            page = streams.get_records(ShardIterator=iterator, Limit=limit)
            self.records += page['Records']
            found = found or bool(page['Records'])
            if 'NextShardIterator' in page:
                self.iterators[shard] = page['NextShardIterator']
            else:
                del self.iterators[shard]
        return found

    def read_until(self, n):
        for _ in range(600):
            self.read()
            if len(self.records) >= n:
                return self.records
            time.sleep(0.1)
        raise AssertionError(f'{len(self.records)} records of {n}')


def replay(records):
    """What records, in the order of their numbers, make of an empty map; checks that each follows."""
    items = {}
    for record in sorted(records, key=lambda r: r['dynamodb']['SequenceNumber']):
        data = record['dynamodb']
        key = str(sorted(data['Keys'].items()))
        assert items.get(key) == data.get('OldImage'), record
        assert (record['eventName'] == 'INSERT') == (key not in items), record
        if record['eventName'] == 'REMOVE':
            del items[key]
        else:
            items[key] = data['NewImage']
    return items


class Streams(TestCase):
    def setUp(self):
        make_table(ddb, NAME, 'pk S', 'sk N')

    def tearDown(self):
        drop_table(ddb, NAME)

    def put(self, pk, sk, **more):
        ddb.put_item(TableName=NAME, Item={'pk': {'S': pk}, 'sk': {'N': str(sk)}, **more})

    def test_life(self):
        arn = enable('KEYS_ONLY')
        table = ddb.describe_table(TableName=NAME)['Table']
        self.assertEqual(table['StreamSpecification'], {'StreamEnabled': True, 'StreamViewType': 'KEYS_ONLY'})
        self.assertEqual(table['LatestStreamArn'], arn)
        self.assertTrue(arn.endswith(f'table/{NAME}/stream/{table["LatestStreamLabel"]}'))
        self.assertIn({'StreamArn': arn, 'TableName': NAME, 'StreamLabel': table['LatestStreamLabel']},
                      streams.list_streams(TableName=NAME)['Streams'])
        stream = streams.describe_stream(StreamArn=arn)['StreamDescription']
        self.assertEqual(stream['KeySchema'], attributes('pk S', 'sk N')['KeySchema'])
        self.assertEqual(stream['StreamViewType'], 'KEYS_ONLY')
        age = datetime.datetime.now(datetime.timezone.utc) - stream['CreationRequestDateTime']
        self.assertLess(abs(age.total_seconds()), 60)
        with self.fails('ValidationException', 'Table already has an enabled stream'):
            ddb.update_table(TableName=NAME, StreamSpecification={'StreamEnabled': True,
                                                                  'StreamViewType': 'NEW_IMAGE'})
        self.put('a', 1)
        Follower(arn).read_until(1)
        disable(arn)
        self.assertNotIn('StreamSpecification', ddb.describe_table(TableName=NAME)['Table'])
        follower = Follower(arn)
        while follower.read():
            pass
        self.assertEqual(len(follower.records), 1)
        self.assertEqual(follower.iterators, {}, 'all shards have ended')
        for shard in shards(arn):
            self.assertLess(int(shard['SequenceNumberRange']['StartingSequenceNumber']),
                            int(shard['SequenceNumberRange']['EndingSequenceNumber']))
        self.assertNotEqual(enable('NEW_IMAGE'), arn)

    def test_made_with_the_table(self):
        drop_table(ddb, NAME)
        made = ddb.create_table(TableName=NAME, BillingMode='PAY_PER_REQUEST', **attributes('pk S', 'sk N'),
                                StreamSpecification={'StreamEnabled': True, 'StreamViewType': 'NEW_IMAGE'})
        arn = made['TableDescription']['LatestStreamArn']
        wait_for(arn, 'ENABLED')
        self.put('a', 1, v={'S': 'x'})
        record = Follower(arn).read_until(1)[0]
        self.assertEqual(record['dynamodb']['NewImage'], {'pk': {'S': 'a'}, 'sk': {'N': '1'}, 'v': {'S': 'x'}})

    def test_records(self):
        arn = enable()
        self.put('a', 1, bin={'B': b'\x00\x01'}, list={'L': [{'NULL': True}, {'M': {'x': {'BOOL': True}}}]})
        ddb.update_item(TableName=NAME, Key={'pk': {'S': 'a'}, 'sk': {'N': '1'}}, UpdateExpression='REMOVE #b',
                        ExpressionAttributeNames={'#b': 'list'})
        ddb.delete_item(TableName=NAME, Key={'pk': {'S': 'a'}, 'sk': {'N': '1'}})
        records = Follower(arn).read_until(3)
        self.assertEqual([r['eventName'] for r in records], ['INSERT', 'MODIFY', 'REMOVE'])
        for record in records:
            self.assertEqual(record['eventVersion'], '1.1')
            self.assertEqual(record['eventSource'], 'aws:dynamodb')
            self.assertEqual(record['dynamodb']['StreamViewType'], 'NEW_AND_OLD_IMAGES')
            self.assertNotIn('userIdentity', record)
        self.assertEqual(records[0]['dynamodb']['NewImage']['bin'], {'B': b'\x00\x01'})
        self.assertEqual(records[1]['dynamodb']['OldImage'], records[0]['dynamodb']['NewImage'])
        self.assertEqual(records[2]['dynamodb']['OldImage'], records[1]['dynamodb']['NewImage'])
        self.assertEqual(len({r['eventID'] for r in records}), 3)

    def test_every_shard_and_live(self):
        arn = enable()
        for n in range(60):
            self.put(f'p{n % 20}', n % 3, n={'N': str(n)})
        follower = Follower(arn)
        follower.read_until(60)
        self.assertGreater(len(follower.iterators), 1)
        live = Follower(arn, 'LATEST')

        def write():
            writer = client()
            for n in range(100):
                key = {'pk': {'S': f'p{n % 20}'}, 'sk': {'N': str(n % 3)}}
                if n % 7 == 0:
                    writer.delete_item(TableName=NAME, Key=key)
                else:
                    writer.put_item(TableName=NAME, Item={**key, 'live': {'N': str(n)}})

        thread = threading.Thread(target=write)
        thread.start()
        while thread.is_alive():
            follower.read(limit=7)
        thread.join()
        items = {str(sorted({'pk': i['pk'], 'sk': i['sk']}.items())): i
                 for page in ddb.get_paginator('scan').paginate(TableName=NAME) for i in page['Items']}
        for _ in range(600):
            follower.read()
            if replay(follower.records) == items:
                break
            time.sleep(0.1)
        self.assertEqual(replay(follower.records), items)
        numbers = [r['dynamodb']['SequenceNumber'] for r in follower.records]
        self.assertEqual(len(set(numbers)), len(numbers))
        live.read_until(len(numbers) - 60)
        self.assertEqual({r['dynamodb']['SequenceNumber'] for r in live.records}, set(numbers[60:]))

    def test_large_items_come_in_pages(self):
        arn = enable()
        for n in range(4):
            self.put('large', n, text={'S': 'x' * 390_000})
        follower = Follower(arn)
        self.assertEqual(len(follower.read_until(4)), 4)
        iterator = Follower(arn).iterators
        sizes = [len(streams.get_records(ShardIterator=i)['Records']) for i in iterator.values()]
        self.assertEqual(max(sizes), 2, 'a page has 1 MB at most')

    @not_in_local
    def test_forms(self):
        """The JSON of every reply has the members and types of the service model, and no others."""
        model = botocore.session.get_session().get_service_model('dynamodbstreams')
        arn = enable()
        self.put('a', 1, set={'NS': ['1', '2']}, b={'B': b'x'})
        ddb.delete_item(TableName=NAME, Key={'pk': {'S': 'a'}, 'sk': {'N': '1'}})
        Follower(arn).read_until(2)

        def call(operation, request):
            reply = raw(operation, request, X_Amz_Target=f'DynamoDBStreams_20120810.{operation}')
            self.assertEqual(reply.status, 200, reply.text)
            check(model.operation_model(operation).output_shape, reply.body, operation)
            return reply.body

        def check(shape, value, where):
            if shape.type_name == 'structure':
                self.assertLessEqual(set(value), set(shape.members), where)
                for name in value:
                    check(shape.members[name], value[name], f'{where}.{name}')
            elif shape.type_name == 'list':
                for element in value:
                    check(shape.member, element, where)
            elif shape.type_name == 'map':
                for key in value:
                    check(shape.value, value[key], f'{where}[{key}]')
            else:
                kind = {'string': str, 'blob': str, 'boolean': bool, 'timestamp': (int, float)}.get(
                    shape.type_name, int)
                self.assertIsInstance(value, kind, where)
                if getattr(shape, 'enum', None):
                    self.assertIn(value, shape.enum, where)
                for bound, holds in (('min', int.__ge__), ('max', int.__le__)):
                    if bound in shape.metadata:
                        size = value if isinstance(value, int) else len(value)
                        self.assertTrue(holds(size, shape.metadata[bound]), where)

        call('ListStreams', {'TableName': NAME})
        records = 0
        for shard in call('DescribeStream', {'StreamArn': arn})['StreamDescription']['Shards']:
            iterator = call('GetShardIterator', {'StreamArn': arn, 'ShardId': shard['ShardId'],
                                                 'ShardIteratorType': 'TRIM_HORIZON'})['ShardIterator']
            records += len(call('GetRecords', {'ShardIterator': iterator})['Records'])
        self.assertEqual(records, 2)

    @not_in_local
    def test_metrics(self):
        enable()
        with urllib.request.urlopen(ENDPOINT + '/metrics', timeout=60) as reply:
            metrics = dict(line.rsplit(' ', 1) for line in reply.read().decode().splitlines() if line[0] != '#')
        self.assertEqual(metrics['dynamo_stream_worker'], '1')
        self.assertGreaterEqual(int(metrics['dynamo_stream_records_total']), 0)
        self.assertGreaterEqual(int(metrics['dynamo_stream_lag_bytes']), 0)

    @not_in_local
    def test_documentation(self):
        """The consumer that docs/streams.md shows runs as shown."""
        root = pathlib.Path(__file__).resolve().parents[3]
        program = re.search(r'```python\n(.*?)```', (root / 'docs/streams.md').read_text(), re.DOTALL)[1]
        enable()
        self.put('before', 1)
        with subprocess.Popen([sys.executable, '-W', 'ignore', '-c', program, ENDPOINT, NAME],
                              stdout=subprocess.PIPE, text=True) as consumer:
            try:
                self.assertEqual(consumer.stdout.readline(),
                                 "INSERT {'pk': {'S': 'before'}, 'sk': {'N': '1'}}\n")
                ddb.delete_item(TableName=NAME, Key={'pk': {'S': 'before'}, 'sk': {'N': '1'}})
                self.assertEqual(consumer.stdout.readline(),
                                 "REMOVE {'pk': {'S': 'before'}, 'sk': {'N': '1'}}\n")
            finally:
                consumer.kill()

    def test_errors(self):
        arn = enable()
        with self.fails('ResourceNotFoundException', 'Requested resource not found: Stream: '):
            streams.describe_stream(StreamArn=arn + '0')
        with self.fails('ValidationException'):
            streams.get_records(ShardIterator='nonsense')
        with self.fails('ValidationException'):
            ddb.update_table(TableName=NAME, StreamSpecification={'StreamEnabled': True})


if __name__ == '__main__':
    unittest.main()
