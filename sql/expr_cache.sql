-- the cache of parsed expressions
-- a session starts with nothing
\c -
SELECT * FROM dynamo.stat_expression_cache;
SHOW dynamo.expression_cache_size;

-- once parsed, then found
SELECT dynamo.matches('{"a":{"N":"1"}}', 'attribute_exists(a)');
SELECT dynamo.matches('{"a":{"N":"1"}}', 'attribute_exists(a)');
SELECT dynamo.matches('{"a":{"N":"1"}}', 'attribute_exists(#b)', '{"#b":"b"}');
SELECT dynamo.matches('{"a":{"N":"1"}}', 'attribute_exists(#b)', '{"#b":"a"}');
SELECT * FROM dynamo.stat_expression_cache;
-- one text may be of several kinds
SELECT dynamo.project('{"a":{"N":"1"}}', 'a');
SELECT dynamo.matches('{"a":{"N":"1"}}', 'a');
SELECT * FROM dynamo.stat_expression_cache;
-- rows of one query share what is bound
SELECT count(*) FROM generate_series(1, 1000) i WHERE dynamo.matches(('{"i":{"N":"' || i || '"}}')::dynamo.item, 'i > :v', NULL, '{":v":{"N":"900"}}');
SELECT * FROM dynamo.stat_expression_cache;

-- the least recently used one leaves
SET dynamo.expression_cache_size = 2;
SELECT dynamo.matches('{}', 'attribute_exists(x)'), dynamo.matches('{}', 'attribute_exists(y)');
SELECT dynamo.matches('{}', 'attribute_exists(x)');
SELECT dynamo.matches('{}', 'attribute_exists(z)');
SELECT * FROM dynamo.stat_expression_cache;
SELECT dynamo.matches('{}', 'attribute_exists(x)');
SELECT dynamo.matches('{}', 'attribute_exists(y)');
SELECT * FROM dynamo.stat_expression_cache;

-- what is bound survives its eviction: every row parses another expression
SELECT sum(dynamo.matches(('{"a":{"N":"' || i || '"}}')::dynamo.item, 'a > :v', NULL, '{":v":{"N":"50"}}')::int
    + dynamo.matches('{}', 'attribute_not_exists(b' || i || ')')::int) FROM generate_series(1, 100) i;
SELECT entries, evictions > 90 AS evicted FROM dynamo.stat_expression_cache;

-- no cache
SET dynamo.expression_cache_size = 0;
SELECT dynamo.matches('{}', 'attribute_exists(x)');
SELECT dynamo.matches('{}', 'attribute_exists(x)');
SELECT entries, hits FROM dynamo.stat_expression_cache;
RESET dynamo.expression_cache_size;

-- errors leave nothing behind
SELECT sum(used_bytes) AS used_before FROM pg_backend_memory_contexts WHERE name LIKE 'dynamo%' \gset
DO $$
BEGIN
    FOR i IN 1..2000 LOOP
        BEGIN
            PERFORM dynamo.matches('{}', 'attribute_exists(a) AND ((b' || i || ' = c))');
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        BEGIN
            PERFORM dynamo.matches('{}', 'a = :q');
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END $$;
SELECT sum(used_bytes) - :used_before < 10000 AS nothing_kept FROM pg_backend_memory_contexts WHERE name LIKE 'dynamo%';
