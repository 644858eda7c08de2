-- worker: what has been counted

CREATE FUNCTION dynamo.request_statistics(
    OUT schema_name text, OUT table_name text, OUT operation text,
    OUT succeeded bigint, OUT condition_failures bigint, OUT conflicts bigint,
    OUT denied bigint, OUT client_errors bigint, OUT server_errors bigint,
    OUT consumed_units double precision, OUT total_time double precision,
    OUT latency_histogram bigint[], OUT ttl_deleted_items bigint,
    OUT ttl_failed_items bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'dynamo_request_statistics'
LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.request_statistics() IS
    'requests in this database since server start or the last reset, by table and operation; times in milliseconds';

CREATE FUNCTION dynamo.reset_request_statistics() RETURNS void
AS 'MODULE_PATHNAME', 'dynamo_reset_request_statistics'
LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
REVOKE ALL ON FUNCTION dynamo.reset_request_statistics() FROM PUBLIC;
COMMENT ON FUNCTION dynamo.reset_request_statistics() IS
    'sets the counters behind dynamo.request_statistics() to zero';

CREATE FUNCTION dynamo.latency_bounds() RETURNS double precision[]
AS 'MODULE_PATHNAME', 'dynamo_latency_bounds'
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.latency_bounds() IS
    'upper bounds in milliseconds of the buckets of latency_histogram; the last bucket has none';

CREATE VIEW dynamo.stat_operations AS
    SELECT schema_name, table_name, operation,
           succeeded + condition_failures + conflicts + denied + client_errors + server_errors AS requests,
           succeeded, condition_failures, conflicts, denied, client_errors, server_errors,
           consumed_units, total_time,
           total_time / nullif(succeeded + condition_failures + conflicts + denied
                               + client_errors + server_errors, 0) AS mean_time,
           latency_histogram
    FROM dynamo.request_statistics()
    WHERE operation <> '';
COMMENT ON VIEW dynamo.stat_operations IS
    'requests by table and operation, over HTTP and by SQL functions; table_name is empty where none was named or it does not exist';

CREATE VIEW dynamo.stat_tables AS
    SELECT schema_name, table_name, requests, succeeded, condition_failures, conflicts, denied,
           client_errors, server_errors, consumed_units, total_time,
           total_time / nullif(requests, 0) AS mean_time, ttl_deleted_items, ttl_failed_items
    FROM (SELECT schema_name, table_name,
                 sum(succeeded + condition_failures + conflicts + denied
                     + client_errors + server_errors)::bigint AS requests,
                 sum(succeeded)::bigint AS succeeded,
                 sum(condition_failures)::bigint AS condition_failures,
                 sum(conflicts)::bigint AS conflicts, sum(denied)::bigint AS denied,
                 sum(client_errors)::bigint AS client_errors,
                 sum(server_errors)::bigint AS server_errors,
                 sum(consumed_units) AS consumed_units, sum(total_time) AS total_time,
                 sum(ttl_deleted_items)::bigint AS ttl_deleted_items,
                 sum(ttl_failed_items)::bigint AS ttl_failed_items
          FROM dynamo.request_statistics()
          GROUP BY schema_name, table_name) AS s;
COMMENT ON VIEW dynamo.stat_tables IS 'requests by table, items that have expired, and how often one could not be deleted then; a request that names several tables counts for each of them';
GRANT SELECT ON dynamo.stat_operations, dynamo.stat_tables TO PUBLIC;
