#!/usr/bin/env python3
"""compare.py: send the same requests to DynamoDB Local and to dynamo.call(), print where the answers differ.

    compare.py --endpoint http://127.0.0.1:8000/ [--psql 'psql -h … -d …'] [--corpus FILE] [--known] [--grep REGEX]

Every difference that known.txt does not expect is printed; the exit status says whether there was one.
"""
import argparse
import decimal
import http.client
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))

# What the two can never have in common: times, identifiers, what only one of them reports.
VOLATILE = {'TableArn', 'TableId', 'CreationDateTime', 'LastUpdateToPayPerRequestDateTime', 'LastIncreaseDateTime',
            'LastDecreaseDateTime', 'TableSizeBytes', 'ItemCount', 'TableStatus', 'BillingModeSummary', 'WarmThroughput',
            'TableClassSummary', 'NumberOfDecreasesToday', 'DeletionProtectionEnabled', 'OnDemandThroughput', 'LatestStreamArn',
            'LatestStreamLabel', 'StreamSpecification', 'IndexArn', 'IndexSizeBytes', 'IndexStatus', 'Backfilling',
            'ItemCollectionMetrics'}

decimal.getcontext().prec = 40
AUTHORIZATION = ('AWS4-HMAC-SHA256 Credential=dummy/20250101/us-east-1/dynamodb/aws4_request, '
                 'SignedHeaders=host;x-amz-date;x-amz-target, Signature=' + '0' * 64)


def read_corpus(path):
    """[(operation, request)]: a line is "Operation request", or the number of an earlier line; «x*9» is x nine times."""
    requests = []
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            line = line.rstrip('\n')
            if line.isdigit():
                requests.append(requests[int(line) - 1])
            else:
                operation, body = line.split(' ', 1)
                body = re.sub(r'«(.)\*(\d+)»', lambda m: m[1] * int(m[2]), body)
                requests.append((operation, body))
    return requests


class Local:
    """DynamoDB Local, over HTTP."""

    def __init__(self, endpoint):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc, timeout=60)

    def answer(self, operation, body):
        if len(body) > 900000:
            return 'too large'
        self.connection.request('POST', '/', body.encode('utf-8', 'surrogateescape'), {
            'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'DynamoDB_20120810.' + operation,
            'X-Amz-Date': '20250101T000000Z', 'Authorization': AUTHORIZATION})
        response = self.connection.getresponse()
        text = response.read().decode('utf-8', 'replace')
        if response.status == 200:
            answer = normal(json.loads(text), operation, body)
            if not re.search('"ReturnConsumedCapacity": ?"(TOTAL|INDEXES)"', body):
                answer.pop('ConsumedCapacity', None)  # DeleteItem has it unasked
            return answer
        try:
            error = json.loads(text)
            return '%s: %s%s' % (error['__type'].split('#')[-1], error.get('Message', error.get('message')),
                                 reasons(error.get('CancellationReasons')))
        except (ValueError, KeyError):
            return 'HTTP %d' % response.status


def answers_of_psql(command, requests):
    """All answers in one psql session, one after another."""
    script = ['\\set VERBOSITY verbose', '\\set ON_ERROR_STOP off', '\\pset format unaligned', '\\pset tuples_only on',
              '\\pset pager off']
    for number, (operation, body) in enumerate(requests):
        quoted = body.replace("'", "''").replace('\x00', '')
        script.append("\\echo @@@%d\nSELECT dynamo.call('%s', '%s');" % (number, operation, quoted))
    names = subprocess.run(command + ['-AtF', ' ', '-c', 'SELECT sqlstate, exception FROM dynamo.exceptions()'],
                           capture_output=True, text=True, check=True).stdout
    exceptions = dict(line.split(' ') for line in names.splitlines())
    output = subprocess.run(command + ['-qX'], input='\n'.join(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors='surrogateescape').stdout
    answers = ['no answer'] * len(requests)
    for number, text in re.findall(r'^@@@(\d+)\n(.*?)(?=^@@@|\Z)', output, re.M | re.S):
        answers[int(number)] = psql_answer(text, *requests[int(number)], exceptions)
    return answers


def psql_answer(text, operation, body, exceptions):
    error = re.search(r'^ERROR:  (\w{5}): (.*?)(?=\n(?:DETAIL|HINT|CONTEXT|LOCATION|STATEMENT|LINE \d+): |\Z)', text, re.M | re.S)
    if error:
        detail = re.search(r'^DETAIL:  (\[.*\])$', text, re.M) if error[1] == 'ND010' else None
        return '%s: %s%s' % (exceptions.get(error[1], error[1]), error[2].strip('\n'), reasons(json.loads(detail[1]) if detail else None))
    try:
        return normal(json.loads(text), operation, body)
    except ValueError:
        return 'not JSON: ' + text


def reasons(cancellation_reasons):
    """CancellationReasons as a part of an answer; Local ends one message with a period."""
    if not cancellation_reasons:
        return ''
    for reason in cancellation_reasons:
        if 'Message' in reason:
            reason['Message'] = reason['Message'].rstrip('.')
    return ' ' + json.dumps(normal_value(cancellation_reasons), ensure_ascii=False)


def normal(answer, operation, body):
    """The answer without its volatile members, its sets in one order, and a Scan's items too."""
    answer = normal_value(answer)
    if isinstance(answer.get('ConsumedCapacity'), list):
        answer['ConsumedCapacity'].sort(key=json.dumps)
    if operation == 'BatchGetItem':
        for items in answer.get('Responses', {}).values():
            items.sort(key=json.dumps)
    if operation == 'Scan' and 'Items' in answer or '"IndexName"' in body and 'Items' in answer:
        answer['Items'].sort(key=json.dumps)  # (items with the same index key come in any order)
    for description in ('Table', 'TableDescription'):
        for index in answer.get(description, {}).get('GlobalSecondaryIndexes', []):
            if index.get('ProvisionedThroughput', {}).get('ReadCapacityUnits') == 0:
                del index['ProvisionedThroughput']  # (Local has none where the table is on demand)
        for members in ('AttributeDefinitions', 'LocalSecondaryIndexes', 'GlobalSecondaryIndexes'):
            answer.get(description, {}).get(members, []).sort(key=lambda member: json.dumps(member, sort_keys=True))
    return answer


def normal_value(value):
    if isinstance(value, dict):
        return {name: normal_member(name, member) for name, member in sorted(value.items()) if name not in VOLATILE}
    if isinstance(value, list):
        return [normal_value(member) for member in value]
    return value


def normal_member(name, member):
    """Local writes numbers inside of other values as they were given, and charges nothing for what it does not find."""
    if name == 'N' and isinstance(member, str):
        return str(decimal.Decimal(member).normalize())
    if name == 'NS':
        return sorted(str(decimal.Decimal(number).normalize()) for number in member)
    if name in ('SS', 'BS'):
        return sorted(member)
    if name == 'CapacityUnits':
        return member or 0.5
    return normal_value(member)


def read_known(path):
    """[(reason, regex of DynamoDB Local's answer, regex of ours)] from blocks of three lines."""
    known = []
    with open(path, encoding='utf-8') as lines:
        blocks = [block.strip().splitlines() for block in lines.read().split('\n\n')]
    for block in blocks:
        lines = [line for line in block if not line.startswith('#')]
        if len(lines) == 3:
            reason, theirs, ours = lines
            known.append((reason, re.compile(theirs.split(': ', 1)[1], re.S), re.compile(ours.split(': ', 1)[1], re.S)))
    return known


def show(answer):
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 600 else text[:400] + '…' + text[-150:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--endpoint', required=True)
    parser.add_argument('--psql', default='psql')
    parser.add_argument('--corpus', default=os.path.join(HERE, 'corpus.txt'))
    parser.add_argument('--known', action='store_true', help='print the expected differences too')
    parser.add_argument('--grep', default='', help='print only differences that match')
    options = parser.parse_args()
    sys.stdout.reconfigure(errors='backslashreplace')

    requests = read_corpus(options.corpus)
    local = Local(options.endpoint)
    ours = answers_of_psql(shlex.split(options.psql), requests)
    known = read_known(os.path.join(HERE, 'known.txt'))
    counts = {'same': 0, 'known': 0, 'different': 0}
    for number, (operation, body) in enumerate(requests):
        theirs = local.answer(operation, body)
        if theirs == ours[number]:
            counts['same'] += 1
            continue
        texts = [answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False) for answer in (theirs, ours[number])]
        reason = next((reason for reason, a, b in known if a.fullmatch(texts[0]) and b.fullmatch(texts[1])), None)
        counts['known' if reason else 'different'] += 1
        report = '%d %s %s\n  local: %s\n  ours:  %s\n' % (number + 1, operation, show(body), show(theirs), show(ours[number]))
        if reason and options.known:
            report += '  known: %s\n' % reason
        if (not reason or options.known) and re.search(options.grep, report):
            print(report)
    print(', '.join('%d %s' % (count, name) for name, count in counts.items()))
    return counts['different'] > 0


if __name__ == '__main__':
    sys.exit(main())
