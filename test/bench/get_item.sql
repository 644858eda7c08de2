\set c random(0, :customers - 1)
\set o random(0, 9)
SELECT dynamo.get_item('Bench', format('{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"}}', :c::int, :o::int)::dynamo.item);
