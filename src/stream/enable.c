/*
 * enable.c
 *		Enabling and disabling the stream of a table.
 *
 * Both are DDL of the table's owner (stream_trigger.c), in his transaction.  The
 * decoding worker is told when that commits.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "storage/lmgr.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "common/clock.h"
#include "common/errors.h"
#include "stream/stream_internal.h"

static void check_server(void);
static void new_label(Oid relid, TimestampTz created, char *label, size_t size);
static void make_label(TimestampTz time, char *label, size_t size);

void
stream_enable(Oid relid, StreamView view)
{
	TableStream stream;
	TimestampTz created = dynamo_now();
	Relation	rel;

	check_server();
	LockRelationOid(relid, ShareRowExclusiveLock);
	if (table_stream_of(relid, &stream))
		validation_error("Table already has an enabled stream");
	stream = (TableStream) {.view = view, .shards = stream_shards};
	new_label(relid, created, stream.label, sizeof(stream.label));
	table_stream_enable(relid, &stream);

	rel = table_open(relid, NoLock);
	if (!stream_enter(rel, &stream, created, (StreamPosition) {0}))
		elog(ERROR, "relation %u has no key", relid);
	table_close(rel, NoLock);
	stream_note_change();
}

void
stream_disable(Oid relid)
{
	TableStream stream;

	LockRelationOid(relid, AccessExclusiveLock);
	if (!table_stream_of(relid, &stream))
		validation_error("Table has no stream to disable");
	table_stream_disable(relid, &stream);
	stream_note_change();
}

/* Raises unless this server can decode, and has a worker that does. */
static void
check_server(void)
{
	if (!stream_decoding)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "Streams are switched off"),
				 errhint("A superuser can allow them: dynamo.stream_decoding = on.")));
	if (wal_level < WAL_LEVEL_LOGICAL)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "A stream needs the server to run with wal_level = logical"),
				 errhint("Set wal_level = logical and restart the server.")));
	if (!background_work_available())
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "A stream needs a background worker for this database"),
				 errhint("It needs dynamo in shared_preload_libraries, and dynamo.databases to name the database.")));
	if (max_replication_slots == 0)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "A stream needs a replication slot"),
				 errhint("Set max_replication_slots to 1 at least and restart the server.")));
}

/* Differs from the labels of the table's older streams. */
static void
new_label(Oid relid, TimestampTz created, char *label, size_t size)
{
	do
	{
		make_label(created, label, size);
		created += 1000;
	} while (stream_of_label(relid, label) != NULL);
}

/* 2026-11-20T07:57:54.072, in UTC. */
static void
make_label(TimestampTz time, char *label, size_t size)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) != 0)
		elog(ERROR, "time out of range");
	snprintf(label, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", tm.tm_year, tm.tm_mon,
			 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (fraction / 1000));
}
