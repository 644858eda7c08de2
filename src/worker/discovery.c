/*
 * discovery.c
 *		Workers that find out what there is to do.
 *
 * One, connected to no database, lists the databases from time to time and when
 * something has happened to them; then one at a time looks into each.  Both live
 * for milliseconds.  What sessions make in a running server they announce, so
 * this finds what was there at the start, or came with a template, a dump or a
 * promotion.
 *
 * The postmaster starts neither before recovery is over: a standby has no workers
 * of databases.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "ops/ops.h"
#include "storage/storage.h"
#include "worker/databases.h"
#include "worker/worker.h"

PGDLLEXPORT void dynamo_discovery_main(Datum arg);
PGDLLEXPORT void dynamo_look_main(Datum arg);

static bool
ttl_is_wanted(void)
{
	return ttl_table_list() != NIL;
}

/* How to tell whether there is work of a kind. */
static bool (*const is_work[BACKGROUND_WORKS]) (void) = {
	[WORK_JOBS] = job_is_waiting,
	[WORK_STREAMS] = stream_worker_is_wanted,
	[WORK_TTL] = ttl_is_wanted,
	[WORK_INDEXES] = index_build_is_waiting,
};

static MemoryContext look_context; /* of a kind of work */

static void look(BackgroundWork work);
static List *known_databases(void);
static List *chosen_databases(void);
static bool is_candidate(Form_pg_database database);

/* ---- which databases are there? ---- */

void
dynamo_discovery_main(Datum arg)
{
	List	   *known;
	List	   *chosen;
	ListCell   *cell;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("dynamo discovery");

	pg_atomic_write_u32(&databases_shared->discovery_wanted, 0);
	pg_memory_barrier();
	/* (in this order: what is claimed meanwhile is not to be taken for gone) */
	known = known_databases();
	chosen = chosen_databases();
	foreach(cell, known)
	{
		WorkedDatabase *database = worked_database(lfirst_oid(cell), false);

		if (database != NULL && !list_member_oid(chosen, lfirst_oid(cell)))
			pg_atomic_write_u32(&database->gone, 1);
	}
	foreach(cell, chosen)
	{
		WorkedDatabase *database = worked_database(lfirst_oid(cell), true);

		if (database == NULL)
		{
			ereport(LOG,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("dynamo has workers for %d databases at most", MAX_DATABASES),
					 errhint("List those that need them in dynamo.databases.")));
			break;
		}
		pg_atomic_write_u32(&database->wanted[WORK_DISCOVERY], 1);
	}
	wake_launcher();
	proc_exit(0);
}

static List *
known_databases(void)
{
	List	   *known = NIL;

	for (int i = 0; i < MAX_DATABASES; i++)
	{
		Oid			oid = pg_atomic_read_u32(&databases_shared->databases[i].oid);

		if (OidIsValid(oid))
			known = lappend_oid(known, oid);
	}
	return known;
}

/* Those that may be connected to and that dynamo.databases names. */
static List *
chosen_databases(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *chosen = NIL;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	row;

	StartTransactionCommand();
	catalog = table_open(DatabaseRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(row);
		MemoryContext transaction;

		if (!is_candidate(database))
			continue;
		transaction = MemoryContextSwitchTo(caller);
		chosen = lappend_oid(chosen, database->oid);
		MemoryContextSwitchTo(transaction);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
	return chosen;
}

/* (a negative limit but -1 marks a database whose dropping was interrupted) */
static bool
is_candidate(Form_pg_database database)
{
	return database->datallowconn && !database->datistemplate &&
		database->datconnlimit >= -1 && database_is_chosen(NameStr(database->datname));
}

/* ---- what is there to do in one of them? ---- */

void
dynamo_look_main(Datum arg)
{
	database_worker_begin(arg, WORK_DISCOVERY, "dynamo discovery");
	look_context = AllocSetContextCreate(TopMemoryContext, "dynamo discovery",
										 ALLOCSET_DEFAULT_SIZES);
	background_work_begin(WORK_DISCOVERY);
	for (int work = 0; work < BACKGROUND_WORKS && !ShutdownRequestPending; work++)
		if (is_work[work] != NULL)
			look(work);
	wake_launcher();
	proc_exit(0);
}

/* A kind of work of which nothing can be told keeps nobody from the others. */
static void
look(BackgroundWork work)
{
	PG_TRY();
	{
		if (begin_step(look_context))
		{
			if (is_work[work]())
				background_work_go_on(work);
			end_step();
		}
		else if (work == WORK_STREAMS && stream_slot_is_left())
			background_work_go_on(work);	/* nobody else would drop it */
	}
	PG_CATCH();
	{
		ErrorData  *error = abort_step(look_context);

		ereport(LOG,
				(errcode(error->sqlerrcode), errhidestmt(true),
				 errmsg_internal("%s", error->message), errcontext("dynamo discovery")));
	}
	PG_END_TRY();
	MemoryContextReset(look_context);
}
