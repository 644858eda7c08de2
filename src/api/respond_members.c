/*
 * respond_members.c
 *		Members that responses share.
 *
 * Times are seconds since 1970 with milliseconds, as DynamoDB writes them.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "api/respond_members.h"

void
append_integer(StringInfo out, const char *name, int64 value)
{
	begin_member(out, name);
	appendStringInfo(out, INT64_FORMAT, value);
}

void
append_boolean(StringInfo out, const char *name, bool value)
{
	begin_member(out, name);
	appendStringInfoString(out, value ? "true" : "false");
}

void
append_text(StringInfo out, const char *name, Bytes value)
{
	begin_member(out, name);
	json_append_string(out, value);
}

void
append_cstring(StringInfo out, const char *name, const char *value)
{
	append_text(out, name, bytes_from_cstring(value));
}

/* Seconds since 1970 with three digits; nothing for 0, which is "never". */
void
append_time(StringInfo out, const char *name, TimestampTz time)
{
	int64		milliseconds;

	if (time == 0)
		return;
	milliseconds = (time + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1000;
	begin_member(out, name);
	appendStringInfo(out, INT64_FORMAT ".%03d", milliseconds / 1000,
					 (int) (milliseconds % 1000));
}

/* A list of Bytes *. */
void
append_strings(StringInfo out, const char *name, List *strings)
{
	ListCell   *cell;

	begin_member(out, name);
	appendStringInfoChar(out, '[');
	foreach(cell, strings)
	{
		separate(out);
		json_append_string(out, *(Bytes *) lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

/* ---- of tables ---- */

void
append_table_id(StringInfo out, const pg_uuid_t *id)
{
	const unsigned char *b = id->data;

	begin_member(out, "TableId");
	appendStringInfo(out, "\"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\"",
					 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
					 b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void
append_key_schema(StringInfo out, const KeySchema *key)
{
	begin_member(out, "KeySchema");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		separate(out);
		appendStringInfoChar(out, '{');
		append_text(out, "AttributeName", key->attributes[i].name);
		append_cstring(out, "KeyType", i < key->nhash ? "HASH" : "RANGE");
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

void
append_projection(StringInfo out, const IndexDefinition *index)
{
	begin_member(out, "Projection");
	appendStringInfoChar(out, '{');
	append_cstring(out, "ProjectionType", index_projection_name(index->projection));
	if (index->non_key_attributes != NIL)
		append_strings(out, "NonKeyAttributes", index->non_key_attributes);
	appendStringInfoChar(out, '}');
}

void
append_capacity_units(StringInfo out, int64 read, int64 write)
{
	append_integer(out, "ReadCapacityUnits", read);
	append_integer(out, "WriteCapacityUnits", write);
}

void
append_on_demand_throughput(StringInfo out, int64 max_read, int64 max_write)
{
	if (max_read == 0 && max_write == 0)
		return;
	begin_member(out, "OnDemandThroughput");
	appendStringInfoChar(out, '{');
	if (max_read != 0)
		append_integer(out, "MaxReadRequestUnits", max_read);
	if (max_write != 0)
		append_integer(out, "MaxWriteRequestUnits", max_write);
	appendStringInfoChar(out, '}');
}

const char *
billing_mode_name(BillingMode mode)
{
	return mode == BILLING_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED";
}

int
begin_indexes(StringInfo out, bool local, char bracket)
{
	int			before = out->len;

	begin_member(out, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
	appendStringInfoChar(out, bracket);
	return before;
}

void
end_indexes(StringInfo out, int before, char bracket)
{
	if (out->data[out->len - 1] == bracket)
	{
		out->len = before;
		out->data[before] = '\0';
	}
	else
		appendStringInfoChar(out, bracket == '[' ? ']' : '}');
}
