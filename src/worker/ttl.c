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
 * with the owner's rights and no more.  The items of one that fails are deleted one
 * by one, each in a transaction of its own, since what the owner has deferred fails
 * at the end of it only.  Items that fail so are passed over: the rounds that follow
 * begin behind the last of them, and only now and then, less and less often, one
 * with the oldest items again.  A table where too much fails in a round, or where no
 * item is at fault, is left for some rounds and goes on where it was; one that
 * somebody has locked, to the next round.
 *
 * A batch that takes too long fails, too, since the other tables wait for it.  Where
 * that is caught, the worker ends, and the next one goes on with the table later, and
 * behind the item if there was but one.
 *
 * The owners' code may leave something in the session that nothing undoes (a
 * connection by dblink), so the worker makes room for a new one now and then; and for
 * others that wait for its place, when each table has had its batch.  The next one goes on
 * where this one was (ttl_progress.c), unless somebody has ended it by SIGTERM: then all is
 * tried again.
 *
 * Times are never early: an item of the second n goes when n has passed.  What lies
 * more than five years back is taken for a mistake, as DynamoDB does, and stays.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
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
#include "utils/timeout.h"

#include "common/clock.h"
#include "storage/storage.h"
#include "worker/databases.h"
#include "worker/worker.h"

PGDLLEXPORT void dynamo_ttl_main(Datum arg);

#define FIVE_YEARS		(INT64CONST(5) * 1461 * SECS_PER_DAY / 4)
#define MAX_PAUSE		60		/* rounds that a failing table misses at most */
#define MAX_PAUSES		8 /* of a table that stands still, for which no item is blamed */
#define MAX_FAILURES	100 /* items that may fail in a round */
#define MAX_GRACE		5000	/* ms after a cancel */
#define LIFETIME		3600	/* seconds */
#define ENDLESS_PAUSE	3600 /* seconds before an item whose deletion has not ended is tried again */

typedef struct ExpiringTable
{
	Oid			relid;
	const char *schema;			/* in the batch's memory */
	const char *name;
	TtlScan		scan;			/* of this round; complete between rounds */
	int			failed;			/* items, in this round */
	TtlProgress progress;		/* outlives the worker */
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
static ExpiringTable *in_hand;	/* the table of the batch, or NULL */
static TtlScan before;			/* where the batch begins */
static volatile sig_atomic_t given_up; /* the batch */

static void list_tables(void);
static void report_endless(const ExpiringTable *table);
static void count_failure(Oid relid);
static void leave_tables(int code, Datum arg);
static void begin_round(void);
static void begin_scan(ExpiringTable *table, int64 now);
static bool take_turns(void);
static void expire_batch(ExpiringTable *table);
static int	delete_batch(ExpiringTable *table);
static void note_failure(ExpiringTable *table, const ErrorData *error, bool timed_out);
static void note_end(ExpiringTable *table);
static void break_off(ExpiringTable *table);
static void leave(ExpiringTable *table);
static void keep_rate(int items);
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
	given_up = true;
	background_work_give_up(WORK_TTL, in_hand->relid);
}

static bool
is_to_end(void)
{
	return ShutdownRequestPending || background_work_turn_is_over();
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
	before_shmem_exit(leave_tables, (Datum) 0);
	tables_changed = true;
	/* (no turn is over before it has come to something) */
	do
	{
		if (tables_changed)
			list_tables();
		if (tables == NIL)
			break;
		begin_round();
		while (take_turns() && !is_to_end())
			;
		if (GetCurrentTimestamp() - started > LIFETIME * USECS_PER_SEC)
			break;				/* (the launcher starts another one) */
		rest(ttl_naptime * 1000L);
	} while (!is_to_end());
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
	(void) ttl_progress_take(relid, &table->progress);
	if (background_work_was_given_up(relid))
	{
		table->progress.pause = MAX_PAUSE;
		report_endless(table);
	}
	return table;
}

/* What the worker before this one could not end. */
static void
report_endless(const ExpiringTable *table)
{
	ereport(WARNING,
			(errcode(ERRCODE_QUERY_CANCELED), errhidestmt(true),
			 errmsg("code of the owner of relation %u did not end within dynamo.ttl_batch_timeout",
					table->relid),
			 errdetail("%d expired items were to be deleted.", table->progress.behind.looked_at)));
	if (table->progress.behind.looked_at == 1)
		count_failure(table->relid);
}

static void
count_failure(Oid relid)
{
	char	   *relname = get_rel_name(relid);
	char	   *schema = get_namespace_name(get_rel_namespace(relid));

	if (relname != NULL && schema != NULL)
		statistics_count_expired(schema, bytes_to_cstring(table_full_name(relid, relname)), 0, 1);
}

/* The list anew; what is known of tables that are still there stays. */
static void
list_tables(void)
{
	List	   *found;
	List	   *known = tables;
	List	   *listed = NIL;
	ListCell   *cell;

	tables_changed = false;
	/* Tables that come from here on ask for a worker of their own, if there are none yet. */
	background_work_begin(WORK_TTL);
	if (!begin_step(batch_context))
	{
		tables = NIL;
		ttl_progress_forget(MyDatabaseId);
		return;
	}
	found = ttl_table_list();
	MemoryContextSwitchTo(TopMemoryContext);
	foreach(cell, found)
	{
		ExpiringTable *table = known_table(known, lfirst_oid(cell));

		listed = lappend(listed, table != NULL ? table : new_table(lfirst_oid(cell)));
	}
	tables = listed;
	MemoryContextSwitchTo(batch_context);
	end_step();
	ttl_progress_forget(MyDatabaseId);
	if (tables != NIL)
		background_work_go_on(WORK_TTL);

	foreach(cell, known)
		if (!list_member_ptr(tables, lfirst(cell)))
			pfree(lfirst(cell));
	list_free(known);
	MemoryContextReset(batch_context);
}

/* ---- the next worker ---- */

/* What has begun with one item alone is passed over by it. */
static void
note_endless(ExpiringTable *table)
{
	TtlProgress *progress = &table->progress;
	int			looked_at = table->scan.looked_at;

	progress->pause = MAX_PAUSE;
	if (looked_at == 1)
	{
		table->scan.complete = true;
		progress->behind = table->scan;
		progress->any_failed = true;
		progress->retry_in = Max(1, ENDLESS_PAUSE / ttl_naptime);
	}
	else
	{
		table->scan = before;
		break_off(table);
		progress->behind.looked_at = looked_at;
		progress->one_by_one = looked_at;
	}
}

static void
leave_tables(int code, Datum arg)
{
	ListCell   *cell;

	if (ShutdownRequestPending)
		return;
	if (in_hand != NULL && given_up)
		note_endless(in_hand);
	else if (in_hand != NULL)
		in_hand->scan = before;
	foreach(cell, tables)
	{
		ExpiringTable *table = lfirst(cell);
		const TtlProgress *progress = &table->progress;

		if (!table->scan.complete)
			break_off(table);
		if (progress->any_failed || progress->broken_off || progress->pause > 0)
			ttl_progress_leave(table->relid, progress);
	}
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

		if (table->progress.pause > 0)
			table->progress.pause--;
		else
			begin_scan(table, now);
	}
}

static void
begin_scan(ExpiringTable *table, int64 now)
{
	if (!table->progress.broken_off && table->progress.retry_in > 0)
		table->progress.retry_in--;
	if (table->progress.broken_off || table->progress.retry_in > 0)
		table->scan = table->progress.behind;
	else
	{
		memset(&table->scan, 0, sizeof(table->scan));
		table->progress.any_failed = false;
	}
	table->scan.oldest = now - FIVE_YEARS;
	table->scan.latest = now - 1;
	table->scan.complete = false;
	table->progress.broken_off = false;
	table->failed = 0;
}

/*
 * One batch of each table that has not come to its end; false if all have.  None is
 * left out to make room for others: the next worker would begin with the first again.
 */
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
	volatile int used = 0;

	if (!ShutdownRequestPending)
		QueryCancelPending = false; /* it came while nothing ran */
	table->name = NULL;
	table->scan.looked_at = 0;
	before = table->scan;
	given_up = false;
	in_hand = table;
	PG_TRY();
	{
		used = delete_batch(table);
		table->progress.one_by_one = Max(table->progress.one_by_one - 1, 0);
		if (table->scan.looked_at > 0)
			table->progress.pauses = 0;
	}
	PG_CATCH();
	{
		bool timed_out = get_timeout_active(end_timeout) &&
			!get_timeout_active(STATEMENT_TIMEOUT);

		disable_all_timeouts(false);
		note_failure(table, abort_step(batch_context), timed_out);
		used = table->scan.looked_at;
	}
	PG_END_TRY();
	in_hand = NULL;
	if (table->scan.complete && !table->progress.broken_off)
		note_end(table);
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	MemoryContextReset(batch_context);
	keep_rate(used);
}

/* Several batches per second, so that the rate is kept evenly. */
static int
batch_size(const ExpiringTable *table)
{
	if (table->progress.one_by_one > 0)
		return 1;
	return Max(1, ttl_rate == 0 ? ttl_batch_size : Min(ttl_batch_size, ttl_rate / 5));
}

/* In a transaction of its own; how many items it has deleted. */
static int
delete_batch(ExpiringTable *expiring)
{
	DynamoTable *table = NULL;
	int			deleted = 0;
	ActingRole	self;
	Oid			owner;

	if (!begin_step(batch_context))
	{
		expiring->scan.complete = true;
		return 0;
	}
	if (ttl_batch_timeout > 0)
	{
		enable_timeout_after(STATEMENT_TIMEOUT, ttl_batch_timeout);
		enable_timeout_after(end_timeout, ttl_batch_timeout + Min(ttl_batch_timeout, MAX_GRACE));
	}
	owner = relation_owner(expiring->relid);
	if (OidIsValid(owner))
	{
		act_as_role(owner, &self);
		table = ttl_table_open(expiring->relid);
		if (table != NULL)
		{
			expiring->schema = get_namespace_name(RelationGetNamespace(table->rel));
			expiring->name = pstrdup(table->name);
			pgstat_report_activity(STATE_RUNNING, psprintf("expired items of %s", table->name));
			deleted = ttl_table_expire(table, &expiring->scan, batch_size(expiring));
			dynamo_table_close(table);
		}
		act_as_self(&self);
	}
	if (table == NULL)
		break_off(expiring);
	disable_all_timeouts(false);
	end_step();
	if (deleted > 0)
		statistics_count_expired(expiring->schema, expiring->name, deleted, 0);
	return deleted;
}

/* ---- failures ---- */

/* Whether the items or the owner's code may be at fault; in the end nothing else is. */
static bool
is_of_items(const ExpiringTable *table, const ErrorData *error, bool timed_out)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (table->scan.looked_at == 0)
		return false;
	return timed_out || table->progress.pauses >= MAX_PAUSES ||
		(category != ERRCODE_INSUFFICIENT_RESOURCES &&
		 category != ERRCODE_OPERATOR_INTERVENTION &&
		 category != ERRCODE_SYSTEM_ERROR);
}

/*
 * Only where nobody else's code has run the message is what the server says; else it may
 * show items.
 */
static void
log_failure(const ExpiringTable *table, const ErrorData *error)
{
	if (table->scan.looked_at == 0)
		ereport(WARNING,
				(errcode(error->sqlerrcode), errhidestmt(true),
				 errmsg_internal("%s", error->message),
				 errcontext("dynamo ttl, relation %u", table->relid)));
	else
		ereport(WARNING,
				(errcode(error->sqlerrcode), errhidestmt(true),
				 errmsg("expired items of table \"%s.%s\" could not be deleted: SQLSTATE %s",
						table->schema, table->name, unpack_sql_state(error->sqlerrcode)),
				 errdetail("They are passed over, and tried again later."),
				 errhint("DELETE by the table's owner shows the error.")));
}

/* A batch has failed; logged once per round. */
static void
note_failure(ExpiringTable *table, const ErrorData *error, bool timed_out)
{
	int			looked_at = table->scan.looked_at;
	bool		of_items = is_of_items(table, error, timed_out);

	if (ShutdownRequestPending)
	{
		table->scan.complete = true;
		return;
	}
	if (of_items && looked_at == 1)
	{
		if (table->failed++ == 0)
			log_failure(table, error);
		statistics_count_expired(table->schema, table->name, 0, 1);
		table->progress.one_by_one = Max(table->progress.one_by_one - 1, 0);
		table->progress.any_failed = true;
		table->progress.behind = table->scan;
	}
	else
	{
		if (!of_items)
			log_failure(table, error);
		table->scan = before;
		table->scan.looked_at = looked_at;
		table->progress.one_by_one = of_items ? looked_at : 0;
	}
	if (!of_items || timed_out || table->failed >= MAX_FAILURES)
		leave(table);
}

/* The next round goes on there. */
static void
break_off(ExpiringTable *table)
{
	table->progress.behind = table->scan;
	table->progress.broken_off = true;
	table->scan.complete = true;
}

/* And that after a time that doubles as long as nothing succeeds. */
static void
leave(ExpiringTable *table)
{
	break_off(table);
	table->progress.pause = Min(1 << Min(table->progress.pauses, 10), MAX_PAUSE);
	table->progress.pauses++;
}

/* All items have been looked at, or all behind those that are passed over. */
static void
note_end(ExpiringTable *table)
{
	table->progress.one_by_one = 0;
	if (!table->progress.any_failed)
		table->progress.retries = 0;
	else if (table->progress.retry_in == 0)
	{
		table->progress.retry_in = Min(2 << Min(table->progress.retries, 10), MAX_PAUSE);
		table->progress.retries++;
	}
}

/* ---- waiting ---- */

/* So many milliseconds, unless there is to be an end. */
static void
rest(long timeout)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout);

	while (!is_to_end() && timeout > 0)
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

/* After so many items: waits until the next ones may come. */
static void
keep_rate(int items)
{
	TimestampTz now = GetCurrentTimestamp();

	if (ttl_rate == 0 || items == 0)
		return;
	next_batch = Max(next_batch, now - USECS_PER_SEC / 10) +
		items * USECS_PER_SEC / ttl_rate;
	if (next_batch > now)
		rest((next_batch - now) / 1000);
}
