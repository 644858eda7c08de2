#!/usr/bin/env python3
"""generate.py [SEED [COUNT [indexes]]]: a random corpus for compare.py, mostly of requests that succeed.

Two tables with few keys and few attributes of all types, so that reads meet what writes have left.
"""
import json
import random
import sys

NAMES = ['a', 'b', 'c', 'd', 'e']
SORT_TYPES = {'RandomS': 'S', 'RandomN': 'N'}


def number():
    return random.choice([str(random.randint(-20, 20)), '%.2f' % random.uniform(-9, 9), '1e3', '0', '-0.5', '1E-3',
                          '123456789012345678901234567890'])


def string():
    return random.choice(['', 'x', 'xy', 'y', 'é', '😀', 'abc', 'x' * random.randint(1, 300)])


def binary():
    return random.choice(['', 'AA==', 'AAE=', '/w==', 'YWJj'])


def some(make, low, high):
    return sorted({make() for _ in range(random.randint(low, high))})


def value(depth=2):
    kinds = ['S', 'S', 'N', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS'] + (['L', 'M'] * 2 if depth else [])
    kind = random.choice(kinds)
    return {kind: {
        'S': string, 'N': number, 'B': binary, 'BOOL': lambda: random.random() < .5, 'NULL': lambda: True,
        'SS': lambda: some(string, 1, 4), 'NS': lambda: random.sample(['1', '2', '3.5', '-4', '1e2'], random.randint(1, 4)),
        'BS': lambda: some(binary, 1, 3),
        'L': lambda: [value(depth - 1) for _ in range(random.randint(0, 3))],
        'M': lambda: {name: value(depth - 1) for name in random.sample('xyz', random.randint(0, 3))},
    }[kind]()}


def key(table):
    sort = {'S': random.choice(['a', 'b', 'ab', 'z'])} if SORT_TYPES[table] == 'S' else {'N': str(random.randint(-2, 3))}
    return {'pk': {'S': random.choice('pq')}, 'sk': sort}


def item(table):
    return dict({name: value() for name in random.sample(NAMES, random.randint(0, 5))}, **key(table))


class Expression:
    """Expression text with its names and values, shared by the expressions of one request."""

    def __init__(self):
        self.names, self.values = {}, {}

    def path(self):
        name = random.choice(NAMES)
        if random.random() < .3:
            self.names['#' + name] = name
            name = '#' + name
        return name + random.choice([''] * 5 + ['.x', '.y', '[0]', '[1]', '[0].x', '.x[1]'])

    def value(self, given=None):
        name = ':v%d' % len(self.values)
        self.values[name] = given or value(1)
        return name

    def scalar(self):
        return self.value(random.choice([{'S': string()}, {'N': number()}, {'B': binary()}]))

    def operand(self):
        return random.choice([self.path, self.scalar, self.scalar, lambda: 'size(%s)' % self.path()])()

    def condition(self, depth=2):
        if depth and random.random() < .5:
            form = random.choice(['%s AND %s', '%s OR %s', '(%s) AND %s', 'NOT %s AND %s', '(%s OR %s)'])
            return form % (self.condition(depth - 1), self.condition(depth - 1))
        return random.choice([
            lambda: '%s %s %s' % (self.path(), random.choice(['=', '<>']), self.value()),
            lambda: '%s %s %s' % (self.path(), random.choice(['<', '<=', '>', '>=']), self.operand()),
            lambda: '%s IN (%s, %s)' % (self.path(), self.value(), self.operand()),
            lambda: '%s BETWEEN %s AND %s' % (self.path(), self.value({'N': '-3'}), self.value({'N': number().lstrip('-')})),
            lambda: 'attribute_exists(%s)' % self.path(),
            lambda: 'attribute_not_exists(%s)' % self.path(),
            lambda: 'attribute_type(%s, %s)' % (self.path(), self.value({'S': random.choice(['S', 'N', 'SS', 'L', 'M', 'NULL'])})),
            lambda: 'begins_with(%s, %s)' % (self.path(), self.value({'S': random.choice(['', 'x', 'é'])})),
            lambda: 'contains(%s, %s)' % (self.path(), self.scalar()),
        ])()

    def update(self):
        def assigned():
            return random.choice([
                self.value, self.path,
                lambda: '%s + %s' % (self.path(), self.value({'N': number()})),
                lambda: 'if_not_exists(%s, %s)' % (self.path(), self.value()),
                lambda: 'if_not_exists(%s, %s) - %s' % (self.path(), self.value({'N': '0'}), self.value({'N': number()})),
                lambda: 'list_append(%s, %s)' % (self.path(), self.value({'L': [value(0)]})),
            ])()
        clauses = []
        if random.random() < .7:
            clauses.append('SET ' + ', '.join('%s = %s' % (self.path(), assigned()) for _ in range(random.randint(1, 3))))
        if random.random() < .3:
            clauses.append('REMOVE ' + ', '.join(self.path() for _ in range(random.randint(1, 2))))
        if random.random() < .3:
            clauses.append('ADD %s %s' % (self.path(), self.value(random.choice([{'N': number()}, {'SS': ['x', 'new']}, {'NS': ['7']}]))))
        if random.random() < .2 or not clauses:
            clauses.append('DELETE %s %s' % (self.path(), self.value(random.choice([{'SS': ['x', 'y']}, {'NS': ['1', '2']}]))))
        if not any(clause.startswith(('SET', 'ADD')) for clause in clauses):  # Local would make an item all the same
            clauses.append('SET %s = %s' % (self.path(), self.value()))
        return ' '.join(clauses)

    def key_condition(self, table):
        text = 'pk = %s' % self.value({'S': random.choice('pq')})
        sort = lambda: self.value(key(table)['sk'])
        if random.random() < .5:
            text += random.choice([' AND sk = %s', ' AND sk < %s', ' AND sk >= %s', ' AND sk > %s']) % sort()
        return text

    def members(self):
        return dict({'ExpressionAttributeNames': self.names} if self.names else {},
                    **({'ExpressionAttributeValues': self.values} if self.values else {}))


def write(table, operation, target):
    expression = Expression()
    request = {'TableName': table}
    request.update(target)
    if operation == 'UpdateItem':
        request['UpdateExpression'] = expression.update()
        request['ReturnValues'] = random.choice(['NONE', 'ALL_OLD', 'ALL_NEW', 'ALL_NEW'])
    else:
        request['ReturnValues'] = random.choice(['NONE', 'ALL_OLD'])
    if random.random() < .4:
        request['ConditionExpression'] = expression.condition()
    request['ReturnConsumedCapacity'] = random.choice(['TOTAL', 'INDEXES', 'NONE'])
    return operation, dict(request, **expression.members())


def read(table, operation):
    expression = Expression()
    request = {'TableName': table, 'ReturnConsumedCapacity': 'TOTAL'}
    if operation == 'GetItem':
        request['Key'] = key(table)
        request['ConsistentRead'] = random.random() < .5
    else:
        if operation == 'Query':
            request['KeyConditionExpression'] = expression.key_condition(table)
            # Local knows that a key on the bound is the last one only where the bound ends the read
            request['ScanIndexForward'] = '>=' in request['KeyConditionExpression'] or random.random() < .5
            if random.random() < .4:
                request['Limit'] = random.randint(1, 3)
            if random.random() < .3:
                request['ExclusiveStartKey'] = key(table)
        if random.random() < .5:
            request['FilterExpression'] = expression.condition()
        if random.random() < .2:
            request['Select'] = 'COUNT'
    if random.random() < .4 and 'Select' not in request:
        request['ProjectionExpression'] = ', '.join(random.sample(['pk', 'sk', 'a', 'b.x', 'c[0]', 'c[2]', 'd'], random.randint(1, 4)))
    return operation, dict(request, **expression.members())


def comparison(names=NAMES):
    """A condition of before expressions; sometimes its arguments do not fit."""
    scalars = [{'S': string()}, {'N': number()}, {'B': binary()}]
    operator = random.choice(['EQ', 'NE', 'IN', 'LE', 'LT', 'GE', 'GT', 'BETWEEN', 'NOT_NULL', 'NULL', 'CONTAINS', 'NOT_CONTAINS', 'BEGINS_WITH'])
    if random.random() < .05:
        arguments = [value() for _ in range(random.randint(0, 3))]
    elif operator in ('EQ', 'NE'):
        arguments = [value()]
    elif operator == 'BETWEEN':
        arguments = [{'N': '-3'}, {'N': number().lstrip('-')}]
    elif operator == 'IN':
        arguments = [{'N': number()} for _ in range(random.randint(1, 3))]
    elif operator.endswith('NULL'):
        arguments = []
    else:
        arguments = [random.choice(scalars)]
    return random.choice(names), {'ComparisonOperator': operator, 'AttributeValueList': arguments}


def comparisons(names=NAMES):
    """Conditions by attribute, and how they are joined."""
    conditions = dict(comparison(names) for _ in range(random.randint(1, 3)))
    operator = {'ConditionalOperator': random.choice(['AND', 'OR'])} if len(conditions) > 1 and random.random() < .5 else {}
    return conditions, operator


def legacy_write(table):
    operation = random.choice(['PutItem', 'UpdateItem', 'UpdateItem', 'DeleteItem'])
    request = {'TableName': table, 'ReturnValues': random.choice(['NONE', 'ALL_OLD'])}
    request.update({'Item': item(table)} if operation == 'PutItem' else {'Key': key(table)})
    if operation == 'UpdateItem':
        updates = request['AttributeUpdates'] = {}
        for name in random.sample(NAMES, random.randint(0, 3)):
            updates[name] = random.choice([
                lambda: {'Action': 'PUT', 'Value': value()}, lambda: {'Value': value()}, lambda: {'Action': 'DELETE'},
                lambda: {'Action': 'ADD', 'Value': random.choice([{'N': number()}, {'SS': ['x', 'new']}, {'L': [value(0)]}])},
                lambda: {'Action': 'DELETE', 'Value': random.choice([{'SS': ['x', 'y']}, {'NS': ['1', '2']}])}])()
        if updates and all(update.get('Action') == 'DELETE' for update in updates.values()):  # as in update()
            updates[random.choice(list(updates))] = {'Value': value()}
        request['ReturnValues'] = random.choice(['NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW'])
    if random.random() < .5:
        request['Expected'], operator = comparisons()
        request.update(operator)
        if random.random() < .5:
            request['Expected'][random.choice(NAMES)] = random.choice([{'Exists': False}, {'Value': value()}])
    return operation, request


def legacy_read(table):
    operation = random.choice(['GetItem', 'Query', 'Scan'])
    request = {'TableName': table}
    if operation == 'GetItem':
        request['Key'] = key(table)
    if operation == 'Query':
        request['KeyConditions'] = {'pk': {'ComparisonOperator': 'EQ', 'AttributeValueList': [{'S': random.choice('pq')}]}}
        if random.random() < .5:
            request['KeyConditions']['sk'] = {'ComparisonOperator': random.choice(['EQ', 'LT', 'LE', 'GT', 'GE']),
                                              'AttributeValueList': [key(table)['sk']]}
    if operation != 'GetItem' and random.random() < .7:
        request[operation + 'Filter'], operator = comparisons()
        request.update(operator)
    if random.random() < .3:
        request['AttributesToGet'] = random.sample(['pk', 'sk'] + NAMES, random.randint(1, 4))
    return operation, request


def targets(low, high):
    """[(table, key)]: mostly different ones."""
    chosen = []
    for _ in range(random.randint(low, high)):
        table = random.choice(list(SORT_TYPES))
        target = table, key(table)
        if target not in chosen or random.random() < .02:
            chosen.append(target)
    return chosen


def batch_write():
    tables = {}
    for table, target in targets(1, 8):
        tables.setdefault(table, []).append(
            {'DeleteRequest': {'Key': target}} if random.random() < .3 else {'PutRequest': {'Item': dict(item(table), **target)}})
    return 'BatchWriteItem', {'RequestItems': tables}


def batch_get():
    tables = {}
    for table, target in targets(1, 8):
        tables.setdefault(table, {'Keys': []})['Keys'].append(target)
    # (Local does not take both in one request, even for different tables)
    projection = random.choice([{'ProjectionExpression': 'pk, a, #b.x', 'ExpressionAttributeNames': {'#b': 'b'}},
                                {'AttributesToGet': ['a', 'c']}])
    for request in tables.values():
        if random.random() < .4:
            request.update(projection)
    return 'BatchGetItem', {'RequestItems': tables}


def action(table, target):
    kind = random.choice(['Put', 'Put', 'Update', 'Delete', 'ConditionCheck'])
    expression = Expression()
    request = {'TableName': table, 'ReturnValuesOnConditionCheckFailure': random.choice(['ALL_OLD', 'NONE'])}
    request.update({'Item': dict(item(table), **target)} if kind == 'Put' else {'Key': target})
    if kind == 'Update':
        request['UpdateExpression'] = 'SET %s = %s' % (random.choice(NAMES), expression.value())
    if kind == 'ConditionCheck' or random.random() < .3:
        request['ConditionExpression'] = random.choice([
            lambda: 'attribute_exists(pk)', lambda: 'attribute_not_exists(pk)', expression.condition])()
    return {kind: dict(request, **expression.members())}


def transact_write():
    return 'TransactWriteItems', {'TransactItems': [action(table, target) for table, target in targets(1, 4)]}


def transact_get():
    gets = [{'Get': {'TableName': table, 'Key': target}} for table, target in targets(1, 6)]
    for get in gets:
        if random.random() < .3:
            get['Get']['ProjectionExpression'] = random.choice(['pk', 'a, b.x', 'e'])
    return 'TransactGetItems', {'TransactItems': gets, 'ReturnConsumedCapacity': 'TOTAL'}


def requests(count):
    for table, kind in SORT_TYPES.items():
        yield 'DeleteTable', {'TableName': table}
        yield 'CreateTable', {
            'TableName': table, 'BillingMode': 'PAY_PER_REQUEST',
            'KeySchema': [{'AttributeName': 'pk', 'KeyType': 'HASH'}, {'AttributeName': 'sk', 'KeyType': 'RANGE'}],
            'AttributeDefinitions': [{'AttributeName': 'pk', 'AttributeType': 'S'}, {'AttributeName': 'sk', 'AttributeType': kind}]}
    for _ in range(count):
        table = random.choice(list(SORT_TYPES))
        yield random.choice([
            lambda: write(table, 'PutItem', {'Item': item(table)}),
            lambda: write(table, 'PutItem', {'Item': item(table)}),
            lambda: write(table, 'UpdateItem', {'Key': key(table)}),
            lambda: write(table, 'UpdateItem', {'Key': key(table)}),
            lambda: write(table, 'UpdateItem', {'Key': key(table)}),
            lambda: write(table, 'DeleteItem', {'Key': key(table)}),
            lambda: read(table, 'GetItem'),
            lambda: read(table, 'Query'),
            lambda: read(table, 'Query'),
            lambda: read(table, 'Scan'),
            lambda: legacy_write(table), lambda: legacy_write(table), lambda: legacy_read(table), lambda: legacy_read(table),
            batch_write, batch_get, transact_write, transact_write, transact_get,
        ])()


INDEXES = {
    'hash': (['g'], 'KEYS_ONLY'), 'ranged': (['g', 'n'], 'ALL'), 'binary': (['b', 'g'], ['a', 'c']), 'inverted': (['sk', 'pk'], 'ALL'),
    'local_all': (['pk', 'n'], 'ALL'), 'local_keys': (['pk', 'g'], 'KEYS_ONLY'),
}
INDEX_TYPES = {'pk': 'S', 'sk': 'S', 'g': 'S', 'n': 'N', 'b': 'B'}


def index_value(name, wrong=.05):
    values = {'g': {'S': random.choice(['g1', 'g2', 'g3'])}, 'n': {'N': str(random.randint(-3, 3))},
              'b': {'B': random.choice(['AA==', 'AAE='])}, 'pk': {'S': random.choice('pq')}, 'sk': {'S': random.choice(['a', 'b', 'ab', 'z'])}}
    return values[name] if name in ('pk', 'sk') or random.random() >= wrong else random.choice([{'S': ''}, {'N': '7'}, {'B': ''}, {'BOOL': True}])


# Items have all keys of the indexes or none: Local charges an index also for items that have a part of its key.
def indexed_item():
    result = {name: index_value(name) for name in ('gnb' if random.random() < .7 else '')}
    return dict(result, **{name: value(1) for name in 'ac' if random.random() < .5}, pk=index_value('pk'), sk=index_value('sk'))


def indexed_update():
    names, values, actions = {}, {}, []
    for name in random.choice(['gnb', 'gnba', 'a', 'ac', 'ca', 'c']):
        names['#' + name] = name
        if name in 'ac' and actions and random.random() < .3:
            actions.append(('REMOVE', '#' + name))
        else:
            # (Local takes keys of a wrong type here)
            values[':' + name] = index_value(name, 0) if name in INDEX_TYPES else value(1)
            actions.append(('SET', '#%s = :%s' % (name, name)))
    text = ' '.join('%s %s' % (verb, ', '.join(part for kind, part in actions if kind == verb))
                    for verb in ('SET', 'REMOVE') if verb in [kind for kind, _ in actions])
    return 'UpdateItem', dict({'TableName': 'RandomIdx', 'Key': {'pk': index_value('pk'), 'sk': index_value('sk')}, 'UpdateExpression': text,
                               'ExpressionAttributeNames': names, 'ReturnValues': 'ALL_NEW', 'ReturnConsumedCapacity': 'INDEXES'},
                              **({'ExpressionAttributeValues': values} if values else {}))


def indexed_read():
    name = random.choice(list(INDEXES))
    parts, projection = INDEXES[name]
    local = name.startswith('local')
    operation = random.choice(['Query', 'Query', 'Scan'])
    request = {'TableName': 'RandomIdx', 'IndexName': name, 'ReturnConsumedCapacity': 'INDEXES'}
    if operation == 'Query':
        request['ExpressionAttributeNames'] = {'#h': parts[0]}
        request['KeyConditionExpression'] = '#h = :h'
        request['ExpressionAttributeValues'] = {':h': index_value(parts[0], 0)}
        if len(parts) > 1 and random.random() < .5:
            request['ExpressionAttributeNames']['#r'] = parts[1]
            request['KeyConditionExpression'] += ' AND #r %s :r' % random.choice(['=', '<', '>=', '>'])
            request['ExpressionAttributeValues'][':r'] = index_value(parts[1], 0)
    if random.random() < .2:
        request['Select'] = random.choice(['COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES'])
    elif random.random() < .3:
        request['ProjectionExpression'] = ', '.join(random.sample(['pk', 'sk', 'g', 'a', 'n'], random.randint(1, 3)))
    if random.random() < .2:
        request['ConsistentRead'] = local or random.random() < .5
    return operation, request


def indexed_requests(count):
    def schema(parts):
        return [{'AttributeName': part, 'KeyType': 'RANGE' if place else 'HASH'} for place, part in enumerate(parts)]

    def index(name):
        parts, projection = INDEXES[name]
        included = {'ProjectionType': 'INCLUDE', 'NonKeyAttributes': projection} if isinstance(projection, list) else {'ProjectionType': projection}
        return {'IndexName': name, 'KeySchema': schema(parts), 'Projection': included}

    yield 'DeleteTable', {'TableName': 'RandomIdx'}
    yield 'CreateTable', {
        'TableName': 'RandomIdx', 'BillingMode': 'PAY_PER_REQUEST', 'KeySchema': schema(['pk', 'sk']),
        'AttributeDefinitions': [{'AttributeName': name, 'AttributeType': kind} for name, kind in INDEX_TYPES.items()],
        'GlobalSecondaryIndexes': [index(name) for name in INDEXES if not name.startswith('local')],
        'LocalSecondaryIndexes': [index(name) for name in INDEXES if name.startswith('local')]}
    for _ in range(count):
        yield random.choice([
            lambda: ('PutItem', {'TableName': 'RandomIdx', 'Item': indexed_item(), 'ReturnConsumedCapacity': 'INDEXES'}),
            lambda: ('DeleteItem', {'TableName': 'RandomIdx', 'Key': {'pk': index_value('pk'), 'sk': index_value('sk')}, 'ReturnConsumedCapacity': 'INDEXES'}),
            lambda: ('BatchWriteItem', {'RequestItems': {'RandomIdx': [{'PutRequest': {'Item': indexed_item()}}]}, 'ReturnConsumedCapacity': 'INDEXES'}),
            lambda: ('TransactWriteItems', {'TransactItems': [{'Put': {'TableName': 'RandomIdx', 'Item': indexed_item()}}]}),
            indexed_update, indexed_update, indexed_read, indexed_read, indexed_read,
        ])()


random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else None)
make = indexed_requests if sys.argv[3:] == ['indexes'] else requests
for operation, request in make(int(sys.argv[2]) if len(sys.argv) > 2 else 2000):
    print(operation, json.dumps(request, ensure_ascii=False))
