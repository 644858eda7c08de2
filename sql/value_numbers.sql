-- Numbers: 38 significant digits, 1E-130 to 9.9…E+125, printed without exponent.

-- the number a literal becomes, or the error
CREATE FUNCTION pg_temp.number(literal text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN format('{"N":%s}', to_json(literal))::dynamo.attribute_value::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- forms that BigDecimal of Java reads
SELECT literal, pg_temp.number(literal)
FROM unnest(ARRAY['0', '-0', '-0.0', '0E500', '0e-500', '5', '+5', '5.', '.5', '+.5', '-.5', '1.E5', '1e5', '1E+5', '1e-5',
                  '1.10', '1.000000000000000000000000000000000000000000000', '0001', '1e0000000000000000000001',
                  '1E20', '1E-7', '123.4500e2', '0.0000e-3', '0e2147483647']) WITH ORDINALITY AS n(literal, i) ORDER BY i;

-- others it does not
SELECT literal, pg_temp.number(literal)
FROM unnest(ARRAY['', ' ', ' 1', '1 ', 'abc', 'NaN', 'Infinity', '-Infinity', '0x10', '1_000', '1,000', '1e', 'e5', '1e+', '--1',
                  '+-1', '1e5.5', '1..2', '.', '+', '-', '1f', '1L', E'1\n', '١', '1e2147483648', '1e-2147483649',
                  '0e2147483648', '0e99999999999999999999999999']) WITH ORDINALITY AS n(literal, i) ORDER BY i;

-- range
SELECT literal, pg_temp.number(literal)
FROM unnest(ARRAY['9.9999999999999999999999999999999999999E+125', '-9.9999999999999999999999999999999999999E+125',
                  '1E125', '1E126', '-1E126', '1e400', '1E2147483647', '1E-130', '-1E-130', '1E-131', '9.9E-131', '0.5e-130', '1E-2147483647',
                  '1.2345678901234567890123456789012345678E-130']) WITH ORDINALITY AS n(literal, i) ORDER BY i;

-- precision
SELECT literal, pg_temp.number(literal)
FROM unnest(ARRAY['11111111111111111111111111111111111111', '111111111111111111111111111111111111111',
                  '0.11111111111111111111111111111111111111', '0.111111111111111111111111111111111111111',
                  '100000000000000000000000000000000000000', '100000000000000000000000000000000000001',
                  '12345678901234567890123456789012345678.0', '0.0000000012345678901234567890123456789012345678',
                  '9.99999999999999999999999999999999999999E+125', '1.23456789012345678901234567890123456789012e400'])
     WITH ORDINALITY AS n(literal, i) ORDER BY i;

-- the stored digits are the server's numeric: same bytes, same text
WITH literals AS (
    SELECT (CASE WHEN random() < 0.5 THEN '-' ELSE '' END || left(lpad(floor(random() * 1e15)::text, 15, '0') || floor(random() * 1e15)::text, 1 + (random() * 29)::int)
            || CASE WHEN random() < 0.5 THEN '.' || left(floor(random() * 1e15)::text, (random() * 8)::int) ELSE '' END
            || CASE WHEN random() < 0.7 THEN 'e' || (random() * 160 - 90)::int ELSE '' END) AS literal
    FROM generate_series(1, 5000)
), parsed AS (
    SELECT literal, format('{"N":"%s"}', literal)::dynamo.attribute_value AS value, trim_scale(literal::numeric) AS server
    FROM literals
)
SELECT count(*),
       count(*) FILTER (WHERE value::numeric = server) AS equal,
       count(*) FILTER (WHERE numeric_send(value::numeric) = numeric_send(server)) AS same_bytes,
       count(*) FILTER (WHERE pg_column_size(value::numeric) = pg_column_size(server)) AS same_length,
       count(*) FILTER (WHERE value::text = server::text) AS same_text,
       count(*) FILTER (WHERE to_jsonb(server)::dynamo.attribute_value = value) AS same_from_numeric
FROM parsed;

-- size: a byte per two digits counted from the decimal point, one more, one for the sign
SELECT literal, dynamo.item_size(format('{"n":{"N":"%s"}}', literal)::dynamo.item) - 1 AS size
FROM unnest(ARRAY['0', '1', '99', '100', '-1', '1.5', '10.5', '100.55', '1000', '10000', '1000000', '0.01', '0.001', '0.0001', '1E125', '1E-130',
                  '12345678901234567890123456789012345678', '-12345678901234567890123456789012345678',
                  '1.2345678901234567890123456789012345678', '-1.2345678901234567890123456789012345678'])
     WITH ORDINALITY AS n(literal, i) ORDER BY i;
