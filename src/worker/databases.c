/*
 * databases.c
 *		Which databases are looked after, what is to be done there, and commands
 *		that need a database for themselves.
 *
 * DROP DATABASE and its like fail while others are connected, and workers are no
 * guests that anybody has invited.  DROP EXTENSION would wait for what they do.
 * So each such command, if its user may give it, first holds the workers of the
 * database: the launcher ends them and starts no other until the command has
 * ended.  (Then they wait for its locks, if it has any left.)
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "common/compat.h"
#include "worker/databases.h"
#include "worker/worker.h"

#define MAX_HOLD_WAIT	10000	/* ms; then the command says who is in the way */

DatabasesShared *databases_shared = NULL;

static ProcessUtility_hook_type previous_process_utility = NULL;

static bool databases_changed;	/* by the current transaction */

/* What the current transaction asks for. */
static bool requested[BACKGROUND_WORKS];
static Oid	interrupted[BACKGROUND_WORKS];	/* whose work is to be given up, or InvalidOid */

static bool workers_available(void);
static void request_work(BackgroundWork work);
static void interrupt_work(BackgroundWork work, Oid subject);
static void cancel_work(BackgroundWork work, Oid subject);
static void on_transaction(XactEvent event, void *arg);
static void process_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
							ProcessUtilityContext context, ParamListInfo parameters,
							QueryEnvironment *environment, DestReceiver *receiver,
							QueryCompletion *completion);

Size
databases_shmem_size(void)
{
	return MAXALIGN(sizeof(DatabasesShared));
}

static void
init_database(WorkedDatabase *database)
{
	pg_atomic_init_u32(&database->oid, InvalidOid);
	for (int work = 0; work < BACKGROUND_WORKS; work++)
	{
		pg_atomic_init_u32(&database->wanted[work], 0);
		pg_atomic_init_u32(&database->pid[work], 0);
		pg_atomic_init_u32(&database->subject[work], InvalidOid);
		pg_atomic_init_u32(&database->turn_over[work], 0);
	}
	pg_atomic_init_u32(&database->holds, 0);
	pg_atomic_init_u32(&database->running, 0);
	pg_atomic_init_u32(&database->gone, 0);
}

/* With AddinShmemInitLock held. */
void
databases_shmem_init(void)
{
	bool		found;

	databases_shared = ShmemInitStruct("dynamo databases", sizeof(DatabasesShared), &found);
	if (!found)
	{
		LWLockInitialize(&databases_shared->lock, LWLockNewTrancheId());
		ConditionVariableInit(&databases_shared->stopped);
		databases_shared->launcher = NULL;
		pg_atomic_init_u32(&databases_shared->discovery_wanted, 1);
		for (int i = 0; i < MAX_DATABASES; i++)
			init_database(&databases_shared->databases[i]);
		memset(databases_shared->left_ttl_progress, 0,
			   sizeof(databases_shared->left_ttl_progress));
	}
	LWLockRegisterTranche(databases_shared->lock.tranche, "DynamoDatabases");
	background_workers = (BackgroundWorkers) {
		workers_available, request_work, interrupt_work, cancel_work
	};
}

/* In the postmaster: sessions inherit it. */
void
databases_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}

/* ---- entries ---- */

static WorkedDatabase *
find_database(Oid oid)
{
	for (int i = 0; i < MAX_DATABASES; i++)
		if (pg_atomic_read_u32(&databases_shared->databases[i].oid) == oid)
			return &databases_shared->databases[i];
	return NULL;
}

WorkedDatabase *
worked_database(Oid oid, bool claim)
{
	WorkedDatabase *database;

	LWLockAcquire(&databases_shared->lock, claim ? LW_EXCLUSIVE : LW_SHARED);
	database = find_database(oid);
	if (database == NULL && claim)
	{
		database = find_database(InvalidOid);
		if (database != NULL)
		{
			init_database(database);
			pg_atomic_write_u32(&database->oid, oid);
		}
	}
	else if (database != NULL && claim)
		pg_atomic_write_u32(&database->gone, 0);
	LWLockRelease(&databases_shared->lock);
	return database;
}

void
worked_database_free(WorkedDatabase *database)
{
	ttl_progress_forget(pg_atomic_read_u32(&database->oid));
	LWLockAcquire(&databases_shared->lock, LW_EXCLUSIVE);
	if (pg_atomic_read_u32(&database->gone) != 0 && pg_atomic_read_u32(&database->holds) == 0)
		init_database(database);
	LWLockRelease(&databases_shared->lock);
}

void
wake_launcher(void)
{
	PGPROC	   *launcher = databases_shared->launcher;

	pg_memory_barrier();
	if (launcher != NULL)
		SetLatch(&launcher->procLatch);
}

bool
database_is_chosen(const char *name)
{
	char	   *copy;
	List	   *names;
	ListCell   *cell;
	bool		chosen = false;

	if (strcmp(worker_databases, "*") == 0)
		return true;
	copy = pstrdup(worker_databases);
	(void) SplitGUCList(copy, ',', &names); /* (the setting's check has seen to its syntax) */
	foreach(cell, names)
		chosen = chosen || strcmp(lfirst(cell), name) == 0;
	list_free(names);
	pfree(copy);
	return chosen;
}

/* ---- asking for work ---- */

static bool
workers_available(void)
{
	char	   *name = get_database_name(MyDatabaseId);

	return name != NULL && database_is_chosen(name);
}

static void
request_work(BackgroundWork work)
{
	if (workers_available())
		requested[work] = true;
}

/* (a request for one relation in a transaction; more are rare, and will be late) */
static void
interrupt_work(BackgroundWork work, Oid subject)
{
	request_work(work);
	if (requested[work])
		interrupted[work] = subject;
}

BackgroundWork
last_of_work(BackgroundWork work)
{
	return work >= WORK_INDEXES ? LAST_WORK_INDEXES : work;
}

/* One that waits until it is time to try something again. */
static void
wake_worker(WorkedDatabase *database, BackgroundWork work)
{
	uint32		pid = pg_atomic_read_u32(&database->pid[work]);
	PGPROC	   *worker = pid != 0 ? BackendPidGetProc(pid) : NULL;

	if (worker != NULL)
		SetLatch(&worker->procLatch);
}

/* (one that runs may wait for something; one more ends if there is nothing left for it) */
void
background_work_raise(WorkedDatabase *database, BackgroundWork work)
{
	int			n = work == WORK_INDEXES ? index_builders : 1;

	for (int i = 0; i < n; i++)
	{
		pg_atomic_write_u32(&database->wanted[work + i], 1);
		if (pg_atomic_read_u32(&database->pid[work + i]) == 0)
			break;
		wake_worker(database, work + i);
	}
}

void
background_work_end_turn(WorkedDatabase *database, BackgroundWork work)
{
	pg_atomic_write_u32(&database->turn_over[work], 1);
	pg_memory_barrier();
	wake_worker(database, work);
}

/* Cancels what the worker does to a relation, if it does anything to that. */
static void
cancel_worker(WorkedDatabase *database, BackgroundWork work, Oid subject)
{
	BackgroundWork last = last_of_work(work);

	for (; work <= last; work++)
	{
		uint32		pid = pg_atomic_read_u32(&database->pid[work]);

		if (OidIsValid(subject) && pid != 0 && pid != MyProcPid &&
			pg_atomic_read_u32(&database->subject[work]) == subject)
			kill(pid, SIGINT);
	}
}

static void
cancel_work(BackgroundWork work, Oid subject)
{
	WorkedDatabase *database = worked_database(MyDatabaseId, false);

	if (database != NULL)
		cancel_worker(database, work, subject);
}

static void
raise_requested(void)
{
	WorkedDatabase *database = NULL;

	for (int work = BACKGROUND_WORKS - 1; work >= 0; work--)
	{
		if (!requested[work])
			continue;
		requested[work] = false;
		if (database == NULL)
			database = worked_database(MyDatabaseId, true);
		if (database != NULL)
		{
			background_work_raise(database, work);
			cancel_worker(database, work, interrupted[work]);
		}
		interrupted[work] = InvalidOid;
	}
	if (database != NULL)
		wake_launcher();
}

/* Not before others can see it: they would take a dropped one for there, and miss a new one. */
static void
have_databases_looked_for(void)
{
	if (!databases_changed)
		return;
	databases_changed = false;
	pg_atomic_write_u32(&databases_shared->discovery_wanted, 1);
	wake_launcher();
}

static void
on_transaction(XactEvent event, void *arg)
{
	/* (what is prepared is found by the next discovery, when it has committed) */
	if (event == XACT_EVENT_COMMIT)
	{
		raise_requested();
		have_databases_looked_for();
	}
	else if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
	{
		memset(requested, 0, sizeof(requested));
		memset(interrupted, 0, sizeof(interrupted));
		databases_changed = false;
	}
}

/* ---- commands that need a database for themselves ---- */

static const char *
option_of(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst(cell);

		if (strcmp(option->defname, name) == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return NULL;
}

/* Its name, or NULL. */
static const char *
database_to_hold(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return castNode(DropdbStmt, statement)->dbname;
		case T_CreatedbStmt:
			return option_of(castNode(CreatedbStmt, statement)->options, "template");
		case T_RenameStmt:
			if (castNode(RenameStmt, statement)->renameType == OBJECT_DATABASE)
				return castNode(RenameStmt, statement)->subname;
			return NULL;
		case T_AlterDatabaseStmt:
			if (option_of(castNode(AlterDatabaseStmt, statement)->options, "tablespace") != NULL)
				return castNode(AlterDatabaseStmt, statement)->dbname;
			return NULL;
		default:
			return NULL;
	}
}

/* DROP EXTENSION dynamo, or ALTER EXTENSION dynamo? */
static bool
changes_extension(Node *statement)
{
	ListCell   *cell;

	if (IsA(statement, AlterExtensionStmt))
		return strcmp(castNode(AlterExtensionStmt, statement)->extname, "dynamo") == 0;
	if (!IsA(statement, DropStmt) ||
		castNode(DropStmt, statement)->removeType != OBJECT_EXTENSION)
		return false;
	foreach(cell, castNode(DropStmt, statement)->objects)
		if (strcmp(strVal(lfirst(cell)), "dynamo") == 0)
			return true;
	return false;
}

/* Only for who may do that: others could but disturb, and the command will refuse them. */
static WorkedDatabase *
find_database_to_hold(Node *statement)
{
	const char *name = database_to_hold(statement);
	Oid			oid = InvalidOid;

	if (name != NULL)
	{
		oid = get_database_oid(name, true);
		if (!OidIsValid(oid) || !compat_owns_database(oid, GetUserId()))
			return NULL;
	}
	else if (changes_extension(statement))
	{
		Oid			extension = get_extension_oid("dynamo", true);

		if (!OidIsValid(extension) || !compat_owns_extension(extension, GetUserId()))
			return NULL;
		oid = MyDatabaseId;
	}
	return OidIsValid(oid) ? worked_database(oid, true) : NULL;
}

static void
hold(WorkedDatabase *database)
{
	TimestampTz patience = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), MAX_HOLD_WAIT);

	ConditionVariablePrepareToSleep(&databases_shared->stopped);
	while (pg_atomic_read_u32(&database->running) > 0 && GetCurrentTimestamp() < patience)
	{
		wake_launcher();
		(void) ConditionVariableTimedSleep(&databases_shared->stopped, 1000,
										   PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

static void
release(int code, Datum arg)
{
	WorkedDatabase *database = (WorkedDatabase *) DatumGetPointer(arg);

	pg_atomic_fetch_sub_u32(&database->holds, 1);
	wake_launcher();
}

/*
 * Which databases there are, their names, whether they may be connected to, or what
 * there is to do: workers do nothing while the extension is not of the library's version.
 */
static bool
changes_databases(Node *statement)
{
	return changes_extension(statement) || IsA(statement, CreatedbStmt) || IsA(statement, AlterDatabaseStmt) ||
		IsA(statement, DropdbStmt) ||
		(IsA(statement, RenameStmt) &&
		 castNode(RenameStmt, statement)->renameType == OBJECT_DATABASE);
}

/* ---- commands that need a table for themselves ---- */

/* Those that foreign keys refer to, among the elements of a table's definition. */
static List *
referenced_tables(List *elements)
{
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, elements)
	{
		Node	   *element = lfirst(cell);

		if (element == NULL)
			continue;
		if (IsA(element, AlterTableCmd))
			element = castNode(AlterTableCmd, element)->def;
		if (element != NULL && IsA(element, ColumnDef))
			tables = list_concat(tables,
								 referenced_tables(castNode(ColumnDef, element)->constraints));
		else if (element != NULL && IsA(element, Constraint) &&
				 castNode(Constraint, element)->contype == CONSTR_FOREIGN)
			tables = lappend(tables, castNode(Constraint, element)->pktable);
	}
	return tables;
}

/* The tables that a command is about to lock against others, as RangeVar *. */
static List *
tables_to_lock(Node *statement)
{
	List	   *tables = NIL;
	ListCell   *cell;

	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return lcons(castNode(AlterTableStmt, statement)->relation,
						 referenced_tables(castNode(AlterTableStmt, statement)->cmds));
		case T_CreateStmt:
			return referenced_tables(castNode(CreateStmt, statement)->tableElts);
		case T_IndexStmt:
			return list_make1(castNode(IndexStmt, statement)->relation);
		case T_LockStmt:
			/* (that of pg_dump, for one, is in nobody's way) */
			return castNode(LockStmt, statement)->mode < ShareUpdateExclusiveLock ? NIL :
				castNode(LockStmt, statement)->relations;
		case T_ClusterStmt:
			return list_make1(castNode(ClusterStmt, statement)->relation);
		case T_RuleStmt:
			return list_make1(castNode(RuleStmt, statement)->relation);
		case T_RenameStmt:
			return list_make1(castNode(RenameStmt, statement)->relation);
		case T_AlterObjectSchemaStmt:
			return list_make1(castNode(AlterObjectSchemaStmt, statement)->relation);
		case T_CreateTrigStmt:
			return list_make1(castNode(CreateTrigStmt, statement)->relation);
		case T_TruncateStmt:
			return castNode(TruncateStmt, statement)->relations;
		case T_DropStmt:
			if (castNode(DropStmt, statement)->removeType != OBJECT_TABLE)
				return NIL;
			foreach(cell, castNode(DropStmt, statement)->objects)
				tables = lappend(tables, makeRangeVarFromNameList(lfirst(cell)));
			return tables;
		default:
			return NIL;
	}
}

static bool
any_builder_works(WorkedDatabase *database)
{
	for (int work = WORK_INDEXES; work <= LAST_WORK_INDEXES; work++)
		if (OidIsValid(pg_atomic_read_u32(&database->subject[work])))
			return true;
	return false;
}

/* What LOCK TABLE or a foreign key asks for; the owner has it, or may get it. */
static bool
may_lock(Oid relid)
{
	return compat_owns_relation(relid, GetUserId()) ||
		pg_class_aclmask(relid, GetUserId(),
						 ACL_REFERENCES | ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE, ACLMASK_ANY) != 0;
}

/*
 * Has the worker that builds an index for one of the tables give way, as autovacuum
 * does: it would hold its lock, and all who queue behind the command, for long.  Or
 * worse, it waits for the command's transaction itself, which would be a deadlock.
 */
static void
interrupt_build(Node *statement)
{
	List	   *tables = tables_to_lock(statement);
	WorkedDatabase *database = tables == NIL ? NULL : worked_database(MyDatabaseId, false);
	ListCell   *cell;

	if (database == NULL || !any_builder_works(database) || !IsTransactionState())
		return;
	foreach(cell, tables)
	{
		RangeVar   *table = lfirst(cell);
		Oid			subject = table == NULL ? InvalidOid : RangeVarGetRelid(table, NoLock, true);

		if (OidIsValid(subject) && may_lock(subject))
			cancel_worker(database, WORK_INDEXES, subject);
	}
}

static ProcessUtility_hook_type
next_utility(void)
{
	return previous_process_utility != NULL ? previous_process_utility : standard_ProcessUtility;
}

static void
process_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo parameters,
				QueryEnvironment *environment, DestReceiver *receiver,
				QueryCompletion *completion)
{
	WorkedDatabase *held = find_database_to_hold(statement->utilityStmt);
	/* (ROLLBACK and the like may free the statement) */
	bool		changes = changes_databases(statement->utilityStmt);
	bool		drops = IsA(statement->utilityStmt, DropdbStmt);

	interrupt_build(statement->utilityStmt);
	if (held == NULL)
		next_utility()(statement, query, read_only_tree, context, parameters, environment,
					   receiver, completion);
	else
	{
		pg_atomic_fetch_add_u32(&held->holds, 1);
		PG_ENSURE_ERROR_CLEANUP(release, PointerGetDatum(held));
		{
			hold(held);
			next_utility()(statement, query, read_only_tree, context, parameters, environment,
						   receiver, completion);
		}
		PG_END_ENSURE_ERROR_CLEANUP(release, PointerGetDatum(held));
	}
	databases_changed |= changes;
	if (held != NULL && drops)
		pg_atomic_write_u32(&held->gone, 1);
	if (held != NULL)
		release(0, PointerGetDatum(held));
}
