// AWS SDK for JavaScript v3, @aws-sdk/lib-dynamodb: items as plain values.
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { NumberValue } = require('@aws-sdk/lib-dynamodb');
const lib = require('@aws-sdk/lib-dynamodb');
const { collect, dropTable, fails, makeClient, makeTable } = require('../lib/support.js');

const TableName = 'JavaScriptDocument';
const client = makeClient();
const documents = lib.DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
const send = (command) => documents.send(command);
const get = async (pk, sk) => (await send(new lib.GetCommand({ TableName, Key: { pk, sk } }))).Item;
const put = (Item) => send(new lib.PutCommand({ TableName, Item }));
const upTo = (n) => [...Array(n).keys()];

before(() => makeTable(client, TableName, 'pk S', 'sk N'));
after(() => dropTable(client, TableName));

test('values', async () => {
  const item = {
    pk: 'values', sk: 1.5, text: 'héllo \u{1f600}', empty: '', int: -42, decimal: 0.1, max: Number.MAX_SAFE_INTEGER,
    yes: true, no: false, nothing: null, bytes: Uint8Array.of(0, 128, 255), list: [1, 'a', [null, {}]],
    map: { a: { b: [1.25] } }, strings: new Set(['a', 'b']), numbers: new Set([1, 2.5]),
    binaries: new Set([Uint8Array.of(1), Uint8Array.of(2)]),
  };
  await put({ ...item, missing: undefined });
  assert.deepEqual(await get('values', 1.5), item);
});

test('numbers beyond those of JavaScript', async () => {
  const digits = '12345678901234567890123456789012345678';
  await put({ pk: 'large', sk: 1, n: NumberValue.from(digits), big: BigInt(digits), small: NumberValue.from('1E-130') });
  const exact = lib.DynamoDBDocumentClient.from(makeClient(), { unmarshallOptions: { wrapNumbers: true } });
  const { Item } = await exact.send(new lib.GetCommand({ TableName, Key: { pk: 'large', sk: 1 } }));
  assert.deepEqual([Item.n.toString(), Item.big.toString(), Number(Item.small.toString())], [digits, digits, 1e-130]);
});

test('update, conditions, delete', async () => {
  await put({ pk: 'update', sk: 1, plays: 1, tags: new Set(['a']) });
  const { Attributes } = await send(new lib.UpdateCommand({
    TableName, Key: { pk: 'update', sk: 1 }, ReturnValues: 'ALL_NEW', ConditionExpression: 'plays < :max',
    UpdateExpression: 'SET plays = plays + :one, #m = :m ADD tags :t', ExpressionAttributeNames: { '#m': 'map' },
    ExpressionAttributeValues: { ':one': 1, ':max': 10, ':m': { a: [1] }, ':t': new Set(['b']) } }));
  assert.deepEqual(Attributes, { pk: 'update', sk: 1, plays: 2, tags: new Set(['a', 'b']), map: { a: [1] } });
  const refused = await fails(documents, new lib.DeleteCommand({
    TableName, Key: { pk: 'update', sk: 1 }, ConditionExpression: 'plays = :n', ExpressionAttributeValues: { ':n': 9 },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }), 'ConditionalCheckFailedException');
  assert.deepEqual(refused.Item.plays, { N: '2' });
  const deleted = await send(new lib.DeleteCommand({ TableName, Key: { pk: 'update', sk: 1 }, ReturnValues: 'ALL_OLD' }));
  assert.deepEqual(deleted.Attributes, Attributes);
});

test('query and scan', async () => {
  await Promise.all(upTo(30).map((sk) => put({ pk: 'read', sk, even: sk % 2 === 0 })));
  const query = { TableName, KeyConditionExpression: 'pk = :p AND sk BETWEEN :a AND :b',
    ExpressionAttributeValues: { ':p': 'read', ':a': 5, ':b': 24 } };
  const once = await send(new lib.QueryCommand({ ...query, Limit: 3 }));
  assert.deepEqual(once.LastEvaluatedKey, { pk: 'read', sk: 7 });
  const pages = await collect(lib.paginateQuery({ client: documents, pageSize: 6 }, query));
  assert.deepEqual(pages.flatMap((page) => page.Items).map((item) => item.sk), upTo(30).slice(5, 25));
  const scan = await collect(lib.paginateScan({ client: documents, pageSize: 8 }, {
    TableName, FilterExpression: 'pk = :p AND even = :yes', ExpressionAttributeValues: { ':p': 'read', ':yes': true } }));
  assert.deepEqual(scan.flatMap((page) => page.Items).map((item) => item.sk).sort((a, b) => a - b), upTo(30).filter((n) => n % 2 === 0));
});

test('batches and transactions', async () => {
  await send(new lib.BatchWriteCommand({ RequestItems: { [TableName]: upTo(25).map((sk) => ({ PutRequest: { Item: { pk: 'batch', sk } } })) } }));
  const { Responses } = await send(new lib.BatchGetCommand({ RequestItems: { [TableName]: { Keys: upTo(30).map((sk) => ({ pk: 'batch', sk })) } } }));
  assert.deepEqual(Responses[TableName].map((item) => item.sk).sort((a, b) => a - b), upTo(25));
  await send(new lib.TransactWriteCommand({ TransactItems: [
    { Put: { TableName, Item: { pk: 'transact', sk: 1, n: 1 } } }, { Delete: { TableName, Key: { pk: 'batch', sk: 0 } } }] }));
  const read = await send(new lib.TransactGetCommand({ TransactItems: [
    { Get: { TableName, Key: { pk: 'transact', sk: 1 } } }, { Get: { TableName, Key: { pk: 'batch', sk: 0 } } }] }));
  assert.deepEqual(read.Responses.map((response) => response.Item), [{ pk: 'transact', sk: 1, n: 1 }, undefined]);
  const refused = await fails(documents, new lib.TransactWriteCommand({ TransactItems: [
    { Update: { TableName, Key: { pk: 'transact', sk: 1 }, UpdateExpression: 'SET n = n + :one', ConditionExpression: 'n = :two',
      ExpressionAttributeValues: { ':one': 1, ':two': 2 }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }] }), 'TransactionCanceledException');
  assert.equal(refused.CancellationReasons[0].Code, 'ConditionalCheckFailed');
});
