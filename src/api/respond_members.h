/*
 * respond_members.h
 *		The members that responses are made of.
 *
 * Objects are written member by member into `out`: each begins with a comma
 * unless the object or array has just been opened.
 */
#ifndef DYNAMO_RESPOND_MEMBERS_H
#define DYNAMO_RESPOND_MEMBERS_H

#include "lib/stringinfo.h"
#include "utils/uuid.h"

#include "ops/ops.h"

static inline void
separate(StringInfo out)
{
	char		last = out->data[out->len - 1];

	if (last != '{' && last != '[')
		appendStringInfoChar(out, ',');
}

/* The name of a member; its value is to follow. */
static inline void
begin_member(StringInfo out, const char *name)
{
	separate(out);
	appendStringInfo(out, "\"%s\":", name);
}

extern void append_integer(StringInfo out, const char *name, int64 value);
extern void append_boolean(StringInfo out, const char *name, bool value);
extern void append_text(StringInfo out, const char *name, Bytes value);
extern void append_cstring(StringInfo out, const char *name, const char *value);
/* Nothing for 0, which is "never". */
extern void append_time(StringInfo out, const char *name, TimestampTz time);
/* A list of Bytes *. */
extern void append_strings(StringInfo out, const char *name, List *strings);

/* ---- of tables ---- */

extern void append_table_id(StringInfo out, const pg_uuid_t *id);
extern void append_key_schema(StringInfo out, const KeySchema *key);
extern void append_projection(StringInfo out, const IndexDefinition *index);
/* ReadCapacityUnits and WriteCapacityUnits. */
extern void append_capacity_units(StringInfo out, int64 read, int64 write);
/* OnDemandThroughput; 0 is no maximum, and nothing if there is none. */
extern void append_on_demand_throughput(StringInfo out, int64 max_read, int64 max_write);
extern const char *billing_mode_name(BillingMode mode);

/*
 * LocalSecondaryIndexes or GlobalSecondaryIndexes, an array or an object
 * (`bracket`), whose elements are written in between; a member that has got
 * none is taken back.  begin_indexes() returns what end_indexes() wants to know.
 */
extern int begin_indexes(StringInfo out, bool local, char bracket);
extern void end_indexes(StringInfo out, int before, char bracket);

#endif							/* DYNAMO_RESPOND_MEMBERS_H */
