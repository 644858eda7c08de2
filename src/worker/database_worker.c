/*
 * database_worker.c
 *		What the workers of databases have in common.
 *
 * They are connected as the bootstrap superuser, since they look after tables of
 * everybody.  So none of them runs anybody's code but by act_as_role(), as
 * autovacuum does.  What they do themselves goes through C functions and the
 * catalog of the extension, never through a search_path.
 *
 * SIGTERM interrupts what runs: they are in nobody's way.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "worker/databases.h"
#include "worker/worker.h"

static Oid	extension;			/* locked in this transaction */
static WorkedDatabase *my_database;
static Oid	left_unfinished;	/* by the worker before this one */
static volatile sig_atomic_t gave_up = false;
static BackgroundWork my_work;
static bool other_version = false; /* the extension's, than the library's */
static volatile sig_atomic_t acting = false;

/*
 * Code of others may catch a cancel and go on, but not this.  (Jobs run none, and write
 * down that they were interrupted.)
 */
static void
end_whatever_runs(void)
{
	if (acting && my_work != WORK_JOBS)
		ProcDiePending = true;
	else
		QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

void
shut_down_at_once(SIGNAL_ARGS)
{
	int			save_errno = errno;

	ShutdownRequestPending = true;
	end_whatever_runs();
	errno = save_errno;
}

void
background_work_give_up(BackgroundWork work, Oid subject)
{
	pg_atomic_write_u32(&my_database->subject[work], subject);
	gave_up = acting;
	end_whatever_runs();
}

bool
background_work_was_given_up(Oid subject)
{
	return OidIsValid(subject) && subject == left_unfinished;
}

/* Settings of the server, or the database, that are meant for clients; of later versions, too. */
static void
override_settings(void)
{
	static const char *const settings[][2] = {
		{"statement_timeout", "0"},
		{"lock_timeout", "0"},
		{"transaction_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"row_security", "on"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

BackgroundWork
work_of_worker(void)
{
	BackgroundWork work;

	memcpy(&work, MyBgworkerEntry->bgw_extra, sizeof(work));
	return work;
}

/*
 * An error, or a signal, is no end of the work, but where there can be none before ALTER
 * EXTENSION, which has us come again.
 */
static void
forget_worker(int code, Datum work)
{
	if (code != 0 && !other_version)
		background_work_go_on(DatumGetInt32(work));
	if (!gave_up)
		pg_atomic_write_u32(&my_database->subject[DatumGetInt32(work)], InvalidOid);
	pg_atomic_write_u32(&my_database->pid[DatumGetInt32(work)], 0);
}

void
database_worker_begin(Datum database, BackgroundWork work, const char *name)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, shut_down_at_once);
	pqsignal(SIGINT, StatementCancelHandler);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	override_settings();
	my_database = worked_database(MyDatabaseId, true);
	if (my_database == NULL)
		proc_exit(0);			/* (no room, so nobody has started us) */
	my_work = work;
	before_shmem_exit(forget_worker, Int32GetDatum(work));
	left_unfinished = pg_atomic_exchange_u32(&my_database->subject[work], InvalidOid);
	pg_atomic_write_u32(&my_database->pid[work], MyProcPid);
	pgstat_report_appname(name);
	pgstat_report_activity(STATE_IDLE, NULL);
}

void
database_worker_reload(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

void
background_work_begin(BackgroundWork work)
{
	pg_atomic_write_u32(&my_database->wanted[work], 0);
	pg_memory_barrier();
}

void
background_work_go_on(BackgroundWork work)
{
	pg_atomic_write_u32(&my_database->wanted[work], 1);
}

bool
background_work_on(BackgroundWork work, Oid subject)
{
	bool		taken;

	LWLockAcquire(&databases_shared->lock, LW_EXCLUSIVE);
	taken = OidIsValid(subject) && background_work_is_taken(work, subject);
	if (!taken)
		pg_atomic_write_u32(&my_database->subject[work], subject);
	LWLockRelease(&databases_shared->lock);
	return !taken;
}

bool
background_work_is_taken(BackgroundWork work, Oid subject)
{
	BackgroundWork last = last_of_work(work);

	for (int other = Min(work, WORK_INDEXES); other <= last; other++)
		if (other != work && pg_atomic_read_u32(&my_database->subject[other]) == subject)
			return true;
	return false;
}

bool
background_work_turn_is_over(void)
{
	return pg_atomic_read_u32(&my_database->turn_over[my_work]) != 0;
}

void
background_work_share(BackgroundWork work)
{
	background_work_raise(my_database, Min(work, WORK_INDEXES));
	wake_launcher();
}

/* ---- transactions ---- */

bool
begin_step(MemoryContext context)
{
	StartTransactionCommand();
	extension = get_extension_oid("dynamo", true);
	if (OidIsValid(extension))
	{
		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		if (get_extension_oid("dynamo", true) == extension)
		{
			other_version = true;
			check_extension_version();
			other_version = false;
			PushActiveSnapshot(GetTransactionSnapshot());
			MemoryContextSwitchTo(context);
			return true;
		}
	}
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return false;
}

/* (advisory locks of the session would outlive the code of others that has taken them) */
void
end_step(void)
{
	MemoryContext context = CurrentMemoryContext;

	PopActiveSnapshot();
	CommitTransactionCommand();
	LockReleaseSession(USER_LOCKMETHOD);
	MemoryContextSwitchTo(context);
}

bool
extension_is_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, 0);
	return LockHasWaiters(&tag, AccessShareLock, false);
}

ErrorData *
abort_step(MemoryContext context)
{
	ErrorData  *error;

	acting = false;
	HOLD_INTERRUPTS();
	QueryCancelPending = false;
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	LockReleaseSession(USER_LOCKMETHOD);
	MemoryContextSwitchTo(context);
	RESUME_INTERRUPTS();
	return error;
}

/* ---- rights ---- */

void
act_as_role(Oid role, ActingRole *saved)
{
	GetUserIdAndSecContext(&saved->role, &saved->security_context);
	SetUserIdAndSecContext(role, saved->security_context | SECURITY_RESTRICTED_OPERATION);
	saved->nest_level = NewGUCNestLevel();
	acting = true;
}

void
act_as_self(const ActingRole *saved)
{
	acting = false;
	AtEOXact_GUC(false, saved->nest_level);
	SetUserIdAndSecContext(saved->role, saved->security_context);
}
