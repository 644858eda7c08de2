/*
 * databases.h
 *		Workers of databases: what the launcher, the workers themselves and
 *		sessions share.
 *
 * A database that is looked after has an entry in shared memory, with a flag per
 * kind of work.  Where the flag is up the launcher keeps a worker running.  A
 * worker lowers its flag, looks whether there is work, raises it again for as
 * long as there is (so that one that dies is started again), and ends when there
 * is none.  Whoever makes work raises the flag after the commit.
 *
 * An entry is claimed under the lock by whoever needs it, and freed by the
 * launcher alone, when the database is gone and no worker of it runs.  All else
 * is atomic.
 */
#ifndef DYNAMO_DATABASES_H
#define DYNAMO_DATABASES_H

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "storage/proc.h"

#include "common/background.h"
#include "storage/storage.h"

#define MAX_DATABASES	1000

/* What a worker of expiry knows of a table that it has not done with (ttl.c). */
typedef struct TtlProgress
{
	/* items that are passed over */
	bool		any_failed;		/* since a round began with the oldest items */
	TtlScan		behind;			/* where rounds begin then, */
	bool		broken_off;		/* as the last one did not come to its end, */
	int			retry_in;		/* or while this counts down */
	int			retries;		/* that were in vain */
	int			one_by_one;		/* so many items, which a batch has failed with */

	/* the table as a whole */
	int			pause;			/* rounds that it still misses */
	int			pauses;			/* in a row */
} TtlProgress;

typedef struct LeftTtlProgress
{
	Oid			database;		/* InvalidOid: the entry is free */
	Oid			relid;
	TtlProgress progress;
} LeftTtlProgress;

#define MAX_LEFT_TTL_PROGRESS 2000

typedef struct WorkedDatabase
{
	pg_atomic_uint32 oid;		/* InvalidOid: the entry is free */
	pg_atomic_uint32 wanted[BACKGROUND_WORKS];
	pg_atomic_uint32 pid[BACKGROUND_WORKS]; /* of the worker, 0: none */
	pg_atomic_uint32 subject[BACKGROUND_WORKS]; /* relation that it works on, or 0 */
	pg_atomic_uint32 turn_over[BACKGROUND_WORKS];	/* others wait for its place */
	pg_atomic_uint32 holds;		/* commands that want no worker there */
	pg_atomic_uint32 running;	/* workers that the launcher has started */
	pg_atomic_uint32 gone;		/* dropped, or not to be looked after */
} WorkedDatabase;

typedef struct DatabasesShared
{
	LWLock		lock;			/* claiming and freeing entries, */
	/* and what is left by workers of expiry */
	ConditionVariable stopped;	/* the last worker of some database has ended */
	PGPROC	   *launcher;		/* may be stale; NULL: none yet */
	pg_atomic_uint32 discovery_wanted;	/* which databases are there? */
	WorkedDatabase databases[MAX_DATABASES];
	LeftTtlProgress left_ttl_progress[MAX_LEFT_TTL_PROGRESS]; /* under the lock */
} DatabasesShared;

/* NULL unless the library is preloaded, by a server that is to have workers. */
extern DatabasesShared *databases_shared;

extern int index_builders;		/* setting */

/* The entry of a database, or NULL; claimed if `claim` says so and there is room. */
extern WorkedDatabase *worked_database(Oid database, bool claim);
/* By the launcher, of one that is gone. */
extern void worked_database_free(WorkedDatabase *database);
extern void wake_launcher(void);
/* The last of the kinds of work that are one to those who ask for it: there may be several builders. */
extern BackgroundWork last_of_work(BackgroundWork work);
/* Has a worker for a kind of work look what there is to do, if need be one more. */
extern void background_work_raise(WorkedDatabase *database, BackgroundWork work);
/* By the launcher: has a worker whose work never ends make room, when it comes to the end of a step. */
extern void background_work_end_turn(WorkedDatabase *database, BackgroundWork work);
/* Whether dynamo.databases names a database, or all. */
extern bool database_is_chosen(const char *name);

/* ---- what workers of expiry leave (ttl_progress.c) ---- */

/* To the next one of this database; if there is no room, that begins anew. */
extern void ttl_progress_leave(Oid relid, const TtlProgress *progress);
/* By the next one, once: false, and nothing, if nothing was left of that table. */
extern bool ttl_progress_take(Oid relid, TtlProgress *progress);
/* What nobody takes, of a database. */
extern void ttl_progress_forget(Oid database);

/* ---- in a worker of a database (database_worker.c) ---- */

/* Connects to the database, whose OID is the argument; signals as workers need them. */
extern void database_worker_begin(Datum database, BackgroundWork work, const char *name);
/* The kind of work that the launcher has started this process for. */
extern BackgroundWork work_of_worker(void);
/* After SIGHUP. */
extern void database_worker_reload(void);

/*
 * The worker's own flag: lowered before it looks for work, raised while there is some, and
 * when an error ends the worker.
 */
extern void background_work_begin(BackgroundWork work);
extern void background_work_go_on(BackgroundWork work);
/*
 * Says which relation the worker begins to work on, InvalidOid: none; who wants it to
 * stop that cancels it as a query is.  Said before it looks what there is to do.  False
 * if another worker of that kind is at it.
 */
extern bool background_work_on(BackgroundWork work, Oid subject);
/* Whether another one is. */
extern bool background_work_is_taken(BackgroundWork work, Oid subject);
/* Whether this worker has been asked to make room; it is started again when there is some. */
extern bool background_work_turn_is_over(void);
/* Has another worker of that kind do what this one does not come to. */
extern void background_work_share(BackgroundWork work);
/*
 * In the handler of a timeout: what is done to the relation has not ended when it was
 * cancelled, so the worker ends.  The next one is told which relation that was.
 */
extern void background_work_give_up(BackgroundWork work, Oid subject);
extern bool background_work_was_given_up(Oid subject);

/*
 * A transaction with a snapshot, in which the extension exists and is locked
 * against changes; that lock is the first, so that whoever wants to change the
 * extension waits for it and for nothing else of ours.  False, and no
 * transaction, without extension; raises if that is of another version than the
 * library, so that the worker ends and comes again.
 */
extern bool begin_step(MemoryContext context);
extern void end_step(void);
/* Whether somebody waits for the extension that begin_step() has locked. */
extern bool extension_is_wanted(void);
/* In the handler of an error: ends the transaction; the error, in `context`. */
extern ErrorData *abort_step(MemoryContext context);

/*
 * Does something with the rights of a role and no others: code of that role's
 * (triggers, defaults, functions in indexes) cannot get out of it, and what it
 * SETs is undone.  After an error the end of the transaction does that.
 */
typedef struct ActingRole
{
	Oid			role;
	int			security_context;
	int			nest_level;
} ActingRole;

extern void act_as_role(Oid role, ActingRole *saved);
extern void act_as_self(const ActingRole *saved);

#endif							/* DYNAMO_DATABASES_H */
