/*
 * statistics.c
 *		Counters of requests per table and operation, in shared memory.
 *
 * An entry is made at the first request and stays until the server ends, so
 * its counters are found under a shared lock and changed by atomic additions;
 * each session remembers those that it has used lately, and needs no lock.
 * Requests that name a table that does not exist count for the table "", so
 * that nobody fills the memory with invented names; when it is full
 * nevertheless, requests count for the table "(others)".
 *
 * Items that have expired are no requests: they count for the operation "".
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "common/compat.h"
#include "common/settings.h"
#include "worker/worker.h"

#define MAX_ENTRIES		2000
#define ENTRIES_OF_OTHERS 256
#define MAX_TABLE_LENGTH 255
#define OTHERS			"(others)"

typedef struct StatisticsKey
{
	Oid			database;
	char		schema[NAMEDATALEN];
	char		table[MAX_TABLE_LENGTH + 1];
	char		operation[MAX_OPERATION_LENGTH + 1];
} StatisticsKey;

typedef struct StatisticsEntry
{
	StatisticsKey key;
	pg_atomic_uint64 outcomes[OUTCOMES];
	pg_atomic_uint64 half_units;	/* capacity comes in halves */
	pg_atomic_uint64 expired_items;
	pg_atomic_uint64 failed_items;
	pg_atomic_uint64 total_time;
	pg_atomic_uint64 latency[LATENCY_BUCKETS];
} StatisticsEntry;

typedef struct StatisticsShared
{
	LWLock		lock;			/* of the table's structure, not of counters */
} StatisticsShared;

const int	latency_bounds[LATENCY_BUCKETS - 1] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000
};

static StatisticsShared *shared = NULL;
static HTAB *entries = NULL;

/* The entries that this session has used lately, by a hash of their names. */
#define REMEMBERED 64
static StatisticsEntry *remembered[REMEMBERED];

static void statistics_count(const char *table, const char *operation, RequestOutcome outcome,
							 double consumed_units, uint64 microseconds);
static StatisticsEntry *find_entry(const char *table, const char *operation);
static StatisticsEntry *find_or_make_entry(const StatisticsKey *key);
static StatisticsEntry *make_entry(const StatisticsKey *key);
static void set_key(StatisticsKey *key, const char *table, const char *operation);
static void clear_counters(StatisticsEntry *entry, bool first);

Size
statistics_shmem_size(void)
{
	return add_size(MAXALIGN(sizeof(StatisticsShared)),
					hash_estimate_size(MAX_ENTRIES + ENTRIES_OF_OTHERS, sizeof(StatisticsEntry)));
}

/* With AddinShmemInitLock held. */
void
statistics_shmem_init(void)
{
	HASHCTL		control = {
		.keysize = sizeof(StatisticsKey),
		.entrysize = sizeof(StatisticsEntry),
	};
	bool		found;

	shared = ShmemInitStruct("dynamo statistics", sizeof(StatisticsShared), &found);
	if (!found)
		LWLockInitialize(&shared->lock, LWLockNewTrancheId());
	LWLockRegisterTranche(shared->lock.tranche, "DynamoStatistics");
	entries = ShmemInitHash("dynamo statistics entries", MAX_ENTRIES + ENTRIES_OF_OTHERS,
							MAX_ENTRIES + ENTRIES_OF_OTHERS, &control, HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
	request_counter = statistics_count;
}

/* ---- counting ---- */

static void
statistics_count(const char *table, const char *operation, RequestOutcome outcome,
				 double consumed_units, uint64 microseconds)
{
	StatisticsEntry *entry;
	int			bucket = 0;

	entry = find_entry(table, operation);
	if (entry == NULL)
		return;
	while (bucket < LATENCY_BUCKETS - 1 && microseconds > latency_bounds[bucket])
		bucket++;
	pg_atomic_fetch_add_u64(&entry->outcomes[outcome], 1);
	pg_atomic_fetch_add_u64(&entry->latency[bucket], 1);
	pg_atomic_fetch_add_u64(&entry->total_time, microseconds);
	if (consumed_units > 0)
		pg_atomic_fetch_add_u64(&entry->half_units, (uint64) rint(consumed_units * 2));
}

void
statistics_count_expired(const char *schema, const char *table, int deleted, int failed)
{
	StatisticsKey key;
	StatisticsEntry *entry;

	set_key(&key, table, "");
	strlcpy(key.schema, schema, sizeof(key.schema));
	entry = find_or_make_entry(&key);
	if (entry == NULL)
		return;
	pg_atomic_fetch_add_u64(&entry->expired_items, deleted);
	pg_atomic_fetch_add_u64(&entry->failed_items, failed);
}

static StatisticsEntry *
find_entry(const char *table, const char *operation)
{
	/* (the ends of the names, since a lookup must cost nothing) */
	int			length = strlen(table);
	uint32		hash = length * 3 + (length > 0 ? table[length - 1] : 0) * 5 +
		operation[0] * 7 + operation[1] * 11;
	StatisticsEntry **found = &remembered[hash % REMEMBERED];

	if (*found == NULL || strcmp((*found)->key.table, table) != 0 ||
		strcmp((*found)->key.operation, operation) != 0 ||
		strcmp((*found)->key.schema, dynamo_schema) != 0)
	{
		StatisticsKey key;

		set_key(&key, table, operation);
		*found = find_or_make_entry(&key);
	}
	return *found;
}

static StatisticsEntry *
find_or_make_entry(const StatisticsKey *key)
{
	StatisticsEntry *entry;

	LWLockAcquire(&shared->lock, LW_SHARED);
	entry = hash_search(entries, key, HASH_FIND, NULL);
	LWLockRelease(&shared->lock);
	return entry != NULL ? entry : make_entry(key);
}

static StatisticsEntry *
make_entry(const StatisticsKey *key)
{
	StatisticsEntry *entry;
	bool		found;

	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	if (hash_get_num_entries(entries) >= MAX_ENTRIES &&
		strcmp(key->table, OTHERS) != 0)
	{
		StatisticsKey others;

		LWLockRelease(&shared->lock);
		set_key(&others, OTHERS, key->operation);
		return find_or_make_entry(&others);
	}
	entry = hash_search(entries, key, HASH_ENTER_NULL, &found);
	if (entry != NULL && !found)
		clear_counters(entry, true);
	LWLockRelease(&shared->lock);
	return entry;
}

static void
set_key(StatisticsKey *key, const char *table, const char *operation)
{
	memset(key, 0, sizeof(*key));
	key->database = MyDatabaseId;
	if (strcmp(table, OTHERS) != 0)
		strlcpy(key->schema, dynamo_schema, sizeof(key->schema));
	strlcpy(key->table, table, sizeof(key->table));
	strlcpy(key->operation, operation, sizeof(key->operation));
}

static void
clear_counter(pg_atomic_uint64 *counter, bool first)
{
	if (first)
		pg_atomic_init_u64(counter, 0);
	else
		pg_atomic_write_u64(counter, 0);
}

static void
clear_counters(StatisticsEntry *entry, bool first)
{
	for (int i = 0; i < OUTCOMES; i++)
		clear_counter(&entry->outcomes[i], first);
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		clear_counter(&entry->latency[i], first);
	clear_counter(&entry->half_units, first);
	clear_counter(&entry->expired_items, first);
	clear_counter(&entry->failed_items, first);
	clear_counter(&entry->total_time, first);
}

/* ---- reading ---- */

static void
read_entry(const StatisticsEntry *from, RequestStatistics *to)
{
	StatisticsEntry *entry = (StatisticsEntry *) from;	/* (reads are not const) */

	to->schema = pstrdup(entry->key.schema);
	to->table = pstrdup(entry->key.table);
	to->operation = pstrdup(entry->key.operation);
	for (int i = 0; i < OUTCOMES; i++)
		to->outcomes[i] = pg_atomic_read_u64(&entry->outcomes[i]);
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		to->latency[i] = pg_atomic_read_u64(&entry->latency[i]);
	to->consumed_units = pg_atomic_read_u64(&entry->half_units) / 2.0;
	to->expired_items = pg_atomic_read_u64(&entry->expired_items);
	to->failed_items = pg_atomic_read_u64(&entry->failed_items);
	to->total_time = pg_atomic_read_u64(&entry->total_time);
}

RequestStatistics *
statistics_read(int *n)
{
	RequestStatistics *result;
	HASH_SEQ_STATUS status;
	StatisticsEntry *entry;

	*n = 0;
	if (shared == NULL)
		return NULL;
	LWLockAcquire(&shared->lock, LW_SHARED);
	result = palloc((hash_get_num_entries(entries) + 1) * sizeof(RequestStatistics));
	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (entry->key.database == MyDatabaseId)
			read_entry(entry, &result[(*n)++]);
	LWLockRelease(&shared->lock);
	return result;
}

/* ---- SQL ---- */

static Datum
bigint_array(const uint64 *values, int n)
{
	Datum	   *datums = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		datums[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, n, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* dynamo.request_statistics(): one row per table and operation of this database. */
PG_FUNCTION_INFO_V1(dynamo_request_statistics);
Datum
dynamo_request_statistics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RequestStatistics *statistics;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	statistics = statistics_read(&n);
	for (int i = 0; i < n; i++)
	{
		RequestStatistics *row = &statistics[i];
		Datum		values[8 + OUTCOMES];
		bool		nulls[8 + OUTCOMES] = {false};
		int			column = 0;

		values[column++] = CStringGetTextDatum(row->schema);
		values[column++] = CStringGetTextDatum(row->table);
		values[column++] = CStringGetTextDatum(row->operation);
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			values[column++] = Int64GetDatum(row->outcomes[outcome]);
		values[column++] = Float8GetDatum(row->consumed_units);
		values[column++] = Float8GetDatum(row->total_time / 1000.0);
		values[column++] = bigint_array(row->latency, LATENCY_BUCKETS);
		values[column++] = Int64GetDatum(row->expired_items);
		values[column++] = Int64GetDatum(row->failed_items);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* dynamo.reset_request_statistics(): sets the counters of this database to zero. */
PG_FUNCTION_INFO_V1(dynamo_reset_request_statistics);
Datum
dynamo_reset_request_statistics(PG_FUNCTION_ARGS)
{
	HASH_SEQ_STATUS status;
	StatisticsEntry *entry;

	if (shared == NULL)
		PG_RETURN_VOID();
	LWLockAcquire(&shared->lock, LW_SHARED);
	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (entry->key.database == MyDatabaseId)
			clear_counters(entry, false);
	LWLockRelease(&shared->lock);
	PG_RETURN_VOID();
}

/* dynamo.latency_bounds(): upper bounds of the histogram's buckets in ms. */
PG_FUNCTION_INFO_V1(dynamo_latency_bounds);
Datum
dynamo_latency_bounds(PG_FUNCTION_ARGS)
{
	Datum		bounds[LATENCY_BUCKETS - 1];

	for (int i = 0; i < LATENCY_BUCKETS - 1; i++)
		bounds[i] = Float8GetDatum(latency_bounds[i] / 1000.0);
	PG_RETURN_DATUM(PointerGetDatum(construct_array(bounds, LATENCY_BUCKETS - 1, FLOAT8OID,
													sizeof(float8), FLOAT8PASSBYVAL,
													TYPALIGN_DOUBLE)));
}
