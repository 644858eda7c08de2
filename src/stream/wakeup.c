/*
 * wakeup.c
 *		Shared memory: what writers tell the decoding worker of their database.
 *
 * A transaction that has written rows of a table with a stream publishes the end
 * of its commit and sets the worker's latch.  (One that is committed in two
 * phases does not; the worker looks by itself a few times in a second.)
 *
 * A database has an entry while its worker runs.  Who has found one that has been
 * given to another database meanwhile wakes a worker in vain.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "common/background.h"
#include "stream/stream_internal.h"

#define MAX_STREAM_DATABASES	64

typedef struct StreamShared
{
	slock_t		lock;			/* for who has which entry */
	StreamDatabase databases[MAX_STREAM_DATABASES];
} StreamShared;

static StreamShared *stream_shared;	/* NULL unless the library is preloaded */

static bool catalog_changed;	/* by this transaction */

static void end_of_transaction(XactEvent event, void *arg);
static StreamDatabase *find_database(Oid database);
static void wake(StreamDatabase *database, XLogRecPtr commit_end);

void
stream_init(void)
{
	stream_settings_init();
	RegisterXactCallback(end_of_transaction, NULL);
}

Size
stream_shmem_size(void)
{
	return MAXALIGN(sizeof(StreamShared));
}

/* With AddinShmemInitLock held. */
void
stream_shmem_init(void)
{
	bool		found;

	stream_shared = ShmemInitStruct("dynamo streams", sizeof(StreamShared), &found);
	if (found)
		return;
	memset(stream_shared, 0, sizeof(StreamShared));
	SpinLockInit(&stream_shared->lock);
	for (int i = 0; i < MAX_STREAM_DATABASES; i++)
	{
		pg_atomic_init_u64(&stream_shared->databases[i].committed, 0);
		pg_atomic_init_u32(&stream_shared->databases[i].changes, 0);
	}
}

/* ---- writers ---- */

void
stream_note_change(void)
{
	catalog_changed = true;
	background_work_request(WORK_STREAMS);
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	bool		ended = event == XACT_EVENT_COMMIT || event == XACT_EVENT_PARALLEL_COMMIT;
	StreamDatabase *database;

	if (!streamed_row_written && !streamed_table_altered && !catalog_changed)
		return;
	if (!ended && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE &&
		event != XACT_EVENT_PARALLEL_ABORT)
		return;
	if (ended && stream_shared != NULL &&
		(database = find_database(MyDatabaseId)) != NULL)
	{
		if (catalog_changed || streamed_table_altered)
			pg_atomic_fetch_add_u32(&database->changes, 1);
		wake(database, XactLastCommitEnd);
	}
	streamed_row_written = false;
	streamed_table_altered = false;
	catalog_changed = false;
}

static void
wake(StreamDatabase *database, XLogRecPtr commit_end)
{
	uint64		published = pg_atomic_read_u64(&database->committed);
	PGPROC	   *worker;

	while (published < commit_end &&
		   !pg_atomic_compare_exchange_u64(&database->committed, &published, commit_end))
		;
	/* (a full barrier, so that a worker that is about to sleep has its latch set) */
	pg_memory_barrier();
	worker = database->worker;
	if (worker != NULL)
		SetLatch(&worker->procLatch);
}

/* NULL if the database has no worker. */
static StreamDatabase *
find_database(Oid database)
{
	for (int i = 0; i < MAX_STREAM_DATABASES; i++)
		if (stream_shared->databases[i].database == database)
			return &stream_shared->databases[i];
	return NULL;
}

/* ---- the worker ---- */

static StreamDatabase *attached;

static void
detach(int code, Datum arg)
{
	SpinLockAcquire(&stream_shared->lock);
	attached->worker = NULL;
	attached->database = InvalidOid;
	SpinLockRelease(&stream_shared->lock);
}

StreamDatabase *
stream_attach(void)
{
	SpinLockAcquire(&stream_shared->lock);
	attached = find_database(InvalidOid);
	if (attached != NULL)
	{
		attached->worker = MyProc;
		attached->nrecords = attached->nbatches = 0;
		attached->decoded = attached->confirmed = InvalidXLogRecPtr;
		attached->last_stored = 0;
		attached->epoch = 0;
		pg_write_barrier();
		attached->database = MyDatabaseId;
	}
	SpinLockRelease(&stream_shared->lock);
	if (attached == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no more than %d databases of a server can have streams",
						MAX_STREAM_DATABASES)));
	on_shmem_exit(detach, (Datum) 0);
	return attached;
}

void
stream_publish_progress(const StreamProgress *progress)
{
	SpinLockAcquire(&stream_shared->lock);
	attached->epoch = progress->epoch;
	attached->stored = progress->lsn;
	SpinLockRelease(&stream_shared->lock);
}

bool
stream_published_progress(StreamProgress *progress)
{
	StreamDatabase *database = stream_database(MyDatabaseId);
	bool		found;

	if (database == NULL)
		return false;
	memset(progress, 0, sizeof(*progress));
	SpinLockAcquire(&stream_shared->lock);
	found = database->database == MyDatabaseId && database->epoch != 0;
	progress->epoch = database->epoch;
	progress->lsn = database->stored;
	SpinLockRelease(&stream_shared->lock);
	return found;
}

StreamDatabase *
stream_database(Oid database)
{
	return stream_shared == NULL ? NULL : find_database(database);
}
