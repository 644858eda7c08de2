-- common: the encoding that the item format relies on, and the exceptions

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'dynamo needs a database with encoding UTF8, this one has %',
            pg_catalog.getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0 makes one.';
    END IF;
END
$$;

CREATE FUNCTION dynamo.exceptions(
    OUT sqlstate text, OUT exception text, OUT http_status integer, OUT description text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'dynamo_exceptions'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.exceptions() IS
    'the exceptions of the DynamoDB API with the SQLSTATE that each is raised as';
