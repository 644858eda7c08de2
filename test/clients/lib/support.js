// What the JavaScript suites share.  The environment comes from run.sh.
'use strict';
const assert = require('node:assert/strict');
const {
  CreateTableCommand, DeleteTableCommand, DynamoDBClient, waitUntilTableExists, waitUntilTableNotExists,
} = require('@aws-sdk/client-dynamodb');

const endpoint = process.env.ENDPOINT;

// DynamoDB Local differs from the service where this is asked.
const local = process.env.DDB_LOCAL === 'yes';

function makeClient(settings = {}) {
  return new DynamoDBClient({ endpoint, ...settings });
}

// AttributeDefinitions and KeySchema of 'name TYPE', partition key first.
function attributes(...definitions) {
  const pairs = definitions.map((definition) => definition.split(' '));
  return {
    AttributeDefinitions: pairs.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
    KeySchema: pairs.map(([AttributeName], n) => ({ AttributeName, KeyType: n === 0 ? 'HASH' : 'RANGE' })),
  };
}

function waiting(client) {
  return { client, minDelay: 1, maxDelay: 2, maxWaitTime: 20 };
}

async function dropTable(client, TableName) {
  try {
    await client.send(new DeleteTableCommand({ TableName }));
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
    return;
  }
  await waitUntilTableNotExists(waiting(client), { TableName });
}

async function makeTable(client, TableName, ...definitions) {
  await dropTable(client, TableName);
  await client.send(new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', ...attributes(...definitions) }));
  await waitUntilTableExists(waiting(client), { TableName });
}

// The command must be refused by this exception; returns it.
async function fails(client, command, name, message) {
  let raised;
  try {
    await client.send(command);
  } catch (error) {
    raised = error;
  }
  assert.ok(raised, `${name} was not raised`);
  assert.equal(raised.name, name, String(raised));
  assert.equal(raised.$metadata.httpStatusCode, 400);
  assert.equal(raised.$metadata.attempts, 1, 'the SDK tried again');
  if (message !== undefined && !local) assert.match(raised.message, message);
  return raised;
}

async function collect(paginator) {
  const pages = [];
  for await (const page of paginator) pages.push(page);
  return pages;
}

module.exports = { attributes, collect, dropTable, endpoint, fails, local, makeClient, makeTable, waiting };
