// AWS SDK for JavaScript v3, @aws-sdk/client-dynamodb-streams: all shards, then live.
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setTimeout } = require('node:timers/promises');
const { DeleteItemCommand, PutItemCommand, UpdateTableCommand } = require('@aws-sdk/client-dynamodb');
const {
  DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand,
} = require('@aws-sdk/client-dynamodb-streams');
const { dropTable, fails, makeClient, makeTable } = require('../lib/support.js');

const TableName = 'JavaScriptStreams';
const client = makeClient();
const streams = new DynamoDBStreamsClient({ endpoint: process.env.ENDPOINT });
const key = (n) => ({ pk: { S: `p${n}` } });
const put = (n, v) => client.send(new PutItemCommand({ TableName, Item: { ...key(n), v: { N: String(v) } } }));
let StreamArn;

const describe = async () => (await streams.send(new DescribeStreamCommand({ StreamArn }))).StreamDescription;

before(async () => {
  await makeTable(client, TableName, 'pk S');
  const { TableDescription } = await client.send(new UpdateTableCommand({
    TableName, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  }));
  StreamArn = TableDescription.LatestStreamArn;
  for (let n = 0; (await describe()).StreamStatus !== 'ENABLED'; n++) {
    assert.ok(n < 600, 'the stream is enabled');
    await setTimeout(100);
  }
});
after(() => dropTable(client, TableName));

// Iterators of all shards; next() reads one page of each.
async function follow(ShardIteratorType) {
  const iterators = [];
  for (const { ShardId } of (await describe()).Shards) {
    iterators.push((await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType }))).ShardIterator);
  }
  return async function next() {
    const records = [];
    for (const [i, ShardIterator] of iterators.entries()) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
      iterators[i] = page.NextShardIterator;
      records.push(...page.Records);
    }
    return records;
  };
}

async function until(next, count) {
  const records = [];
  for (let n = 0; records.length < count; n++) {
    assert.ok(n < 600, `${records.length} records of ${count}`);
    records.push(...await next());
    if (records.length < count) await setTimeout(100);
  }
  return records;
}

test('the stream is listed', async () => {
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
  assert.deepEqual(Streams.map((stream) => stream.StreamArn), [StreamArn]);
  assert.ok((await describe()).CreationRequestDateTime instanceof Date);
});

test('all shards to their end, then live', async () => {
  for (let n = 0; n < 20; n++) await put(n, n);
  const next = await follow('TRIM_HORIZON');
  const first = await until(next, 20);
  assert.deepEqual(new Set(first.map((r) => r.dynamodb.NewImage.v.N)), new Set([...Array(20).keys()].map(String)));
  assert.ok(first.every((r) => r.eventName === 'INSERT' && r.dynamodb.ApproximateCreationDateTime instanceof Date));

  const latest = await follow('LATEST');
  await put(3, 100);
  await client.send(new DeleteItemCommand({ TableName, Key: key(3) }));
  for (const read of [next, latest]) {
    const [modified, removed] = await until(read, 2);
    assert.deepEqual([modified.eventName, removed.eventName], ['MODIFY', 'REMOVE']);
    assert.deepEqual(modified.dynamodb.OldImage, { ...key(3), v: { N: '3' } });
    assert.deepEqual(removed.dynamodb.OldImage, modified.dynamodb.NewImage);
    assert.ok(BigInt(removed.dynamodb.SequenceNumber) > BigInt(modified.dynamodb.SequenceNumber));
  }
});

test('errors', async () => {
  await fails(streams, new DescribeStreamCommand({ StreamArn: `${StreamArn}0` }), 'ResourceNotFoundException', /Stream: .* not found/);
  await fails(streams, new GetRecordsCommand({ ShardIterator: 'x' }), 'ValidationException', /Invalid ShardIterator/);
});
