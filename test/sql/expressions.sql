-- An item to try expressions on, with names and values for them.
\set ECHO none
CREATE TEMP TABLE fixed AS SELECT
    '{"s":{"S":"str"},"n":{"N":"5"},"t":{"BOOL":true},"u":{"NULL":true},"b":{"B":"YWJj"},
    "ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"bs":{"BS":["YQ==","Yg=="]},
    "l":{"L":[{"N":"1"},{"S":"two"},{"M":{"k":{"N":"3"}}},{"L":[{"N":"4"}]}]},
    "m":{"M":{"a":{"N":"1"},"b":{"M":{"c":{"S":"deep"}}},"l":{"L":[{"S":"z"}]}}}}'::dynamo.item AS item,
    '{":s":{"S":"str"},":z":{"S":"z"},":n":{"N":"5"},":n1":{"N":"1"},":n9":{"N":"9"},":zero":{"N":"0"},
    ":t":{"BOOL":true},":u":{"NULL":true},":b":{"B":"YWJj"},":ss":{"SS":["x"]},":ns":{"NS":["1"]},
    ":bs":{"BS":["YQ=="]},":l":{"L":[{"S":"q"}]},":m":{"M":{"q":{"S":"q"}}},":S":{"S":"S"},":XX":{"S":"XX"},
    ":big":{"N":"9E125"},":empty":{"S":""}}'::jsonb AS values,
    '{"#s":"s","#n":"n","#l":"l","#m":"m","#a":"a","#d":"a.b"}'::jsonb AS names;

-- those of the names and values that an expression mentions
CREATE FUNCTION pg_temp.placeholders(expression text, given jsonb) RETURNS jsonb AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(given)
    WHERE key IN (SELECT m[1] FROM regexp_matches(expression, '[#:][A-Za-z0-9_]+', 'g') m)
$$ LANGUAGE sql;
CREATE FUNCTION pg_temp.names_in(expression text) RETURNS jsonb AS
    'SELECT pg_temp.placeholders(expression, names) FROM fixed' LANGUAGE sql;
CREATE FUNCTION pg_temp.values_in(expression text) RETURNS dynamo.item AS
    'SELECT pg_temp.placeholders(expression, values)::text::dynamo.item FROM fixed' LANGUAGE sql;

-- whether the item satisfies a condition, or the error
CREATE FUNCTION pg_temp.try(expression text) RETURNS text AS $$
BEGIN
    RETURN dynamo.matches((SELECT item FROM fixed), expression, pg_temp.names_in(expression), pg_temp.values_in(expression))::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;
\set ECHO all
