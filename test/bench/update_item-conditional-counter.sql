-- ':' || 'one' is ":one" after planning; pgbench would take the whole for a variable
\set c random(0, :customers - 1)
\set o random(0, 9)
SELECT dynamo.update_item('Bench', format('{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"}}', :c::int, :o::int)::dynamo.item, 'SET version = version + :' || 'one', 'version >= :' || 'zero', expression_attribute_values => ('{":' || 'one":{"N":"1"},":' || 'zero":{"N":"0"}}')::dynamo.item);
