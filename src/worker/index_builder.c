/*
 * index_builder.c
 *		The worker that makes and deletes secondary indexes of tables in use.
 *
 * It goes round all builds of its database, one step of each at a time, until none
 * is left; storage/index_online.c knows the steps.  A step is a transaction, or a
 * utility command that needs more than one (CREATE and DROP INDEX CONCURRENTLY).
 * What ends a step, a crash too, leaves the build as it was before, and whoever
 * comes next goes on from there.
 *
 * The commands wait for transactions of others, for as long as those take.  While one
 * does and there are other builds, another worker (dynamo.index_builders) goes round
 * those.  A table is in the hands of one at a time; one that finds nothing else to do
 * ends.
 *
 * Nobody is to wait for it for long, nor it for a table that is in use: that is locked
 * if the lock can be had within dynamo.index_lock_timeout, else later; rows are locked
 * for one batch; a request to delete the index, and a command that alters or drops the
 * table, cancel what it does (databases.c).  dynamo.backfill_rate leaves room for
 * others.
 *
 * Code of the owner (functions of indexes, constraints, triggers that are always enabled)
 * runs while columns are filled.  A batch that takes too long is cancelled, which is an
 * error like others; where the code catches that too, the worker ends, and the next one
 * takes up the other builds first.
 *
 * Steps run with the rights of the table's owner.  Filling columns changes no item,
 * so the owner's ordinary triggers and rules do not see it, and FORCE ROW LEVEL
 * SECURITY hides no row from it.  The utility commands cannot, but they switch to
 * the owner themselves.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "common/compat.h"
#include "common/errors.h"
#include "storage/storage.h"
#include "worker/databases.h"
#include "worker/worker.h"

PGDLLEXPORT void dynamo_index_builder_main(Datum arg);

#define RETRY_DELAY			1000	/* ms, after a lock that could not be had */
#define MAX_RETRY_DELAY		60000	/* after errors; it doubles with each */
#define MAX_PAUSE			60000
#define MAX_GRACE			5000	/* ms after a cancel */

static int	batch_size = 0;
static int	rate = 0;			/* items per second, 0: as fast as it goes */
static int	batch_timeout = 0;	/* ms */
static int	lock_timeout = 0;	/* ms */

int index_builders = 0;

static BackgroundWork builder;	/* which of them this is */
static bool shared;				/* there are other builds in this round */
static MemoryContext build_context; /* of a round */
static TimeoutId end_timeout;	/* for a batch that does not heed its cancel */
static volatile Oid in_hand;	/* the table that is filled */

static List *not_taken(List *builds);
static void put_off_unfinished(List *builds);
static bool work_on(IndexBuild *build);
static bool run_step(IndexBuild *build);
static bool do_step(IndexBuild *build);
static void do_phase(IndexBuild *build);
static void fill(IndexBuild *build);
static bool ended_by_timeout(void);
static void run_command(Node *command);
static void act_as_owner(Oid relid, ActingRole *self);
static void set_until(GucAction action, const char *name, const char *value);
static void record_failure(IndexBuild *build, const ErrorData *error, bool timed_out);
static void note_failure(IndexBuild *build, const ErrorData *error, bool timed_out);
static void count_failure(IndexBuild *build, int sqlstate, const char *message,
						  const char *logged);
static void pause_until_due(const List *builds);
static void sleep_until(TimestampTz end);

void
index_builder_settings_init(void)
{
	DefineCustomIntVariable("dynamo.backfill_batch_size",
							"Items of a transaction that fills the columns of a new index.",
							NULL, &batch_size, 500, 1, 100000, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.backfill_rate",
							"Items per second whose columns are filled for new indexes.",
							"0 means as many as it gets.",
							&rate, 20000, 0, INT_MAX, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.backfill_batch_timeout",
							"Time after which a transaction that fills the columns of a new index is given up; 0 means never.",
							NULL, &batch_timeout, 30000, 0, INT_MAX / 2, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.index_builders",
							"Number of workers of a database that make and delete indexes, at most.",
							NULL, &index_builders, 2, 1, MAX_INDEX_BUILDERS, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.index_lock_timeout",
							"How long a step of making or deleting an index waits for a table that is in use, before it tries again.",
							NULL, &lock_timeout, 100, 1, 60000, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

static void
give_up(void)
{
	background_work_give_up(builder, in_hand);
}

void
dynamo_index_builder_main(Datum arg)
{
	bool		first = true;

	builder = work_of_worker();
	database_worker_begin(arg, builder, "dynamo index builder");
	build_context = AllocSetContextCreate(TopMemoryContext, "dynamo index build",
										  ALLOCSET_DEFAULT_SIZES);
	end_timeout = RegisterTimeout(USER_TIMEOUT, give_up);
	while (!ShutdownRequestPending)
	{
		List	   *builds;
		bool		advanced = false;
		ListCell   *cell;

		/* Indexes that are recorded from here on ask for a worker of their own. */
		background_work_begin(builder);
		if (!begin_step(build_context))
			break;
		builds = index_build_list();
		if (first)
			put_off_unfinished(builds);
		first = false;
		end_step();
		shared = list_length(builds) > 1;
		builds = not_taken(builds);
		if (builds == NIL)
			break;
		background_work_go_on(builder);
		foreach(cell, builds)
			advanced |= work_on(lfirst(cell));
		if (!advanced)
			pause_until_due(builds);
		MemoryContextReset(build_context);
		if (ConfigReloadPending)
			database_worker_reload();
	}
	proc_exit(0);
}

static List *
not_taken(List *builds)
{
	List	   *mine = NIL;
	ListCell   *cell;

	foreach(cell, builds)
		if (!background_work_is_taken(builder, ((IndexBuild *) lfirst(cell))->relid))
			mine = lappend(mine, lfirst(cell));
	return mine;
}

/*
 * What the worker before this one had to leave; but not of a table that somebody
 * has for himself (record_failure() says why).
 */
static void
put_off_unfinished(List *builds)
{
	static const char endless[] =
		"code of the table's owner did not end within dynamo.backfill_batch_timeout";
	ListCell   *cell;

	foreach(cell, builds)
	{
		IndexBuild *build = lfirst(cell);

		if (!background_work_was_given_up(build->relid) || build->phase > BUILD_FILL ||
			!ConditionalLockRelationOid(build->relid, AccessShareLock))
			continue;
		count_failure(build, ERRCODE_QUERY_CANCELED, endless, endless);
		build->next_attempt = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), MAX_RETRY_DELAY);
		index_build_write(build);
	}
}

/* ---- a step of a build ---- */

/* False if nothing can be done for it now; sets when to try again. */
static bool
work_on(IndexBuild *build)
{
	TimestampTz start = GetCurrentTimestamp();
	int64		items = build->items_done;
	bool		advanced;

	if (ShutdownRequestPending || build->next_attempt > start)
		return false;
	QueryCancelPending = false; /* it was meant for another step */
	if (!background_work_on(builder, build->relid))
	{
		build->next_attempt = TimestampTzPlusMilliseconds(start, RETRY_DELAY);
		return false;
	}
	advanced = run_step(build);
	background_work_on(builder, InvalidOid);
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	if (rate > 0 && build->items_done > items)
		sleep_until(start + (build->items_done - items) * USECS_PER_SEC / rate);
	return advanced;
}

static bool
run_step(IndexBuild *build)
{
	volatile bool advanced = false;

	PG_TRY();
	{
		advanced = do_step(build);
	}
	PG_CATCH();
	{
		bool		timed_out = ended_by_timeout();

		disable_all_timeouts(false);
		record_failure(build, abort_step(build_context), timed_out);
	}
	PG_END_TRY();
	return advanced;
}

/* False if there is nothing to work on any more. */
static bool
do_step(IndexBuild *build)
{
	IndexBuild *now;
	Node	   *command;

	if (!begin_step(build_context))
		return false;
	now = index_build_find(build->relid, build->index.name);
	if (now == NULL)
	{
		end_step();
		return true;
	}
	*build = *now;
	/* Another builder may have put it off since it was listed. */
	if (build->next_attempt > GetCurrentTimestamp())
	{
		end_step();
		return false;
	}
	/* (while it waits for a table that somebody has for himself, nobody goes round the others) */
	set_until(GUC_ACTION_LOCAL, "lock_timeout", psprintf("%d", lock_timeout));
	command = index_build_plan(build);
	pgstat_report_activity(STATE_RUNNING,
						   psprintf("%s index %s of %s",
									build->index.status == INDEX_CREATING ? "create" : "delete",
									build->index.name.len == 0 ? "(time to live)" :
									pnstrdup(build->index.name.data, build->index.name.len),
									get_rel_name(build->relid)));
	if (command == NULL)
		do_phase(build);
	else
		index_build_write(build);
	end_step();
	if (command != NULL && shared)
		background_work_share(builder);
	if (command != NULL)
		run_command(command);
	return true;
}

/* What a phase needs of a transaction. */
static void
do_phase(IndexBuild *build)
{
	bool		fills = build->phase == BUILD_FILL;
	ActingRole	self;

	build->next_attempt = 0;
	build->waiting_for = 0;
	build->attempts = 0;
	build->error = (Bytes) {NULL, 0};

	/* What a crash undoes of a fill is done again. */
	if (fills)
		set_until(GUC_ACTION_LOCAL, "synchronous_commit", "off");
	act_as_owner(build->relid, &self);
	set_until(GUC_ACTION_SAVE, "lock_timeout", psprintf("%d", fills ? RETRY_DELAY : lock_timeout));
	switch (build->phase)
	{
		case BUILD_ADD_COLUMNS:
			index_build_add_columns(build);
			break;
		case BUILD_FILL:
			fill(build);
			break;
		case BUILD_BTREE:
			index_build_activate(build);
			break;
		case BUILD_DROP_BTREE:
			break;				/* (is a command) */
		case BUILD_DROP_COLUMNS:
			index_build_drop_columns(build);
			break;
	}
	act_as_self(&self);
}

/* A batch; both timeouts run as long as it does, whence ended_by_timeout(). */
static void
fill(IndexBuild *build)
{
	set_until(GUC_ACTION_SAVE, "session_replication_role", "replica");
	in_hand = build->relid;
	if (batch_timeout > 0)
	{
		enable_timeout_after(STATEMENT_TIMEOUT, batch_timeout);
		enable_timeout_after(end_timeout, batch_timeout + Min(batch_timeout, MAX_GRACE));
	}
	index_build_fill(build, batch_size);
	disable_all_timeouts(false);
}

/* In the handler of an error, which may be somebody's cancel as well. */
static bool
ended_by_timeout(void)
{
	return get_timeout_active(end_timeout) && !get_timeout_active(STATEMENT_TIMEOUT);
}

/*
 * One that must run outside of transaction blocks, as if typed: event triggers count
 * on a portal.  It switches to the table's owner itself.
 */
static void
run_command(Node *command)
{
	PlannedStmt *planned = makeNode(PlannedStmt);
	Portal		portal;

	planned->commandType = CMD_UTILITY;
	planned->canSetTag = true;
	planned->utilityStmt = command;
	planned->stmt_location = -1;
	planned->stmt_len = 0;

	StartTransactionCommand();
	MemoryContextSwitchTo(build_context);
	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, "a secondary index of DynamoDB", CreateCommandTag(command),
					  list_make1(planned), NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	compat_portal_run(portal, None_Receiver);
	PortalDrop(portal, false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(build_context);
}

/* (FORCE ROW LEVEL SECURITY is for what an owner asks for, not for this) */
static void
act_as_owner(Oid relid, ActingRole *self)
{
	Oid			owner = relation_owner(relid);

	if (!OidIsValid(owner))
		elog(ERROR, "table %u is gone", relid);
	act_as_role(owner, self);
	SetUserIdAndSecContext(owner, self->security_context | SECURITY_RESTRICTED_OPERATION |
						   SECURITY_NOFORCE_RLS);
}

/* Until act_as_self() (GUC_ACTION_SAVE) or the end of the transaction (GUC_ACTION_LOCAL). */
static void
set_until(GucAction action, const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, action, true, 0, false);
}

/* ---- failures ---- */

static void
record_failure(IndexBuild *build, const ErrorData *error, bool timed_out)
{
	IndexBuild *now;

	build->next_attempt = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_DELAY);
	if (!begin_step(build_context))
		return;
	/* Who has the table for itself may be dropping it, and with it the row we would change. */
	now = ConditionalLockRelationOid(build->relid, AccessShareLock) ?
		index_build_find(build->relid, build->index.name) : NULL;
	if (now != NULL)
	{
		now->phase = Max(now->phase, build->phase);
		note_failure(now, error, timed_out);
		index_build_write(now);
		*build = *now;
	}
	end_step();
}

/*
 * Says when to try again: soon if others were in the way or have asked to stop,
 * else after a time that doubles with each failure.
 */
static void
note_failure(IndexBuild *build, const ErrorData *error, bool timed_out)
{
	bool		interrupted = error->sqlerrcode == ERRCODE_QUERY_CANCELED && !timed_out;
	bool		locked = error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	bool		conflict = ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
	int			delay = RETRY_DELAY;

	build->waiting_for = 0;
	if (locked && build->phase == BUILD_FILL)
		delay = 0;				/* (it has waited long enough) */
	else if (locked)
		build->waiting_for = index_build_blocker(build);
	else if (!interrupted && !conflict)
	{
		count_failure(build, error->sqlerrcode, error->message, message_for_log(error));
		delay = Min(RETRY_DELAY << Min(build->attempts, 10), MAX_RETRY_DELAY);
	}
	build->next_attempt = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay);
}

/* Those who see the build's row may see the table; those who read the log may not. */
static void
count_failure(IndexBuild *build, int sqlstate, const char *message, const char *logged)
{
	build->attempts++;
	build->error = bytes_from_cstring(message);
	ereport(LOG,
			(errcode(sqlstate), errhidestmt(true),
			 errmsg_internal("%s", logged),
			 errcontext("dynamo index builder, index %.*s of table %s",
						build->index.name.len, build->index.name.data,
						get_rel_name(build->relid))));
}

/* ---- waiting ---- */

static void
pause_until_due(const List *builds)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), MAX_PAUSE);
	ListCell   *cell;

	foreach(cell, builds)
		end = Min(end, ((const IndexBuild *) lfirst(cell))->next_attempt);
	sleep_until(end);
}

/* Or until there is a request, or a signal. */
static void
sleep_until(TimestampTz end)
{
	long		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

	if (timeout <= 0)
		return;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	HOLD_CANCEL_INTERRUPTS();
	CHECK_FOR_INTERRUPTS();
	RESUME_CANCEL_INTERRUPTS();
}
