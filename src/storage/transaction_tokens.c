/*
 * transaction_tokens.c
 *		dynamo.transaction_tokens: the ClientRequestTokens of the last ten minutes.
 *
 * A token belongs to the role that uses it, so that nobody can guess another's
 * or spend it.  Its row is inserted by the transaction that it names, so it is
 * there exactly if that has committed; a transaction that was cancelled leaves
 * none and may be tried again.
 *
 * Locks: users of a token take turns by a lock on its hash, which is kept until
 * the transaction ends; the second then finds the first's row.  So no index
 * need be unique, and an expired row never stands in the way.  Rows are deleted
 * by whoever comes by when they have expired, a few at a time, one session at a
 * time.  The catalog is read with fresh snapshots, like catalog.c's.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "common/clock.h"
#include "common/compat.h"
#include "common/errors.h"
#include "common/limits.h"
#include "storage/storage_internal.h"

#define TOKENS_TABLE		"transaction_tokens"
#define TOKENS_TOKEN_INDEX	"transaction_tokens_token"
#define TOKENS_USED_INDEX	"transaction_tokens_used"

/* Columns of dynamo.transaction_tokens, as storage.sql makes them. */
enum
{
	TOKENS_ROLE = 1,
	TOKENS_TOKEN,
	TOKENS_DIGEST,
	TOKENS_USED,
	TOKENS_NCOLUMNS = TOKENS_USED,
};


/* What the object locks on the catalog stand for. */
#define LOCK_OF_TOKEN		0	/* of the token with this hash */
#define LOCK_OF_CLEANER		1

/* How many expired rows a transaction with a token deletes: more than it adds. */
#define MAX_FORGOTTEN		8

static bool find_digest(Relation catalog, bytea *token, TimestampTz since, bytea **digest);
static void insert_token(Relation catalog, bytea *token, bytea *digest, TimestampTz now);
static void forget_expired(Relation catalog, TimestampTz before);
static bytea *make_bytea(const void *data, int len);
static bool same_bytes(const bytea *a, const bytea *b);

bool
transaction_token_claim(Bytes token_bytes, Bytes digest_bytes)
{
	Relation	catalog = catalog_open(TOKENS_TABLE, RowExclusiveLock);
	bytea	   *token = make_bytea(token_bytes.data, token_bytes.len);
	bytea	   *digest = make_bytea(digest_bytes.data, digest_bytes.len);
	TimestampTz now = dynamo_now();
	TimestampTz since = now - REQUEST_TOKEN_MINUTES * USECS_PER_MINUTE;
	bytea	   *found;
	bool		is_new;

	LockDatabaseObject(RelationGetRelid(catalog),
					   hash_combine(hash_bytes((const unsigned char *) token_bytes.data,
											   token_bytes.len), GetUserId()),
					   LOCK_OF_TOKEN, ExclusiveLock);
	is_new = !find_digest(catalog, token, since, &found);
	if (!is_new && !same_bytes(found, digest))
		ereport(ERROR,
				(errcode(ERRCODE_IDEMPOTENT_PARAMETER_MISMATCH),
				 errmsg_internal("DynamoDB rejected the request because you retried a request "
								 "with a different payload but with an idempotent token that "
								 "was already used.")));
	if (is_new)
	{
		forget_expired(catalog, since);
		insert_token(catalog, token, digest, now);
	}
	table_close(catalog, NoLock);
	return is_new;
}

static bool
find_digest(Relation catalog, bytea *token, TimestampTz since, bytea **digest)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;
	bool		found = false;

	ScanKeyInit(&keys[0], TOKENS_ROLE, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(GetUserId()));
	ScanKeyInit(&keys[1], TOKENS_TOKEN, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(token));
	scan = systable_beginscan(catalog, catalog_oid(TOKENS_TOKEN_INDEX), true, NULL, 2, keys);
	while (!found && HeapTupleIsValid(row = systable_getnext(scan)))
	{
		Datum		values[TOKENS_NCOLUMNS];
		bool		isnull[TOKENS_NCOLUMNS];

		heap_deform_tuple(row, RelationGetDescr(catalog), values, isnull);
		found = DatumGetTimestampTz(values[TOKENS_USED - 1]) > since;
		if (found)
			*digest = DatumGetByteaPCopy(values[TOKENS_DIGEST - 1]);
	}
	systable_endscan(scan);
	return found;
}

static void
insert_token(Relation catalog, bytea *token, bytea *digest, TimestampTz now)
{
	Datum		values[TOKENS_NCOLUMNS];
	bool		isnull[TOKENS_NCOLUMNS] = {false};

	values[TOKENS_ROLE - 1] = ObjectIdGetDatum(GetUserId());
	values[TOKENS_TOKEN - 1] = PointerGetDatum(token);
	values[TOKENS_DIGEST - 1] = PointerGetDatum(digest);
	values[TOKENS_USED - 1] = TimestampTzGetDatum(now);
	CatalogTupleInsert(catalog, heap_form_tuple(RelationGetDescr(catalog), values, isnull));
	CommandCounterIncrement();
}

/* Deletes some rows that nobody needs any more, unless another session does. */
static void
forget_expired(Relation catalog, TimestampTz before)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;
	LOCKTAG		cleaner;

	/* (ConditionalLockDatabaseObject() is missing in early minor versions) */
	SET_LOCKTAG_OBJECT(cleaner, MyDatabaseId, RelationGetRelid(catalog), InvalidOid,
					   LOCK_OF_CLEANER);
	if (LockAcquire(&cleaner, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return;
	ScanKeyInit(&key, TOKENS_USED, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE,
				TimestampTzGetDatum(before));
	scan = systable_beginscan(catalog, catalog_oid(TOKENS_USED_INDEX), true, NULL, 1, &key);
	for (int i = 0; i < MAX_FORGOTTEN && HeapTupleIsValid(row = systable_getnext(scan)); i++)
		CatalogTupleDelete(catalog, &row->t_self);
	systable_endscan(scan);
}

static bytea *
make_bytea(const void *data, int len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), data, len);
	return result;
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}
