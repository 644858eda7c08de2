/*
 * clustering_counters.c
 *		How many rows of each table were steered to a page, since the server started.
 *
 * Shared memory has a pair of counters for each table in which a page was chosen;
 * a session remembers where they are (clustering.c).  Those of a table that is
 * dropped are given to another one, which shows in their key; where the drop is
 * rolled back they are begun anew.
 *
 * Without preloading there is no shared memory and nothing is counted.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"

#include "storage/clustering.h"

/* The most tables that are counted; later ones are not. */
#define MAX_COUNTED_TABLES 2000

struct ClusteringCounters
{
	Oid			key[2];			/* database and table */
	pg_atomic_uint64 rows;		/* for which a page was chosen */
	pg_atomic_uint64 steered;
};

typedef struct ClusteringShared
{
	LWLock		lock;			/* of the table's structure, not of counters */
} ClusteringShared;

static shmem_request_hook_type previous_shmem_request_hook;
static shmem_startup_hook_type previous_shmem_startup_hook;
static ClusteringShared *shared;
static HTAB *counted_tables;

static void request_shmem(void);
static void init_shmem(void);

void
clustering_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = init_shmem;
}

static void
request_shmem(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();
	RequestAddinShmemSpace(add_size(MAXALIGN(sizeof(ClusteringShared)),
									hash_estimate_size(MAX_COUNTED_TABLES,
													   sizeof(ClusteringCounters))));
}

static void
init_shmem(void)
{
	HASHCTL		control = {
		.keysize = sizeof(((ClusteringCounters *) 0)->key),
		.entrysize = sizeof(ClusteringCounters),
	};
	bool		found;

	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("dynamo clustering", sizeof(ClusteringShared), &found);
	if (!found)
		LWLockInitialize(&shared->lock, LWLockNewTrancheId());
	LWLockRegisterTranche(shared->lock.tranche, "DynamoClustering");
	counted_tables = ShmemInitHash("dynamo clustered tables", MAX_COUNTED_TABLES,
								   MAX_COUNTED_TABLES, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
	LWLockRelease(AddinShmemInitLock);
}

ClusteringCounters *
clustering_counters(Oid relid)
{
	Oid			key[2] = {MyDatabaseId, relid};
	ClusteringCounters *result;
	bool		found = true;

	if (shared == NULL)
		return NULL;
	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	if (hash_get_num_entries(counted_tables) < MAX_COUNTED_TABLES)
		result = hash_search(counted_tables, key, HASH_ENTER_NULL, &found);
	else
		result = hash_search(counted_tables, key, HASH_FIND, NULL);
	if (result != NULL && !found)
	{
		pg_atomic_init_u64(&result->rows, 0);
		pg_atomic_init_u64(&result->steered, 0);
	}
	LWLockRelease(&shared->lock);
	return result;
}

void
clustering_count(ClusteringCounters **counters, Oid relid, int nrows, bool steered)
{
	if (*counters != NULL && (*counters)->key[1] != relid)
		*counters = clustering_counters(relid);
	if (*counters == NULL)
		return;
	pg_atomic_fetch_add_u64(&(*counters)->rows, nrows);
	if (steered)
		pg_atomic_fetch_add_u64(&(*counters)->steered, nrows);
}

bool
clustering_counts(Oid relid, uint64 *rows, uint64 *steered)
{
	Oid			key[2] = {MyDatabaseId, relid};
	ClusteringCounters *counters;

	*rows = *steered = 0;
	if (shared == NULL)
		return false;
	LWLockAcquire(&shared->lock, LW_SHARED);
	counters = hash_search(counted_tables, key, HASH_FIND, NULL);
	if (counters != NULL)
	{
		*rows = pg_atomic_read_u64(&counters->rows);
		*steered = pg_atomic_read_u64(&counters->steered);
	}
	LWLockRelease(&shared->lock);
	return true;
}

/* Others remember where they count: they are to see that it is void. */
void
clustering_forget(Oid relid)
{
	Oid			key[2] = {MyDatabaseId, relid};
	ClusteringCounters *counters;

	if (shared == NULL)
		return;
	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	counters = hash_search(counted_tables, key, HASH_REMOVE, NULL);
	if (counters != NULL)
		counters->key[1] = InvalidOid;
	LWLockRelease(&shared->lock);
}
