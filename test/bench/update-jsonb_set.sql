\set c random(0, :customers - 1)
\set o random(0, 9)
UPDATE plain SET doc = jsonb_set(doc, '{version}', to_jsonb((doc ->> 'version')::numeric + 1)) WHERE pk = format('CUSTOMER#%s', :c::int) AND sk = format('ORDER#%s', :o::int) AND (doc ->> 'version')::numeric >= 0;
