/*
 * durability.c
 *		How far the log must be flushed before a reply may leave.
 *
 * With deferred commit the endpoint's transactions become visible before their
 * commit records are on disk.  Whoever asked for the write waits for that; but
 * so must everybody who has seen it, or a reply could show what a crash undoes.
 * Rows do not say whether their writer is durable (a hint bit, a pruned row, an
 * absent one least of all), so writers leave their commit's position in *marks*
 * in shared memory, which readers look at after they have read.
 *
 * A mark stands for all partitions with the same hash; two special ones stand
 * for everything, and for what is not known to be in one partition:
 *
 *		a point write commits		its partitions' marks, and ANY
 *		anything else commits		OTHERS, and ANY
 *		a point read, or write		its partitions' marks, and OTHERS
 *		anything else reads			ANY
 *
 * Marks are made around the moment in which a transaction becomes visible:
 * `pending` is raised before and lowered after it, `lsn` is set between.  So a
 * reader that has seen the transaction finds either its position or that one is
 * pending; it then takes the end of the log, which is behind any visible
 * commit.  False alarms cost a wait, never a wrong reply.
 *
 * This covers every session with asynchronous commit, whoever set that, since
 * the library is preloaded where there is an endpoint.  Synchronous commits are
 * durable before they are visible.  It does not depend on dynamo.endpoint_commit,
 * which some may have seen change and others not yet.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "common/hashfn.h"
#include "storage/shmem.h"

#include "storage/storage.h"
#include "worker/worker.h"

#define PARTITION_MARKS	16384
#define MAX_NOTED		32

typedef struct Mark
{
	pg_atomic_uint64 lsn;		/* end of the last commit */
	pg_atomic_uint32 pending;	/* commits that are under way */
} Mark;

typedef struct DurabilityShared
{
	Mark		any;
	Mark		others;
	Mark		partitions[PARTITION_MARKS];
} DurabilityShared;

static DurabilityShared *shared = NULL;

/* What the current request, or transaction, has touched. */
static struct
{
	bool		watching;		/* in an endpoint's worker */
	bool		begun;			/* the operation has been told, and may read */
	bool		point;			/* a request whose rows are all noted */
	int			nnoted;
	Mark	   *noted[MAX_NOTED];
	int			nannounced;		/* marks whose `pending` we have raised */
	Mark	   *announced[MAX_NOTED + 2];
} touched;

static void note_rows(const DynamoTable *table, AttributeValue partition, bool write);
static void on_transaction(XactEvent event, void *arg);

Size
durability_shmem_size(void)
{
	return endpoint_port != 0 ? MAXALIGN(sizeof(DurabilityShared)) : 0;
}

static void
init_mark(Mark *mark)
{
	pg_atomic_init_u64(&mark->lsn, InvalidXLogRecPtr);
	pg_atomic_init_u32(&mark->pending, 0);
}

/* With AddinShmemInitLock held. */
void
durability_shmem_init(void)
{
	bool		found;

	if (endpoint_port == 0)
		return;
	shared = ShmemInitStruct("dynamo durability", sizeof(DurabilityShared), &found);
	if (found)
		return;
	init_mark(&shared->any);
	init_mark(&shared->others);
	for (int i = 0; i < PARTITION_MARKS; i++)
		init_mark(&shared->partitions[i]);
}

/* In the postmaster: sessions inherit it. */
void
durability_init(void)
{
	if (endpoint_port != 0)
		RegisterXactCallback(on_transaction, NULL);
}

/* ---- writers ---- */

static void
announce(Mark *mark)
{
	pg_atomic_fetch_add_u32(&mark->pending, 1);
	touched.announced[touched.nannounced++] = mark;
}

/* Before the transaction becomes visible. */
static void
announce_commit(void)
{
	if (synchronous_commit > SYNCHRONOUS_COMMIT_OFF ||
		!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	announce(&shared->any);
	if (touched.watching && touched.point)
		for (int i = 0; i < touched.nnoted; i++)
			announce(touched.noted[i]);
	else
		announce(&shared->others);
}

static void
raise_lsn(Mark *mark, XLogRecPtr lsn)
{
	uint64		current = pg_atomic_read_u64(&mark->lsn);

	while (current < lsn && !pg_atomic_compare_exchange_u64(&mark->lsn, &current, lsn))
		;
}

/* After it has; `lsn` is invalid if it has not. */
static void
settle_commit(XLogRecPtr lsn)
{
	while (touched.nannounced > 0)
	{
		Mark	   *mark = touched.announced[--touched.nannounced];

		raise_lsn(mark, lsn);
		pg_atomic_fetch_sub_u32(&mark->pending, 1); /* (a full barrier) */
	}
}

static void
on_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			announce_commit();
			break;
		case XACT_EVENT_COMMIT:
			settle_commit(XactLastCommitEnd);
			break;
		case XACT_EVENT_ABORT:
			settle_commit(InvalidXLogRecPtr);
			break;
		default:
			break;
	}
}

/* ---- readers ---- */

void
durability_begin_request(void)
{
	touched.watching = shared != NULL;
	touched.begun = false;
	touched.point = false;
	touched.nnoted = 0;
	row_watcher = shared != NULL ? note_rows : NULL;
}

void
durability_begin_operation(const char *operation)
{
	static const char *const point_operations[] = {
		"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query",
		"BatchGetItem", "BatchWriteItem",
	};

	touched.begun = true;
	for (int i = 0; i < lengthof(point_operations); i++)
		if (strcmp(operation, point_operations[i]) == 0)
			touched.point = true;
}

static void
note_rows(const DynamoTable *table, AttributeValue partition, bool write)
{
	uint32		hash;
	Mark	   *mark;

	if (!touched.point)
		return;
	/* Triggers and policies may touch anything. */
	if (!table->direct || !attribute_exists(partition) || touched.nnoted == MAX_NOTED)
	{
		touched.point = false;
		return;
	}
	hash = hash_combine(hash_uint32(table->definition->relid),
						hash_bytes((const unsigned char *) partition.data, partition.len));
	mark = &shared->partitions[hash % PARTITION_MARKS];
	for (int i = 0; i < touched.nnoted; i++)
		if (touched.noted[i] == mark)
			return;
	touched.noted[touched.nnoted++] = mark;
}

/*
 * The end of what is in the log.  At the start of a page the position that
 * PostgreSQL gives is the next record's, behind the header: further than can be
 * flushed.
 */
static XLogRecPtr
end_of_log(void)
{
	XLogRecPtr	lsn = GetXLogInsertRecPtr();

	if (lsn % wal_segment_size == SizeOfXLogLongPHD)
		return lsn - SizeOfXLogLongPHD;
	if (lsn % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		return lsn - SizeOfXLogShortPHD;
	return lsn;
}

static XLogRecPtr
look_at(Mark *mark)
{
	if (pg_atomic_read_u32(&mark->pending) > 0)
		return end_of_log();
	pg_read_barrier();
	return pg_atomic_read_u64(&mark->lsn);
}

/* (standbys replay only what is durable) */
XLogRecPtr
durability_of_request(void)
{
	XLogRecPtr	lsn;

	if (shared == NULL || !touched.begun || RecoveryInProgress())
		return InvalidXLogRecPtr;
	if (!touched.point)
		return look_at(&shared->any);
	lsn = look_at(&shared->others);
	for (int i = 0; i < touched.nnoted; i++)
		lsn = Max(lsn, look_at(touched.noted[i]));
	return lsn;
}
