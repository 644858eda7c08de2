// AWS SDK for JavaScript v3: secondary indexes, with plain values.
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const sdk = require('@aws-sdk/client-dynamodb');
const {
  DynamoDBDocumentClient, PutCommand, QueryCommand, paginateQuery, paginateScan,
} = require('@aws-sdk/lib-dynamodb');
const {
  dropTable, fails, local, makeClient, waiting,
} = require('../lib/support.js');

const TableName = 'JavaScriptIndexes';
const client = makeClient();
const documents = DynamoDBDocumentClient.from(client);
const element = (AttributeName, KeyType) => ({ AttributeName, KeyType });
const definition = (AttributeName, AttributeType) => ({ AttributeName, AttributeType });
const open = { KeyConditionExpression: '#s = :s', ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': 'OPEN' } };

before(async () => {
  await dropTable(client, TableName);
  await client.send(new sdk.CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [definition('pk', 'S'), definition('sk', 'S'), definition('status', 'S'), definition('due', 'N')],
    KeySchema: [element('pk', 'HASH'), element('sk', 'RANGE')],
    LocalSecondaryIndexes: [{
      IndexName: 'by_due', KeySchema: [element('pk', 'HASH'), element('due', 'RANGE')], Projection: { ProjectionType: 'KEYS_ONLY' },
    }],
    GlobalSecondaryIndexes: [{
      IndexName: 'by_status', KeySchema: [element('status', 'HASH'), element('due', 'RANGE')], Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
    }],
  }));
  await sdk.waitUntilTableExists(waiting(client), { TableName });
  for (let i = 0; i < 30; i += 1) {
    const item = { pk: `p${i % 3}`, sk: `task${String(i).padStart(2, '0')}`, title: `title ${i}`, note: 'long' };
    if (i % 4) item.status = i % 2 ? 'OPEN' : 'DONE';
    if (i % 5) item.due = i % 2;
    await documents.send(new PutCommand({ TableName, Item: item }));
  }
});
after(() => dropTable(client, TableName));

const pagesOf = async (paginate, pageSize, request) => {
  const found = [];
  for await (const page of paginate({ client: documents, pageSize }, { TableName, ...request })) found.push(...page.Items);
  return found;
};

test('pages over ties', { skip: local }, async () => {
  const whole = (await documents.send(new QueryCommand({ TableName, IndexName: 'by_status', ...open }))).Items;
  assert.equal(whole.length, 12);
  assert.deepEqual(Object.keys(whole[0]).sort(), ['due', 'pk', 'sk', 'status', 'title']);
  for (const size of [1, 2, 5]) {
    assert.deepEqual(await pagesOf(paginateQuery, size, { IndexName: 'by_status', ...open }), whole);
    assert.deepEqual(await pagesOf(paginateQuery, size, { IndexName: 'by_status', ...open, ScanIndexForward: false }), [...whole].reverse());
  }
  const scanned = await pagesOf(paginateScan, 4, { IndexName: 'by_due' });
  assert.equal(scanned.length, 24);
  assert.equal(new Set(scanned.map((item) => item.sk)).size, 24);
});

test('projections', async () => {
  const request = { TableName, IndexName: 'by_due', KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'p1' }, Limit: 1 };
  const keys = await documents.send(new QueryCommand(request));
  assert.deepEqual(Object.keys(keys.Items[0]).sort(), ['due', 'pk', 'sk']);
  assert.deepEqual(Object.keys(keys.LastEvaluatedKey).sort(), ['due', 'pk', 'sk']);
  const fetched = await documents.send(new QueryCommand({ ...request, Select: 'ALL_ATTRIBUTES', ReturnConsumedCapacity: 'INDEXES' }));
  assert.equal(fetched.Items[0].note, 'long');
  assert.equal(fetched.ConsumedCapacity.Table.CapacityUnits, 0.5);
  assert.equal(fetched.ConsumedCapacity.LocalSecondaryIndexes.by_due.CapacityUnits, 0.5);
});

test('errors', async () => {
  await fails(client, new sdk.QueryCommand({
    TableName, IndexName: 'by_status', ConsistentRead: true, KeyConditionExpression: '#s = :s',
    ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': { S: 'OPEN' } },
  }), 'ValidationException', /^Consistent reads are not supported on global secondary indexes$/);
  await fails(client, new sdk.PutItemCommand({
    TableName, Item: { pk: { S: 'x' }, sk: { S: 'x' }, due: { S: 'tomorrow' } },
  }), 'ValidationException', /Type mismatch for Index Key due Expected: N Actual: S IndexName: /);
});

test('an index is added and deleted', async () => {
  await client.send(new sdk.UpdateTableCommand({
    TableName,
    AttributeDefinitions: [definition('title', 'S')],
    GlobalSecondaryIndexUpdates: [{
      Create: { IndexName: 'by_title', KeySchema: [element('title', 'HASH')], Projection: { ProjectionType: 'ALL' } },
    }],
  }));
  const status = async () => {
    const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName }));
    return Table.GlobalSecondaryIndexes.find((index) => index.IndexName === 'by_title')?.IndexStatus;
  };
  for (let i = 0; i < 600 && await status() !== 'ACTIVE'; i += 1) await new Promise((done) => { setTimeout(done, 100); });
  const found = await documents.send(new QueryCommand({
    TableName, IndexName: 'by_title', KeyConditionExpression: 'title = :t', ExpressionAttributeValues: { ':t': 'title 7' },
  }));
  assert.deepEqual(found.Items.map((item) => item.sk), ['task07']);
  await client.send(new sdk.UpdateTableCommand({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by_title' } }] }));
  for (let i = 0; i < 600 && await status() !== undefined; i += 1) await new Promise((done) => { setTimeout(done, 100); });
  assert.equal(await status(), undefined);
});
