// AWS SDK for JavaScript v3, @aws-sdk/client-dynamodb.
'use strict';
const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { after, before, describe, test } = require('node:test');
const sdk = require('@aws-sdk/client-dynamodb');
const {
  attributes, collect, dropTable, fails, local, makeClient, makeTable, waiting,
} = require('../lib/support.js');

const prefix = 'JavaScriptClient';
const music = prefix + 'Music';
const client = makeClient();
const send = (command) => client.send(command);
const key = (artist, number) => ({ Artist: { S: artist }, Number: { N: String(number) } });
const get = async (artist, number) =>
  (await send(new sdk.GetItemCommand({ TableName: music, Key: key(artist, number), ConsistentRead: true }))).Item;
const put = (Item, more = {}) => send(new sdk.PutItemCommand({ TableName: music, Item, ...more }));

before(() => makeTable(client, music, 'Artist S', 'Number N'));
after(() => dropTable(client, music));

describe('tables', () => {
  const TableName = prefix + 'Tables';
  const describeIt = async () => (await send(new sdk.DescribeTableCommand({ TableName }))).Table;

  test('life', async () => {
    const made = await send(new sdk.CreateTableCommand({
      TableName, ...attributes('pk S', 'sk N'), ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 },
    }));
    assert.match(made.TableDescription.TableStatus, /^(CREATING|ACTIVE)$/);
    assert.equal((await sdk.waitUntilTableExists(waiting(client), { TableName })).state, 'SUCCESS');
    const table = await describeIt();
    assert.equal(table.TableStatus, 'ACTIVE');
    assert.ok(Math.abs(Date.now() - table.CreationDateTime) < 60000);
    assert.equal(table.ProvisionedThroughput.WriteCapacityUnits, 2);
    const again = new sdk.CreateTableCommand({ TableName, ...attributes('pk S'), BillingMode: 'PAY_PER_REQUEST' });
    assert.ok((await fails(client, again, 'ResourceInUseException')) instanceof sdk.ResourceInUseException);
    await send(new sdk.UpdateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST' }));
    assert.equal((await describeIt()).BillingModeSummary.BillingMode, 'PAY_PER_REQUEST');
    await send(new sdk.DeleteTableCommand({ TableName }));
    assert.equal((await sdk.waitUntilTableNotExists(waiting(client), { TableName })).state, 'SUCCESS');
    const gone = await fails(client, new sdk.DescribeTableCommand({ TableName }), 'ResourceNotFoundException',
      /^Requested resource not found: Table: /);
    assert.ok(gone instanceof sdk.ResourceNotFoundException);
  });

  test('newer parameters', { skip: local }, async () => {
    const OnDemandThroughput = { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 50 };
    const WarmThroughput = { ReadUnitsPerSecond: 15000, WriteUnitsPerSecond: 5000 };
    await send(new sdk.CreateTableCommand({
      TableName, BillingMode: 'PAY_PER_REQUEST', ...attributes('pk S'), DeletionProtectionEnabled: true,
      TableClass: 'STANDARD_INFREQUENT_ACCESS', OnDemandThroughput, WarmThroughput,
      Tags: [{ Key: 'stage', Value: 'test' }],
    }));
    await sdk.waitUntilTableExists(waiting(client), { TableName });
    const table = await describeIt();
    assert.equal(table.DeletionProtectionEnabled, true);
    assert.equal(table.TableClassSummary.TableClass, 'STANDARD_INFREQUENT_ACCESS');
    assert.deepEqual(table.OnDemandThroughput, OnDemandThroughput);
    assert.deepEqual(table.WarmThroughput, { ...WarmThroughput, Status: 'ACTIVE' });
    await fails(client, new sdk.DeleteTableCommand({ TableName }), 'ValidationException',
      /currently protected against deletion/);
    await send(new sdk.UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
    await send(new sdk.UpdateTableCommand({ TableName, TableClass: 'STANDARD' }));
    const ResourceArn = table.TableArn;
    await fails(client, new sdk.GetResourcePolicyCommand({ ResourceArn }), 'PolicyNotFoundException');
    await send(new sdk.DeleteResourcePolicyCommand({ ResourceArn }));
    await send(new sdk.TagResourceCommand({ ResourceArn, Tags: [{ Key: 'team', Value: 'a' }] }));
    await send(new sdk.UntagResourceCommand({ ResourceArn, TagKeys: ['stage'] }));
    const { Tags } = await send(new sdk.ListTagsOfResourceCommand({ ResourceArn }));
    assert.deepEqual(Tags, [{ Key: 'team', Value: 'a' }]);
    await dropTable(client, TableName);
  });

  test('paginator', async () => {
    const names = [1, 2, 3].map((n) => `${TableName}${n}`);
    for (const name of names) await makeTable(client, name, 'pk S');
    const pages = await collect(sdk.paginateListTables({ client, pageSize: 1 }, {}));
    const found = pages.flatMap((page) => page.TableNames);
    assert.deepEqual(found.filter((name) => names.includes(name)), names);
    assert.equal(new Set(found).size, found.length);
    for (const name of names) await dropTable(client, name);
  });
});

describe('items', () => {
  test('all types', async () => {
    const item = {
      ...key('types', 1), s: { S: 'héllo \u{1f600}' }, empty: { S: '' }, n: { N: '-1.5' }, yes: { BOOL: true },
      no: { BOOL: false }, nothing: { NULL: true }, b: { B: Uint8Array.from({ length: 256 }, (_, n) => n) },
      none: { B: new Uint8Array(0) }, l: { L: [{ S: 'x' }, { L: [] }, { M: {} }] }, m: { M: { a: { M: { b: { N: '1' } } } } },
      ss: { SS: ['a', 'b'] }, ns: { NS: ['1', '2'] }, bs: { BS: [Uint8Array.of(0), Uint8Array.of(255)] },
    };
    await put(item);
    assert.deepEqual(await get('types', 1), item);
    assert.equal(await get('types', 2), undefined);
  });

  test('numbers', async () => {
    const digits = '12345678901234567890123456789012345678';
    for (const [text, expected] of [
      [digits, digits], [`-0.${digits}`, `-0.${digits}`], ['1E-130', `0.${'0'.repeat(129)}1`], ['0010.50', '10.5'],
      ['9.9999999999999999999999999999999999999E+125', '9'.repeat(38) + '0'.repeat(88)], ['-0', '0'],
    ]) {
      await put({ ...key('numbers', 1), n: { N: text } });
      assert.equal((await get('numbers', 1)).n.N, expected);
    }
    for (const text of ['1'.repeat(39), '1E126', '1E-131', 'x', ''])
      await fails(client, new sdk.PutItemCommand({ TableName: music, Item: { ...key('numbers', 1), n: { N: text } } }),
        'ValidationException', /number|numeric/i);
  });

  test('update, delete', async () => {
    const updated = await send(new sdk.UpdateItemCommand({
      TableName: music, Key: key('update', 1), UpdateExpression: 'SET #l = list_append(if_not_exists(#l, :none), :x) ADD Plays :n',
      ExpressionAttributeNames: { '#l': 'List' }, ReturnValues: 'ALL_NEW',
      ExpressionAttributeValues: { ':none': { L: [] }, ':x': { L: [{ S: 'x' }] }, ':n': { N: '0.5' } },
    }));
    assert.deepEqual(updated.Attributes, { ...key('update', 1), List: { L: [{ S: 'x' }] }, Plays: { N: '0.5' } });
    const deleted = await send(new sdk.DeleteItemCommand({
      TableName: music, Key: key('update', 1), ReturnValues: 'ALL_OLD', ReturnConsumedCapacity: 'TOTAL',
    }));
    assert.deepEqual(deleted.Attributes, updated.Attributes);
    assert.deepEqual(deleted.ConsumedCapacity, { TableName: music, CapacityUnits: 1 });
  });

  test('a failed condition brings the item', async () => {
    const item = { ...key('condition', 1), b: { B: Uint8Array.of(0, 255) } };
    await put(item);
    const condition = { TableName: music, ConditionExpression: 'attribute_not_exists(Artist)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
    for (const command of [
      new sdk.PutItemCommand({ Item: item, ...condition }),
      new sdk.UpdateItemCommand({ Key: key('condition', 1), UpdateExpression: 'REMOVE b', ...condition }),
      new sdk.DeleteItemCommand({ Key: key('condition', 1), ...condition }),
    ]) {
      const error = await fails(client, command, 'ConditionalCheckFailedException', /^The conditional request failed$/);
      assert.ok(error instanceof sdk.ConditionalCheckFailedException);
      assert.deepEqual(error.Item, item);
    }
    const plain = await fails(client, new sdk.PutItemCommand({ Item: item, TableName: music, ConditionExpression: 'attribute_not_exists(Artist)' }),
      'ConditionalCheckFailedException');
    assert.equal(plain.Item, undefined);
  });
});

describe('reads', () => {
  const TableName = prefix + 'Reads';
  const rows = [...Array(6).keys()].flatMap((p) => [...Array(30).keys()].map((n) => `p${p} ${n}`));
  const names = (pages) => pages.flatMap((page) => page.Items).map((item) => `${item.pk.S} ${item.sk.N}`);

  before(async () => {
    await makeTable(client, TableName, 'pk S', 'sk N');
    await Promise.all(rows.map((row) => {
      const [pk, sk] = row.split(' ');
      return send(new sdk.PutItemCommand({ TableName, Item: { pk: { S: pk }, sk: { N: sk } } }));
    }));
  });
  after(() => dropTable(client, TableName));

  test('query', async () => {
    const input = { TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p2' } } };
    const pages = await collect(sdk.paginateQuery({ client, pageSize: 7 }, { ...input, ScanIndexForward: false }));
    assert.deepEqual(names(pages), rows.filter((row) => row.startsWith('p2')).reverse());
    assert.deepEqual(pages.map((page) => page.Count), [7, 7, 7, 7, 2]);
    const filtered = await send(new sdk.QueryCommand({
      ...input, FilterExpression: 'attribute_exists(nothing)', ReturnConsumedCapacity: 'INDEXES' }));
    assert.deepEqual([filtered.Count, filtered.ScannedCount, filtered.Items], [0, 30, []]);
    assert.equal(filtered.ConsumedCapacity.Table.CapacityUnits, filtered.ConsumedCapacity.CapacityUnits);
  });

  test('scan', async () => {
    const pages = await collect(sdk.paginateScan({ client, pageSize: 50 }, { TableName }));
    assert.deepEqual(names(pages).sort(), [...rows].sort());
  });

  test('eight segments see each item once', async () => {
    const segments = await Promise.all([...Array(8).keys()].map((Segment) =>
      collect(sdk.paginateScan({ client, pageSize: 11 }, { TableName, Segment, TotalSegments: 8 }))));
    assert.deepEqual(segments.flatMap(names).sort(), [...rows].sort());
  });
});

describe('batches and transactions', () => {
  test('batches', async () => {
    const written = await send(new sdk.BatchWriteItemCommand({
      RequestItems: { [music]: [...Array(25).keys()].map((n) => ({ PutRequest: { Item: key('batch', n) } })) } }));
    assert.deepEqual(written.UnprocessedItems, {});
    const read = await send(new sdk.BatchGetItemCommand({
      RequestItems: { [music]: { Keys: [...Array(40).keys()].map((n) => key('batch', n)) } } }));
    assert.equal(read.Responses[music].length, 25);
    assert.deepEqual(read.UnprocessedKeys, {});
    const twice = { DeleteRequest: { Key: key('batch', 1) } };
    await fails(client, new sdk.BatchWriteItemCommand({ RequestItems: { [music]: [twice, twice] } }),
      'ValidationException', /contains duplicates/);
  });

  test('transactions', async () => {
    await send(new sdk.TransactWriteItemsCommand({ TransactItems: [
      { Put: { TableName: music, Item: { ...key('transact', 1), n: { N: '1' } } } },
      { Update: { TableName: music, Key: key('transact', 2), UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '2' } } } },
      { Delete: { TableName: music, Key: key('transact', 3) } },
      { ConditionCheck: { TableName: music, Key: key('transact', 4), ConditionExpression: 'attribute_not_exists(Artist)' } }] }));
    const read = await send(new sdk.TransactGetItemsCommand({
      TransactItems: [1, 2, 3].map((n) => ({ Get: { TableName: music, Key: key('transact', n), ProjectionExpression: 'n' } })) }));
    assert.deepEqual(read.Responses.map((response) => response.Item), [{ n: { N: '1' } }, { n: { N: '2' } }, undefined]);

    const error = await fails(client, new sdk.TransactWriteItemsCommand({ TransactItems: [
      { Put: { TableName: music, Item: key('transact', 5) } },
      { Put: { TableName: music, Item: key('transact', 1), ConditionExpression: 'n > :n',
        ExpressionAttributeValues: { ':n': { N: '1' } }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } }] }),
    'TransactionCanceledException', /\[None, ConditionalCheckFailed\]/);
    assert.ok(error instanceof sdk.TransactionCanceledException);
    assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), ['None', 'ConditionalCheckFailed']);
    assert.deepEqual(error.CancellationReasons[1].Item, { ...key('transact', 1), n: { N: '1' } });
    assert.equal(await get('transact', 5), undefined);
  });

  test('a token makes a transaction happen once', async () => {
    // (the SDK makes one where none is given)
    const ClientRequestToken = randomUUID();
    const add = (n) => new sdk.TransactWriteItemsCommand({ ClientRequestToken, TransactItems: [
      { Update: { TableName: music, Key: key('token', 1), UpdateExpression: 'ADD n :n', ExpressionAttributeValues: { ':n': { N: n } } } }] });
    await send(add('1'));
    await send(add('1'));
    assert.deepEqual((await get('token', 1)).n, { N: '1' });
    assert.ok((await fails(client, add('2'), 'IdempotentParameterMismatchException'))
      instanceof sdk.IdempotentParameterMismatchException);
  });
});

describe('time to live', () => {
  const TableName = prefix + 'Expiring';
  const change = (Enabled, AttributeName) =>
    new sdk.UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { Enabled, AttributeName } });
  const status = async () => {
    for (;;) {
      const { TimeToLiveDescription } = await send(new sdk.DescribeTimeToLiveCommand({ TableName }));
      if (!/ING$/.test(TimeToLiveDescription.TimeToLiveStatus)) return TimeToLiveDescription;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const names = async () => (await send(new sdk.ScanCommand({ TableName }))).Items.map((item) => item.pk.S).sort();

  test('on, expiry and off', { skip: local }, async () => {
    await makeTable(client, TableName, 'pk S');
    const now = Math.floor(Date.now() / 1000);
    for (const [pk, expires] of [['past', { N: String(now - 5) }], ['future', { N: String(now + 3600) }], ['string', { S: '1' }]]) {
      await send(new sdk.PutItemCommand({ TableName, Item: { pk: { S: pk }, expires } }));
    }
    assert.deepEqual(await status(), { TimeToLiveStatus: 'DISABLED' });
    const { TimeToLiveSpecification } = await send(change(true, 'expires'));
    assert.deepEqual(TimeToLiveSpecification, { Enabled: true, AttributeName: 'expires' });
    assert.deepEqual(await status(), { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
    await fails(client, change(true, 'other'), 'ValidationException', /^TimeToLive is active on a different AttributeName/);
    let left;
    for (let n = 0; n < 200 && (left = await names()).includes('past'); n++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.deepEqual(left, ['future', 'string']);
    await send(change(false, 'expires'));
    await fails(client, change(false, 'expires'), 'ValidationException', /^TimeToLive is already disabled$/);
    await dropTable(client, TableName);
  });
});

describe('backups', () => {
  const TableName = prefix + 'Saved';
  const TargetTableName = prefix + 'Restored';

  test('backup and restore', { skip: local }, async () => {
    await makeTable(client, TableName, 'pk S');
    await dropTable(client, TargetTableName);
    await send(new sdk.PutItemCommand({ TableName, Item: { pk: { S: 'a' } } }));
    const { BackupDetails } = await send(new sdk.CreateBackupCommand({ TableName, BackupName: 'before' }));
    const { BackupArn } = BackupDetails;
    let status;
    for (let n = 0; n < 200 && status !== 'AVAILABLE'; n++) {
      const { BackupDescription } = await send(new sdk.DescribeBackupCommand({ BackupArn }));
      status = BackupDescription.BackupDetails.BackupStatus;
      if (status !== 'AVAILABLE') await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(status, 'AVAILABLE');
    await send(new sdk.DeleteItemCommand({ TableName, Key: { pk: { S: 'a' } } }));
    await send(new sdk.RestoreTableFromBackupCommand({ TargetTableName, BackupArn }));
    await sdk.waitUntilTableExists(waiting(client), { TableName: TargetTableName });
    const { Items } = await send(new sdk.ScanCommand({ TableName: TargetTableName }));
    assert.deepEqual(Items, [{ pk: { S: 'a' } }]);
    await send(new sdk.DeleteBackupCommand({ BackupArn }));
    const error = await fails(client, new sdk.DescribeBackupCommand({ BackupArn }), 'BackupNotFoundException');
    assert.ok(error instanceof sdk.BackupNotFoundException);
    await dropTable(client, TableName);
    await dropTable(client, TargetTableName);
  });
});

describe('the service', () => {
  test('limits', async () => {
    const limits = await send(new sdk.DescribeLimitsCommand({}));
    assert.ok(limits.AccountMaxReadCapacityUnits > 0);
  });

  test('endpoints', { skip: local }, async () => {
    const { Endpoints } = await send(new sdk.DescribeEndpointsCommand({}));
    assert.equal(Endpoints.length, 1);
    assert.ok(Endpoints[0].CachePeriodInMinutes > 0);
  });

  // Each answers, or says in the form that SDKs know that it is not built.
  test('every operation of the SDK', { skip: local }, async () => {
    const commands = Object.keys(sdk).filter((name) => /^[A-Z].*Command$/.test(name));
    assert.equal(commands.length, 57);
    for (const name of commands) {
      try {
        await send(new sdk[name]({}));
      } catch (error) {
        assert.equal(error.$metadata?.httpStatusCode, 400, `${name}: ${error}`);
        assert.match(error.name, /^(UnknownOperationException|ValidationException)$/, `${name}: ${error}`);
      }
    }
  });

  test('errors are not retried, and have their class', async () => {
    const missing = { TableName: prefix + 'Missing', Key: key('x', 1) };
    assert.ok((await fails(client, new sdk.GetItemCommand(missing), 'ResourceNotFoundException')) instanceof sdk.ResourceNotFoundException);
    await fails(client, new sdk.GetItemCommand({ TableName: music, Key: { Artist: { S: 'x' } } }), 'ValidationException',
      /^The provided key element does not match the schema$/);
    await fails(client, new sdk.UpdateItemCommand({ TableName: music, Key: key('x', 1), UpdateExpression: 'SET' }),
      'ValidationException', /^Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"$/);
    await fails(client, new sdk.ScanCommand({ TableName: music, Segment: 8, TotalSegments: 8 }), 'ValidationException',
      /The Segment parameter is zero-based and must be less than parameter TotalSegments/);
  });

  test('many requests at once', async () => {
    await Promise.all([...Array(200).keys()].map(() => send(new sdk.UpdateItemCommand({
      TableName: music, Key: key('counter', 1), UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': { N: '1' } } }))));
    assert.equal((await get('counter', 1)).n.N, '200');
  });
});
