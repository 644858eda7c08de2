-- outcome(operation, request): the response, or SQLSTATE and message.
\set ECHO none
CREATE FUNCTION outcome(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call(operation, request::json);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION outcome(operation text, request json) RETURNS text LANGUAGE sql AS
    'SELECT outcome(operation, request::text)';
\set ECHO all
