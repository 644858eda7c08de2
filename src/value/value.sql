-- value: the types dynamo.item and dynamo.attribute_value

-- ---- dynamo.item ----

CREATE TYPE dynamo.item;

CREATE FUNCTION dynamo.item_in(cstring) RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_item_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_in(cstring) IS
    'input of an item from DynamoDB JSON';

CREATE FUNCTION dynamo.item_out(dynamo.item) RETURNS cstring
AS 'MODULE_PATHNAME', 'dynamo_item_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_out(dynamo.item) IS
    'output of an item as DynamoDB JSON';

CREATE FUNCTION dynamo.item_recv(internal) RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_item_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_recv(internal) IS
    'binary input of an item: a version byte and DynamoDB JSON';

CREATE FUNCTION dynamo.item_send(dynamo.item) RETURNS bytea
AS 'MODULE_PATHNAME', 'dynamo_item_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_send(dynamo.item) IS
    'binary output of an item: a version byte and DynamoDB JSON';

CREATE TYPE dynamo.item (
    INPUT = dynamo.item_in,
    OUTPUT = dynamo.item_out,
    RECEIVE = dynamo.item_recv,
    SEND = dynamo.item_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE dynamo.item IS
    'a DynamoDB item: attributes by name; its text form is DynamoDB JSON, {"Artist": {"S": "..."}}';

-- ---- dynamo.attribute_value ----

CREATE TYPE dynamo.attribute_value;

CREATE FUNCTION dynamo.attribute_value_in(cstring) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_in(cstring) IS
    'input of an attribute value from DynamoDB JSON';

CREATE FUNCTION dynamo.attribute_value_out(dynamo.attribute_value) RETURNS cstring
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_out(dynamo.attribute_value) IS
    'output of an attribute value as DynamoDB JSON';

CREATE FUNCTION dynamo.attribute_value_recv(internal) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_recv(internal) IS
    'binary input of an attribute value: a version byte and DynamoDB JSON';

CREATE FUNCTION dynamo.attribute_value_send(dynamo.attribute_value) RETURNS bytea
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_send(dynamo.attribute_value) IS
    'binary output of an attribute value: a version byte and DynamoDB JSON';

CREATE TYPE dynamo.attribute_value (
    INPUT = dynamo.attribute_value_in,
    OUTPUT = dynamo.attribute_value_out,
    RECEIVE = dynamo.attribute_value_recv,
    SEND = dynamo.attribute_value_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE dynamo.attribute_value IS
    'one DynamoDB attribute value; its text form is DynamoDB JSON, {"S": "..."}';

-- ---- size and type ----

CREATE FUNCTION dynamo.item_size(dynamo.item) RETURNS integer
AS 'MODULE_PATHNAME', 'dynamo_item_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_size(dynamo.item) IS
    'size of an item in bytes by DynamoDB''s rule: names and values, at most 409600 in a table';

CREATE FUNCTION dynamo.attribute_type(dynamo.attribute_value) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_attribute_type' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_type(dynamo.attribute_value) IS
    'type of an attribute value: S, N, B, BOOL, NULL, M, L, SS, NS or BS';

-- ---- access ----

-- Operators are found by search_path alone, never by the types of their
-- arguments: they stand in pg_catalog, as those of the built-in types do, so
-- that item ->> 'Title' works whatever the search_path.

CREATE FUNCTION dynamo.item_get(dynamo.item, text) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_value_get' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_get(dynamo.item, text) IS
    'attribute of an item, or NULL';

CREATE OPERATOR pg_catalog.-> (
    LEFTARG = dynamo.item, RIGHTARG = text, FUNCTION = dynamo.item_get
);
COMMENT ON OPERATOR pg_catalog.-> (dynamo.item, text) IS
    'attribute of an item, or NULL';

CREATE FUNCTION dynamo.item_get_text(dynamo.item, text) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_value_get_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_get_text(dynamo.item, text) IS
    'attribute of an item as plain text, or NULL';

CREATE OPERATOR pg_catalog.->> (
    LEFTARG = dynamo.item, RIGHTARG = text, FUNCTION = dynamo.item_get_text
);
COMMENT ON OPERATOR pg_catalog.->> (dynamo.item, text) IS
    'attribute of an item as plain text, or NULL';

CREATE FUNCTION dynamo.item_get_path(dynamo.item, text[]) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_value_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_get_path(dynamo.item, text[]) IS
    'value at a path of names and list indexes, or NULL';

CREATE OPERATOR pg_catalog.#> (
    LEFTARG = dynamo.item, RIGHTARG = text[], FUNCTION = dynamo.item_get_path
);
COMMENT ON OPERATOR pg_catalog.#> (dynamo.item, text[]) IS
    'value at a path of names and list indexes, or NULL';

CREATE FUNCTION dynamo.item_get_path_text(dynamo.item, text[]) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_value_path_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_get_path_text(dynamo.item, text[]) IS
    'value at a path of names and list indexes as plain text, or NULL';

CREATE OPERATOR pg_catalog.#>> (
    LEFTARG = dynamo.item, RIGHTARG = text[], FUNCTION = dynamo.item_get_path_text
);
COMMENT ON OPERATOR pg_catalog.#>> (dynamo.item, text[]) IS
    'value at a path of names and list indexes as plain text, or NULL';

CREATE FUNCTION dynamo.attribute_value_get(dynamo.attribute_value, text) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_value_get' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get(dynamo.attribute_value, text) IS
    'member of a map (M), or NULL';

CREATE OPERATOR pg_catalog.-> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = text, FUNCTION = dynamo.attribute_value_get
);
COMMENT ON OPERATOR pg_catalog.-> (dynamo.attribute_value, text) IS
    'member of a map (M), or NULL';

CREATE FUNCTION dynamo.attribute_value_get_text(dynamo.attribute_value, text) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_value_get_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get_text(dynamo.attribute_value, text) IS
    'member of a map (M) as plain text, or NULL';

CREATE OPERATOR pg_catalog.->> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = text, FUNCTION = dynamo.attribute_value_get_text
);
COMMENT ON OPERATOR pg_catalog.->> (dynamo.attribute_value, text) IS
    'member of a map (M) as plain text, or NULL';

CREATE FUNCTION dynamo.attribute_value_get(dynamo.attribute_value, integer) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_value_element' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get(dynamo.attribute_value, integer) IS
    'element of a list (L) by index from 0, or from its end if negative, or NULL';

CREATE OPERATOR pg_catalog.-> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = integer, FUNCTION = dynamo.attribute_value_get
);
COMMENT ON OPERATOR pg_catalog.-> (dynamo.attribute_value, integer) IS
    'element of a list (L) by index from 0, or from its end if negative, or NULL';

CREATE FUNCTION dynamo.attribute_value_get_text(dynamo.attribute_value, integer) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_value_element_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get_text(dynamo.attribute_value, integer) IS
    'element of a list (L) as plain text, by index from 0, or from its end if negative, or NULL';

CREATE OPERATOR pg_catalog.->> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = integer, FUNCTION = dynamo.attribute_value_get_text
);
COMMENT ON OPERATOR pg_catalog.->> (dynamo.attribute_value, integer) IS
    'element of a list (L) as plain text, by index from 0, or from its end if negative, or NULL';

CREATE FUNCTION dynamo.attribute_value_get_path(dynamo.attribute_value, text[]) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_value_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get_path(dynamo.attribute_value, text[]) IS
    'value at a path of names and list indexes, or NULL';

CREATE OPERATOR pg_catalog.#> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = text[], FUNCTION = dynamo.attribute_value_get_path
);
COMMENT ON OPERATOR pg_catalog.#> (dynamo.attribute_value, text[]) IS
    'value at a path of names and list indexes, or NULL';

CREATE FUNCTION dynamo.attribute_value_get_path_text(dynamo.attribute_value, text[]) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_value_path_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_get_path_text(dynamo.attribute_value, text[]) IS
    'value at a path of names and list indexes as plain text, or NULL';

CREATE OPERATOR pg_catalog.#>> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = text[], FUNCTION = dynamo.attribute_value_get_path_text
);
COMMENT ON OPERATOR pg_catalog.#>> (dynamo.attribute_value, text[]) IS
    'value at a path of names and list indexes as plain text, or NULL';

-- ---- casts ----

CREATE FUNCTION dynamo.item_to_jsonb(dynamo.item) RETURNS jsonb
AS 'MODULE_PATHNAME', 'dynamo_value_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_to_jsonb(dynamo.item) IS
    'plain JSON: numbers as numbers, binaries as base64 text, sets as arrays';

CREATE CAST (dynamo.item AS jsonb) WITH FUNCTION dynamo.item_to_jsonb(dynamo.item) AS ASSIGNMENT;
COMMENT ON CAST (dynamo.item AS jsonb) IS
    'plain JSON: numbers as numbers, binaries as base64 text, sets as arrays';

CREATE FUNCTION dynamo.item_from_jsonb(jsonb) RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_item_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_from_jsonb(jsonb) IS
    'plain JSON as an item: strings as S, numbers as N, arrays as L, objects as M';

CREATE CAST (jsonb AS dynamo.item) WITH FUNCTION dynamo.item_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS dynamo.item) IS
    'plain JSON as an item: strings as S, numbers as N, arrays as L, objects as M';

CREATE FUNCTION dynamo.attribute_value_to_jsonb(dynamo.attribute_value) RETURNS jsonb
AS 'MODULE_PATHNAME', 'dynamo_value_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_to_jsonb(dynamo.attribute_value) IS
    'plain JSON: numbers as numbers, binaries as base64 text, sets as arrays';

CREATE CAST (dynamo.attribute_value AS jsonb) WITH FUNCTION dynamo.attribute_value_to_jsonb(dynamo.attribute_value) AS ASSIGNMENT;
COMMENT ON CAST (dynamo.attribute_value AS jsonb) IS
    'plain JSON: numbers as numbers, binaries as base64 text, sets as arrays';

CREATE FUNCTION dynamo.attribute_value_from_jsonb(jsonb) RETURNS dynamo.attribute_value
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_from_jsonb(jsonb) IS
    'plain JSON as a value: strings as S, numbers as N, arrays as L, objects as M';

CREATE CAST (jsonb AS dynamo.attribute_value) WITH FUNCTION dynamo.attribute_value_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS dynamo.attribute_value) IS
    'plain JSON as a value: strings as S, numbers as N, arrays as L, objects as M';

CREATE FUNCTION dynamo.attribute_value_to_text(dynamo.attribute_value) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_to_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_to_text(dynamo.attribute_value) IS
    'plain text, as ->> gives it: strings as they are, B in base64, containers as plain JSON, NULL as SQL NULL';

CREATE CAST (dynamo.attribute_value AS text) WITH FUNCTION dynamo.attribute_value_to_text(dynamo.attribute_value);
COMMENT ON CAST (dynamo.attribute_value AS text) IS
    'plain text, as ->> gives it: strings as they are, B in base64, containers as plain JSON, NULL as SQL NULL';

CREATE FUNCTION dynamo.attribute_value_to_numeric(dynamo.attribute_value) RETURNS numeric
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_to_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_to_numeric(dynamo.attribute_value) IS
    'the number of a value of type N; NULL as SQL NULL';

CREATE CAST (dynamo.attribute_value AS numeric) WITH FUNCTION dynamo.attribute_value_to_numeric(dynamo.attribute_value);
COMMENT ON CAST (dynamo.attribute_value AS numeric) IS
    'the number of a value of type N; NULL as SQL NULL';

CREATE FUNCTION dynamo.attribute_value_to_boolean(dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_to_boolean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_to_boolean(dynamo.attribute_value) IS
    'the truth value of a value of type BOOL; NULL as SQL NULL';

CREATE CAST (dynamo.attribute_value AS boolean) WITH FUNCTION dynamo.attribute_value_to_boolean(dynamo.attribute_value);
COMMENT ON CAST (dynamo.attribute_value AS boolean) IS
    'the truth value of a value of type BOOL; NULL as SQL NULL';

CREATE FUNCTION dynamo.attribute_value_to_bytea(dynamo.attribute_value) RETURNS bytea
AS 'MODULE_PATHNAME', 'dynamo_attribute_value_to_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_to_bytea(dynamo.attribute_value) IS
    'the bytes of a value of type B; NULL as SQL NULL';

CREATE CAST (dynamo.attribute_value AS bytea) WITH FUNCTION dynamo.attribute_value_to_bytea(dynamo.attribute_value);
COMMENT ON CAST (dynamo.attribute_value AS bytea) IS
    'the bytes of a value of type B; NULL as SQL NULL';

-- ---- comparison of items ----

CREATE FUNCTION dynamo.item_eq(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_eq(dynamo.item, dynamo.item) IS
    'equal: items have one form, so this is equality of bytes';

CREATE FUNCTION dynamo.item_ne(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_ne(dynamo.item, dynamo.item) IS
    'not equal';

CREATE FUNCTION dynamo.item_lt(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_lt(dynamo.item, dynamo.item) IS
    'less in the total order over all items';

CREATE FUNCTION dynamo.item_le(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_le(dynamo.item, dynamo.item) IS
    'less or equal in the total order over all items';

CREATE FUNCTION dynamo.item_gt(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_gt(dynamo.item, dynamo.item) IS
    'greater in the total order over all items';

CREATE FUNCTION dynamo.item_ge(dynamo.item, dynamo.item) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_ge(dynamo.item, dynamo.item) IS
    'greater or equal in the total order over all items';

CREATE FUNCTION dynamo.item_cmp(dynamo.item, dynamo.item) RETURNS integer
AS 'MODULE_PATHNAME', 'dynamo_value_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_cmp(dynamo.item, dynamo.item) IS
    'order of two items: by type, then value';

CREATE FUNCTION dynamo.item_hash(dynamo.item) RETURNS integer
AS 'MODULE_PATHNAME', 'dynamo_value_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_hash(dynamo.item) IS
    'hash';

CREATE FUNCTION dynamo.item_hash_extended(dynamo.item, bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'dynamo_value_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_hash_extended(dynamo.item, bigint) IS
    '64-bit hash with a seed';

CREATE OPERATOR pg_catalog.= (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR pg_catalog.= (dynamo.item, dynamo.item) IS
    'equal: items have one form, so this is equality of bytes';

CREATE OPERATOR pg_catalog.<> (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<> (dynamo.item, dynamo.item) IS
    'not equal';

CREATE OPERATOR pg_catalog.< (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_lt,
    COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR pg_catalog.< (dynamo.item, dynamo.item) IS
    'less in the total order over all items';

CREATE OPERATOR pg_catalog.<= (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_le,
    COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR pg_catalog.<= (dynamo.item, dynamo.item) IS
    'less or equal in the total order over all items';

CREATE OPERATOR pg_catalog.> (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_gt,
    COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR pg_catalog.> (dynamo.item, dynamo.item) IS
    'greater in the total order over all items';

CREATE OPERATOR pg_catalog.>= (
    LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = dynamo.item_ge,
    COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR pg_catalog.>= (dynamo.item, dynamo.item) IS
    'greater or equal in the total order over all items';

CREATE OPERATOR FAMILY dynamo.item_btree_ops USING btree;
COMMENT ON OPERATOR FAMILY dynamo.item_btree_ops USING btree IS
    'total order over items';
CREATE OPERATOR CLASS dynamo.item_btree_ops
DEFAULT FOR TYPE dynamo.item USING btree FAMILY dynamo.item_btree_ops AS
    OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
    FUNCTION 1 dynamo.item_cmp(dynamo.item, dynamo.item);
COMMENT ON OPERATOR CLASS dynamo.item_btree_ops USING btree IS
    'total order over items';

CREATE OPERATOR FAMILY dynamo.item_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY dynamo.item_hash_ops USING hash IS
    'equality of items';
CREATE OPERATOR CLASS dynamo.item_hash_ops
DEFAULT FOR TYPE dynamo.item USING hash FAMILY dynamo.item_hash_ops AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 dynamo.item_hash(dynamo.item),
    FUNCTION 2 dynamo.item_hash_extended(dynamo.item, bigint);
COMMENT ON OPERATOR CLASS dynamo.item_hash_ops USING hash IS
    'equality of items';

-- ---- comparison of attribute values ----

CREATE FUNCTION dynamo.attribute_value_eq(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_eq(dynamo.attribute_value, dynamo.attribute_value) IS
    'equal: attribute values have one form, so this is equality of bytes';

CREATE FUNCTION dynamo.attribute_value_ne(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_ne(dynamo.attribute_value, dynamo.attribute_value) IS
    'not equal';

CREATE FUNCTION dynamo.attribute_value_lt(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_lt(dynamo.attribute_value, dynamo.attribute_value) IS
    'less in the total order over all attribute values';

CREATE FUNCTION dynamo.attribute_value_le(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_le(dynamo.attribute_value, dynamo.attribute_value) IS
    'less or equal in the total order over all attribute values';

CREATE FUNCTION dynamo.attribute_value_gt(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_gt(dynamo.attribute_value, dynamo.attribute_value) IS
    'greater in the total order over all attribute values';

CREATE FUNCTION dynamo.attribute_value_ge(dynamo.attribute_value, dynamo.attribute_value) RETURNS boolean
AS 'MODULE_PATHNAME', 'dynamo_value_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_ge(dynamo.attribute_value, dynamo.attribute_value) IS
    'greater or equal in the total order over all attribute values';

CREATE FUNCTION dynamo.attribute_value_cmp(dynamo.attribute_value, dynamo.attribute_value) RETURNS integer
AS 'MODULE_PATHNAME', 'dynamo_value_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_cmp(dynamo.attribute_value, dynamo.attribute_value) IS
    'order of two attribute values: by type, then value';

CREATE FUNCTION dynamo.attribute_value_hash(dynamo.attribute_value) RETURNS integer
AS 'MODULE_PATHNAME', 'dynamo_value_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_hash(dynamo.attribute_value) IS
    'hash';

CREATE FUNCTION dynamo.attribute_value_hash_extended(dynamo.attribute_value, bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'dynamo_value_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_hash_extended(dynamo.attribute_value, bigint) IS
    '64-bit hash with a seed';

CREATE OPERATOR pg_catalog.= (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR pg_catalog.= (dynamo.attribute_value, dynamo.attribute_value) IS
    'equal: attribute values have one form, so this is equality of bytes';

CREATE OPERATOR pg_catalog.<> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<> (dynamo.attribute_value, dynamo.attribute_value) IS
    'not equal';

CREATE OPERATOR pg_catalog.< (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_lt,
    COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR pg_catalog.< (dynamo.attribute_value, dynamo.attribute_value) IS
    'less in the total order over all attribute values';

CREATE OPERATOR pg_catalog.<= (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_le,
    COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR pg_catalog.<= (dynamo.attribute_value, dynamo.attribute_value) IS
    'less or equal in the total order over all attribute values';

CREATE OPERATOR pg_catalog.> (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_gt,
    COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR pg_catalog.> (dynamo.attribute_value, dynamo.attribute_value) IS
    'greater in the total order over all attribute values';

CREATE OPERATOR pg_catalog.>= (
    LEFTARG = dynamo.attribute_value, RIGHTARG = dynamo.attribute_value, FUNCTION = dynamo.attribute_value_ge,
    COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR pg_catalog.>= (dynamo.attribute_value, dynamo.attribute_value) IS
    'greater or equal in the total order over all attribute values';

CREATE OPERATOR FAMILY dynamo.attribute_value_btree_ops USING btree;
COMMENT ON OPERATOR FAMILY dynamo.attribute_value_btree_ops USING btree IS
    'total order over attribute values';
CREATE OPERATOR CLASS dynamo.attribute_value_btree_ops
DEFAULT FOR TYPE dynamo.attribute_value USING btree FAMILY dynamo.attribute_value_btree_ops AS
    OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
    FUNCTION 1 dynamo.attribute_value_cmp(dynamo.attribute_value, dynamo.attribute_value);
COMMENT ON OPERATOR CLASS dynamo.attribute_value_btree_ops USING btree IS
    'total order over attribute values';

CREATE OPERATOR FAMILY dynamo.attribute_value_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY dynamo.attribute_value_hash_ops USING hash IS
    'equality of attribute values';
CREATE OPERATOR CLASS dynamo.attribute_value_hash_ops
DEFAULT FOR TYPE dynamo.attribute_value USING hash FAMILY dynamo.attribute_value_hash_ops AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 dynamo.attribute_value_hash(dynamo.attribute_value),
    FUNCTION 2 dynamo.attribute_value_hash_extended(dynamo.attribute_value, bigint);
COMMENT ON OPERATOR CLASS dynamo.attribute_value_hash_ops USING hash IS
    'equality of attribute values';
