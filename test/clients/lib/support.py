"""What the Python suites share: clients, tables, raw requests, SQL.

The environment comes from run.sh: ENDPOINT, and PGHOST … with which psql
reaches the endpoint's database.  DDB_LOCAL=yes says that the endpoint is
Amazon's DynamoDB Local, which the suites are compared with.
"""

import http.client
import json
import os
import subprocess
import unittest
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ['ENDPOINT']
DDB_LOCAL = os.environ.get('DDB_LOCAL') == 'yes'

# What differs in DynamoDB Local, where it is known to differ from the service.
not_in_local = unittest.skipIf(DDB_LOCAL, 'DynamoDB Local differs from the service here')


def client(**settings):
    return boto3.client('dynamodb', endpoint_url=ENDPOINT, config=Config(**settings))


def resource():
    return boto3.resource('dynamodb', endpoint_url=ENDPOINT)


def attributes(*definitions):
    """AttributeDefinitions and KeySchema of 'name TYPE', partition key first."""
    pairs = [definition.split() for definition in definitions]
    return {
        'AttributeDefinitions': [{'AttributeName': n, 'AttributeType': t} for n, t in pairs],
        'KeySchema': [{'AttributeName': n, 'KeyType': k} for (n, t), k in zip(pairs, ('HASH', 'RANGE'))],
    }


def make_table(ddb, name, *definitions):
    drop_table(ddb, name)
    ddb.create_table(TableName=name, BillingMode='PAY_PER_REQUEST', **attributes(*definitions))
    ddb.get_waiter('table_exists').wait(TableName=name, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})


def drop_table(ddb, name):
    try:
        ddb.delete_table(TableName=name)
    except ddb.exceptions.ResourceNotFoundException:
        return
    ddb.get_waiter('table_not_exists').wait(TableName=name, WaiterConfig={'Delay': 1, 'MaxAttempts': 20})


def put_all(ddb, table, items):
    for item in items:
        ddb.put_item(TableName=table, Item=item)


def sql(text):
    """Runs SQL in the endpoint's database; returns what psql prints."""
    done = subprocess.run(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


class Reply:
    """What raw() returns."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read()
        self.body = json.loads(self.text) if self.text else None

    @property
    def error(self):
        """The exception's name, None in a success."""
        return self.body['__type'].split('#')[-1] if self.status != 200 else None

    @property
    def message(self):
        return self.body.get('message', self.body.get('Message'))


def raw(operation, request, connection=None, **headers):
    """One request as bytes or something to be made JSON, by no SDK."""
    own = connection is None
    if own:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(ENDPOINT).netloc, timeout=60)
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    connection.request('POST', '/', body, {
        'X-Amz-Target': 'DynamoDB_20120810.' + operation,
        'Content-Type': 'application/x-amz-json-1.0',
        # (DynamoDB Local wants one, the endpoint does not look at it yet)
        'Authorization': 'AWS4-HMAC-SHA256 Credential=dummy/20300101/us-east-1/dynamodb/aws4_request, '
                         'SignedHeaders=host, Signature=dummy',
        **{name.replace('_', '-'): value for name, value in headers.items()}})
    reply = Reply(connection.getresponse())
    if own:
        connection.close()
    return reply


class TestCase(unittest.TestCase):
    maxDiff = None

    def fails(self, name, message=None, status=400):
        """A context in which a boto3 call must raise that exception."""
        return Failure(self, name, message, status)


class Failure:
    def __init__(self, test, name, message, status):
        self.test, self.name, self.message, self.status = test, name, message, status
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, trace):
        if kind is None:
            self.test.fail(f'{self.name} was not raised')
        if not isinstance(exception, ClientError):
            return False
        self.exception = exception
        self.response = exception.response
        self.test.assertEqual(self.response['Error']['Code'], self.name, str(exception))
        self.test.assertEqual(self.response['ResponseMetadata']['HTTPStatusCode'], self.status)
        if self.message is not None and not DDB_LOCAL:
            self.test.assertRegex(self.response['Error']['Message'], self.message)
        return True
