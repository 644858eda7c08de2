\set c random(0, :customers - 1)
\set o random(0, 9)
SELECT doc FROM plain WHERE pk = format('CUSTOMER#%s', :c::int) AND sk = format('ORDER#%s', :o::int);
