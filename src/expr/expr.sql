-- expr: conditions, updates and projections on single items, without a table

CREATE FUNCTION dynamo.matches(
    item dynamo.item,
    condition_expression text,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME', 'expr_matches'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.matches(dynamo.item, text, jsonb, dynamo.item) IS
    'whether a condition holds for an item, as in ConditionExpression and FilterExpression; '
    'a NULL item is a missing one (attribute_not_exists is then true), a NULL condition gives NULL';

CREATE FUNCTION dynamo.apply_update(
    item dynamo.item,
    update_expression text,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'expr_update_item'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.apply_update(dynamo.item, text, jsonb, dynamo.item) IS
    'an item after an UpdateExpression; a NULL item is an empty one, a NULL expression gives NULL';

CREATE FUNCTION dynamo.project(
    item dynamo.item,
    projection_expression text,
    expression_attribute_names jsonb DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'expr_project_item'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.project(dynamo.item, text, jsonb) IS
    'the paths of an item that a ProjectionExpression chooses; NULL for a NULL item or expression';

CREATE FUNCTION dynamo.expression_cache_statistics(
    OUT entries bigint, OUT hits bigint, OUT misses bigint, OUT evictions bigint)
RETURNS record
AS 'MODULE_PATHNAME', 'expr_cache_statistics'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.expression_cache_statistics() IS
    'how this session''s cache of parsed expressions does';

CREATE VIEW dynamo.stat_expression_cache AS
    SELECT entries, hits, misses, evictions FROM dynamo.expression_cache_statistics();
COMMENT ON VIEW dynamo.stat_expression_cache IS
    'parsed expressions that this session keeps (at most dynamo.expression_cache_size), how often one was found or had to be parsed, and how many were dropped to make room';
GRANT SELECT ON dynamo.stat_expression_cache TO PUBLIC;
