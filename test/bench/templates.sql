-- Prints a pgbench script that writes one of the items, half of them new to the
-- table: psql variable side is put_item or insert-on-conflict; or, for http-put, the
-- request of the same item, with places for http.lua.  The document is
-- text that comes from the client, as either side would get it; pgbench would take
-- ":true" for a variable, hence the blank.
SELECT CASE :'side'
       WHEN 'put_item' THEN format(
           $$SELECT dynamo.put_item('Bench', format(%L, :c::int, :o::int, :v::int)::dynamo.item);$$,
           replace(replace(replace(replace(item::text, '"BOOL":', '"BOOL": '),
               '"CUSTOMER#0"', '"CUSTOMER#%1$s"'), '"ORDER#0"', '"ORDER#%2$s"'),
               '"version":{"N":"1"}', '"version":{"N":"%3$s"}'))
       WHEN 'http-put' THEN format('{"TableName":"Bench","Item":%s}',
           replace(replace(replace(item::text,
               '"CUSTOMER#0"', '"CUSTOMER#@c"'), '"ORDER#0"', '"ORDER#@p"'),
               '"version":{"N":"1"}', '"version":{"N":"@v"}'))
       ELSE format(
           $$INSERT INTO plain VALUES (format('CUSTOMER#%%s', :c::int), format('ORDER#%%s', :o::int), format(%L, :c::int, :o::int, :v::int)::jsonb) ON CONFLICT (pk, sk) DO UPDATE SET doc = excluded.doc;$$,
           replace(replace(replace(doc::text,
               '"CUSTOMER#0"', '"CUSTOMER#%1$s"'), '"ORDER#0"', '"ORDER#%2$s"'),
               '"version": 1', '"version": %3$s'))
       END
  FROM dynamodb."Bench" b JOIN plain p USING (pk, sk)
 WHERE pk = 'CUSTOMER#0' AND sk = 'ORDER#0';
