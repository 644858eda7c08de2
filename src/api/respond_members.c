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
append_text(StringInfo out, const char *name, Bytes value)
{
	begin_member(out, name);
	json_append_string(out, value);
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
		append_text(out, "KeyType", bytes_from_cstring(i < key->nhash ? "HASH" : "RANGE"));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

void
append_projection(StringInfo out, const IndexDefinition *index)
{
	begin_member(out, "Projection");
	appendStringInfoChar(out, '{');
	append_text(out, "ProjectionType",
				bytes_from_cstring(index_projection_name(index->projection)));
	if (index->non_key_attributes != NIL)
		append_strings(out, "NonKeyAttributes", index->non_key_attributes);
	appendStringInfoChar(out, '}');
}

void
append_on_demand_throughput(StringInfo out, const TableSettings *settings)
{
	append_request_units(out, settings->max_read_request_units,
						 settings->max_write_request_units);
}

/* OnDemandThroughput; 0 is no maximum. */
void
append_request_units(StringInfo out, int64 max_read, int64 max_write)
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
