/*
 * ttl.c
 *		The worker that deletes items whose time has come.
 *
 * It runs in a database while there are tables whose items expire.  Every
 * dynamo.ttl_naptime it begins a round: what is due at that moment.  The tables
 * take turns of one batch, each a transaction, until all have come to the end of
 * the round, so that a table with much to delete does not hold up the others; and
 * no faster than dynamo.ttl_rate.
 *
 * A batch is deleted as the table's owner, whose triggers and policies take part
 * with the owner's rights and no more.  A table that raises an error, or that
 * somebody has locked, is left to the next round; one that goes on raising errors
 * is tried less and less often, in smaller batches.  A batch that takes too long is
 * such an error, since the other tables wait for it; where that is caught too, the
 * worker ends, and the next one leaves the table until later.
 *
 * The owners' code may leave something in the session that nothing undoes (a
 * connection by dblink), so the worker makes room for a new one now and then.
 *
 * Times are never early: an item of the second n goes when n has passed.  What lies
 * more than five years back is taken for a mistake, as DynamoDB does, and stays.
 */
#include "postgres.h"

#include <limits.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "common/clock.h"
#include "storage/storage.h"
#include "worker/databases.h"
#include "worker/worker.h"

PGDLLEXPORT void dynamo_ttl_main(Datum arg);

#define FIVE_YEARS		(INT64CONST(5) * 1461 * SECS_PER_DAY / 4)
#define MAX_PAUSE		60		/* rounds that a failing table misses at most */
#define MAX_GRACE		5000	/* ms after a cancel */
#define LIFETIME		3600	/* seconds */

typedef struct ExpiringTable
{
	Oid			relid;
	TtlScan		scan;			/* of this round; complete between rounds */
	int			failures;		/* in a row */
	int			pause;			/* rounds that it still misses */
} ExpiringTable;

static int	ttl_naptime = 0;
static int	ttl_batch_size = 0;
static int	ttl_rate = 0;
static int	ttl_batch_timeout = 0;

static MemoryContext batch_context;
static List *tables = NIL;		/* of ExpiringTable * */
static bool tables_changed;		/* perhaps */
static TimestampTz next_batch;	/* by dynamo.ttl_rate */
static TimeoutId end_timeout;	/* for a batch that does not heed its cancel */
static volatile Oid in_hand;	/* the table of the batch */

static void list_tables(void);
static void begin_round(void);
static bool take_turns(void);
static void expire_batch(ExpiringTable *table);
static int	delete_batch(ExpiringTable *table);
static void note_failure(ExpiringTable *table, ErrorData *error);
static void keep_rate(int deleted);
static void rest(long timeout);

void
ttl_settings_init(void)
{
	DefineCustomIntVariable("dynamo.ttl_naptime",
							"Time between looks for expired items.",
							NULL, &ttl_naptime, 1, 1, 3600, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_batch_size",
							"Number of expired items that one transaction deletes.",
							NULL, &ttl_batch_size, 1000, 1, 100000, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_batch_timeout",
							"Time after which such a transaction is given up; 0 means never.",
							NULL, &ttl_batch_timeout, 30000, 0, INT_MAX / 2, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_rate",
							"Number of expired items that are deleted per second in a database; 0 means no limit.",
							NULL, &ttl_rate, 10000, 0, INT_MAX, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}

static void
note_relation_changed(Datum arg, Oid relid)
{
	tables_changed = true;
}

static void
give_up(void)
{
	background_work_give_up(WORK_TTL, in_hand);
}

void
dynamo_ttl_main(Datum arg)
{
	TimestampTz started = GetCurrentTimestamp();

	database_worker_begin(arg, WORK_TTL, "dynamo ttl");
	SetConfigOption("synchronous_commit", "local", PGC_SUSET, PGC_S_OVERRIDE);
	batch_context = AllocSetContextCreate(TopMemoryContext, "dynamo ttl batch",
										  ALLOCSET_DEFAULT_SIZES);
	CacheRegisterRelcacheCallback(note_relation_changed, (Datum) 0);
	end_timeout = RegisterTimeout(USER_TIMEOUT, give_up);
	tables_changed = true;
	while (!ShutdownRequestPending)
	{
		if (tables_changed)
			list_tables();
		if (tables == NIL)
			break;
		begin_round();
		while (take_turns() && !ShutdownRequestPending)
			;
		if (GetCurrentTimestamp() - started > LIFETIME * USECS_PER_SEC)
			break;				/* (the launcher starts another one) */
		rest(ttl_naptime * 1000L);
	}
	proc_exit(0);
}

/* ---- the tables ---- */

static ExpiringTable *
known_table(List *known, Oid relid)
{
	ListCell   *cell;

	foreach(cell, known)
		if (((ExpiringTable *) lfirst(cell))->relid == relid)
			return lfirst(cell);
	return NULL;
}

static ExpiringTable *
new_table(Oid relid)
{
	ExpiringTable *table = palloc0_object(ExpiringTable);

	table->relid = relid;
	table->scan.complete = true;
	if (background_work_was_given_up(relid))
	{
		table->failures = MAX_PAUSE;
		table->pause = MAX_PAUSE;
	}
	return table;
}

/* The list anew; what is known of tables that are still there stays. */
static void
list_tables(void)
{
	List	   *found;
	List	   *known = tables;
	ListCell   *cell;

	tables_changed = false;
	/* Tables that come from here on ask for a worker of their own, if there are none yet. */
	background_work_begin(WORK_TTL);
	tables = NIL;
	if (!begin_step(batch_context))
		return;
	found = ttl_table_list();
	MemoryContextSwitchTo(TopMemoryContext);
	foreach(cell, found)
	{
		ExpiringTable *table = known_table(known, lfirst_oid(cell));

		tables = lappend(tables, table != NULL ? table : new_table(lfirst_oid(cell)));
	}
	MemoryContextSwitchTo(batch_context);
	end_step();
	if (tables != NIL)
		background_work_go_on(WORK_TTL);

	foreach(cell, known)
		if (!list_member_ptr(tables, lfirst(cell)))
			pfree(lfirst(cell));
	list_free(known);
	MemoryContextReset(batch_context);
}

/* ---- rounds ---- */

static void
begin_round(void)
{
	int64		now = dynamo_now_seconds();
	ListCell   *cell;

	foreach(cell, tables)
	{
		ExpiringTable *table = lfirst(cell);

		if (table->pause > 0)
		{
			table->pause--;
			continue;
		}
		table->scan = (TtlScan) {.first = now - FIVE_YEARS, .last = now - 1};
		ItemPointerSetInvalid(&table->scan.last_row);
	}
}

/* One batch of each table that has not come to its end; false if all have. */
static bool
take_turns(void)
{
	bool		more = false;
	ListCell   *cell;

	foreach(cell, tables)
	{
		ExpiringTable *table = lfirst(cell);

		if (ShutdownRequestPending)
			return false;
		if (!table->scan.complete)
			expire_batch(table);
		more = more || !table->scan.complete;
	}
	return more;
}

/* ---- a batch ---- */

static void
expire_batch(ExpiringTable *table)
{
	volatile int deleted = 0;

	if (!ShutdownRequestPending)
		QueryCancelPending = false; /* it came while nothing ran */
	PG_TRY();
	{
		deleted = delete_batch(table);
		table->failures = 0;
	}
	PG_CATCH();
	{
		disable_all_timeouts(false);
		note_failure(table, abort_step(batch_context));
	}
	PG_END_TRY();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	MemoryContextReset(batch_context);
	keep_rate(deleted);
}

/* InvalidOid if the relation is gone. */
static Oid
owner_of(Oid relid)
{
	HeapTuple	row = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(row))
	{
		owner = ((Form_pg_class) GETSTRUCT(row))->relowner;
		ReleaseSysCache(row);
	}
	return owner;
}

/* Several batches per second, so that the rate is kept evenly. */
static int
batch_size(const ExpiringTable *table)
{
	int			size = ttl_rate == 0 ? ttl_batch_size : Min(ttl_batch_size, ttl_rate / 5);

	return Max(1, size >> Min(table->failures, 20));
}

/* In a transaction of its own; how many items it has deleted. */
static int
delete_batch(ExpiringTable *expiring)
{
	DynamoTable *table = NULL;
	char	   *schema = NULL;
	int			deleted = 0;
	ActingRole	self;
	Oid			owner;

	if (!begin_step(batch_context))
	{
		expiring->scan.complete = true;
		return 0;
	}
	in_hand = expiring->relid;
	if (ttl_batch_timeout > 0)
	{
		enable_timeout_after(STATEMENT_TIMEOUT, ttl_batch_timeout);
		enable_timeout_after(end_timeout, ttl_batch_timeout + Min(ttl_batch_timeout, MAX_GRACE));
	}
	owner = owner_of(expiring->relid);
	if (OidIsValid(owner))
	{
		act_as_role(owner, &self);
		table = ttl_table_open(expiring->relid);
		if (table != NULL)
		{
			schema = get_namespace_name(RelationGetNamespace(table->rel));
			pgstat_report_activity(STATE_RUNNING, psprintf("expired items of %s", table->name));
			deleted = ttl_table_expire(table, &expiring->scan, batch_size(expiring));
			dynamo_table_close(table);
		}
		act_as_self(&self);
	}
	if (table == NULL)
		expiring->scan.complete = true;
	disable_all_timeouts(false);
	end_step();
	if (deleted > 0)
		statistics_count_expired(schema, table->name, deleted);
	return deleted;
}

/* Without DETAIL, which may show items. */
static void
note_failure(ExpiringTable *table, ErrorData *error)
{
	table->scan.complete = true;
	if (ShutdownRequestPending)
		return;
	ereport(LOG,
			(errcode(error->sqlerrcode), errhidestmt(true),
			 errmsg_internal("%s", error->message),
			 errcontext("dynamo ttl, relation %u", table->relid)));
	table->pause = Min(1 << Min(table->failures, 10), MAX_PAUSE);
	table->failures++;
}

/* ---- waiting ---- */

/* So many milliseconds, unless there is to be an end. */
static void
rest(long timeout)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout);

	while (!ShutdownRequestPending && timeout > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		if (ConfigReloadPending)
		{
			database_worker_reload();
			return;
		}
		if (ProcSignalBarrierPending)
			ProcessProcSignalBarrier();
		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
	}
}

/* After so many deletions: waits until the next ones may come. */
static void
keep_rate(int deleted)
{
	TimestampTz now = GetCurrentTimestamp();

	if (ttl_rate == 0 || deleted == 0)
		return;
	next_batch = Max(next_batch, now - USECS_PER_SEC / 10) +
		deleted * USECS_PER_SEC / ttl_rate;
	if (next_batch > now)
		rest((next_batch - now) / 1000);
}
