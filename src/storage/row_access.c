/*
 * row_access.c
 *		What a session remembers of a table in order to reach its rows.
 *
 * A point operation takes some ten microseconds, so nothing that can be looked
 * up once is looked up per call: operators and comparison functions of the key,
 * and the indexes with what their entries are made of.  Relations are opened
 * and locked per call all the same, and nothing that depends on the execution
 * of a call (expression state, pins, plans' states) is kept here.
 *
 * Entries are replaced after an invalidation of the table.  That of an index
 * needs none: what is remembered of an index never changes, and what does
 * (indisready) is read from the open relation.  A callback may come in the
 * middle of a call, whose callers hold pointers; so an entry that is replaced
 * is handed to TopTransactionContext, where it lasts until none can be left.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "storage/row_internal.h"

RowWatcher	row_watcher = NULL;
uint64		relation_news = 0;

typedef struct AccessEntry
{
	Oid			relid;
	bool		valid;
	TableAccess *access;		/* NULL while it is built, and if that failed */
} AccessEntry;

static HTAB *entries;
static bool some_invalid;		/* an entry was invalidated and is still here */

static void forget_table(Datum arg, Oid relid);
static void forget_all(Datum arg, int cacheid, uint32 hashvalue);
static void retire_invalid_entries(void);
static TableAccess *build_access(Relation rel);
static void remember_primary_key(KeyIndex *primary, const TableDefinition *definition);
static void remember_secondary(TableAccess *access, Relation rel,
							   const TableDefinition *definition);
static const int *key_columns(const TableDefinition *definition, const KeySchema *key,
							  const IndexParts *parts);
static void remember_column(KeyColumn *key, const DerivedColumn *derived);
static void remember_operators(KeyColumn *key);
static Datum equal_bytes(PG_FUNCTION_ARGS);
static void remember_indexes(TableAccess *access, Relation rel,
							 const TableDefinition *definition);
static void remember_index(RowIndex *row_index, Oid oid, const TableDefinition *definition);
static bool has_only_derived(const IndexInfo *info, const TableDefinition *definition);
static void free_statements(void *arg);

void
table_access_init(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(AccessEntry),
		.hcxt = TopMemoryContext,
	};

	entries = hash_create("dynamo table access", 32, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
	/* statements name the table's schema, whose new name is no news of the table */
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

TableAccess *
table_access(DynamoTable *table)
{
	Oid			relid = RelationGetRelid(table->rel);
	AccessEntry *entry = hash_search(entries, &relid, HASH_FIND, NULL);

	if (entry == NULL || !entry->valid || entry->access == NULL)
	{
		TableAccess *access;

		retire_invalid_entries();
		entry = hash_search(entries, &relid, HASH_ENTER, NULL);
		entry->access = NULL;
		entry->valid = true;	/* unless it is invalidated while we build */
		access = build_access(table->rel);
		MemoryContextSetParent(access->context, CacheMemoryContext);
		entry->access = access;
	}
	table->access = entry->access;
	return entry->access;
}

const List *
table_indexes(DynamoTable *table)
{
	return table_access(table)->secondary;
}

const IndexDefinition *
table_index(DynamoTable *table, Bytes name)
{
	ListCell   *cell;

	foreach(cell, table_access(table)->secondary)
	{
		const IndexDefinition *index = lfirst(cell);

		if (bytes_equal(index->name, name))
			return index;
	}
	return NULL;
}

void
index_statistics(DynamoTable *table, const IndexDefinition *index,
				 int64 *item_count, int64 *bytes)
{
	Relation	btree;

	*item_count = *bytes = 0;
	if (index->order == NULL || !OidIsValid(index->order->oid))
		return;
	btree = index_open(index->order->oid, AccessShareLock);
	*item_count = Max((int64) btree->rd_rel->reltuples, 0);
	/* without the metapage, which an empty one has too */
	*bytes = Max((int64) RelationGetNumberOfBlocks(btree) - 1, 0) * BLCKSZ;
	index_close(btree, AccessShareLock);
}

/*
 * Where the btree was built in a transaction with everything else that makes an
 * index, its entry in pg_index tells when that was.  (A transaction may use an
 * index of its own.)  The primary key's matters only where there were changes of
 * keys in HOT chains, while it was dropped.
 */
void
check_index_age(KeyIndex *index)
{
	Relation	btree;
	TransactionId made;

	if (index->is_old || !OidIsValid(index->oid))
		return;
	btree = index_open(index->oid, AccessShareLock);
	made = HeapTupleHeaderGetXmin(btree->rd_indextuple->t_data);
	if (btree->rd_index->indisprimary && !btree->rd_index->indcheckxmin)
		made = InvalidTransactionId;
	index_close(btree, AccessShareLock);

	if (!TransactionIdIsNormal(made) || TransactionIdPrecedes(made, TransactionXmin))
		index->is_old = true;
	else if (!TransactionIdIsCurrentTransactionId(made) &&
			 XidInMVCCSnapshot(made, GetActiveSnapshot()))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent creation of an index"),
				 errhint("The transaction might succeed if retried.")));
}

/* ---- invalidation ---- */

/* relid InvalidOid means every relation. */
static void
forget_table(Datum arg, Oid relid)
{
	if (OidIsValid(relid))
	{
		AccessEntry *entry = hash_search(entries, &relid, HASH_FIND, NULL);

		relation_news++;
		if (entry != NULL)
		{
			entry->valid = false;
			some_invalid = true;
		}
	}
	else
		forget_all(arg, 0, 0);
}

static void
forget_all(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	AccessEntry *entry;

	relation_news++;
	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entry->valid = false;
	some_invalid = true;
}

/* Removes what is no longer valid, leaving it to callers until they are done. */
static void
retire_invalid_entries(void)
{
	HASH_SEQ_STATUS scan;
	AccessEntry *entry;

	if (!some_invalid)
		return;
	some_invalid = false;
	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->valid)
			continue;
		if (entry->access != NULL)
			MemoryContextSetParent(entry->access->context, TopTransactionContext);
		hash_search(entries, &entry->relid, HASH_REMOVE, NULL);
	}
}

/* ---- building ---- */

/* In a child of the current memory context, so that an error leaves nothing. */
static TableAccess *
build_access(Relation rel)
{
	const TableDefinition *definition = table_definition(rel);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo table access",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	TableAccess *access = palloc0(sizeof(TableAccess));
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	access->context = context;
	access->item_column = definition->item_column;
	if (rel->rd_rel->relkind == RELKIND_RELATION)
		access->primary.oid = definition->primary_index;
	remember_primary_key(&access->primary, definition);
	remember_secondary(access, rel, definition);
	if (definition->plain)
		remember_indexes(access, rel, definition);

	callback->func = free_statements;
	callback->arg = access;
	MemoryContextRegisterResetCallback(context, callback);
	MemoryContextSwitchTo(caller);
	return access;
}

static void
remember_primary_key(KeyIndex *primary, const TableDefinition *definition)
{
	primary->nhash = definition->key.nhash;
	primary->nkeys = definition->key.nhash + definition->key.nrange;
	for (int i = 0; i < primary->nkeys; i++)
		remember_column(&primary->keys[i], &definition->derived[i]);
}

/* An index whose columns are not there (the definition was changed by hand) has no order. */
static void
remember_secondary(TableAccess *access, Relation rel, const TableDefinition *definition)
{
	ListCell   *cell;

	access->secondary = index_catalog_read(RelationGetRelid(rel));
	foreach(cell, access->secondary)
	{
		IndexDefinition *index = lfirst(cell);
		KeyIndex   *order;
		IndexParts	parts;

		if (!index_parts(definition, &index->key, &parts))
			continue;
		index->key_columns = key_columns(definition, &index->key, &parts);
		order = palloc0_object(KeyIndex);
		order->nhash = index->key.nhash;
		order->nkeys = parts.n;
		order->not_null = parts.not_null;
		for (int i = 0; i < parts.n; i++)
			remember_column(&order->keys[i], parts.columns[i]);
		if (rel->rd_rel->relkind == RELKIND_RELATION)
			order->oid = index_btree(rel, &parts, true);
		index->order = order;
	}
}

/* The columns of an index's key, which are its first parts, by their positions. */
static const int *
key_columns(const TableDefinition *definition, const KeySchema *key, const IndexParts *parts)
{
	int		   *result = palloc_array(int, key->nhash + key->nrange);

	for (int i = 0; i < key->nhash + key->nrange; i++)
		result[i] = parts->columns[i] - definition->derived;
	return result;
}

static void
remember_column(KeyColumn *key, const DerivedColumn *derived)
{
	key->column = derived->column;
	key->type = derived->type;
	key->type_oid = key_column_type(key->type);
	key->collation = key_column_collation(key->type);
	remember_operators(key);
}

/* The type's default btree operators, which are the primary key's. */
static void
remember_operators(KeyColumn *key)
{
	TypeCacheEntry *type = lookup_type_cache(key->type_oid,
											 TYPECACHE_BTREE_OPFAMILY | TYPECACHE_CMP_PROC);
	Oid			family = type->btree_opf;
	Oid			input = type->btree_opintype;

	for (StrategyNumber i = BTLessStrategyNumber; i <= BTMaxStrategyNumber; i++)
		fmgr_info_cxt(get_opcode(get_opfamily_member(family, input, input, i)),
					  &key->operators[i], CurrentMemoryContext);
	if (key->type != ATTRIBUTE_N)
		key->operators[BTEqualStrategyNumber].fn_addr = equal_bytes;
	fmgr_info_cxt(get_opfamily_proc(family, input, input, BTORDER_PROC),
				  &key->order, CurrentMemoryContext);
}

/*
 * = of bytea, and of text in collation "C", without the detours of their own
 * functions: a scan asks it of each entry.
 */
static Datum
equal_bytes(PG_FUNCTION_ARGS)
{
	struct varlena *entry = (struct varlena *) PG_GETARG_POINTER(0);
	struct varlena *key = PG_GETARG_VARLENA_PP(1);
	Size		size = VARSIZE_ANY_EXHDR(key);
	bool		result;

	if (VARATT_IS_COMPRESSED(entry))
		entry = PG_GETARG_VARLENA_PP(0);
	result = VARSIZE_ANY_EXHDR(entry) == size &&
		memcmp(VARDATA_ANY(entry), VARDATA_ANY(key), size) == 0;
	PG_FREE_IF_COPY(entry, 0);
	PG_FREE_IF_COPY(key, 1);
	PG_RETURN_BOOL(result);
}

static void
remember_indexes(TableAccess *access, Relation rel, const TableDefinition *definition)
{
	List	   *oids = RelationGetIndexList(rel);
	int			n = 1;
	ListCell   *cell;

	access->indexes = palloc0(list_length(oids) * sizeof(RowIndex));
	foreach(cell, oids)
	{
		Oid			oid = lfirst_oid(cell);
		bool		is_primary = oid == access->primary.oid;

		remember_index(&access->indexes[is_primary ? 0 : n++], oid, definition);
	}
	access->nindexes = n;
	list_free(oids);
}

static void
remember_index(RowIndex *row_index, Oid oid, const TableDefinition *definition)
{
	Relation	index = index_open(oid, AccessShareLock);
	IndexInfo  *info = BuildIndexInfo(index);

	row_index->oid = oid;
	row_index->info = info;
	row_index->only_derived = has_only_derived(info, definition);
	row_index->is_sparse = info->ii_Expressions == NIL && info->ii_Predicate != NIL &&
		predicate_requires_not_null(info->ii_Predicate, &row_index->not_null);
	if (row_index->is_sparse)
		info->ii_Predicate = NIL;
	row_index->needs_estate = info->ii_Expressions != NIL || info->ii_Predicate != NIL;
	index_close(index, AccessShareLock);
}

static bool
has_only_derived(const IndexInfo *info, const TableDefinition *definition)
{
	for (int i = 0; i < info->ii_NumIndexAttrs; i++)
	{
		bool		is_derived = false;

		for (int j = 0; j < definition->nderived; j++)
			is_derived |= info->ii_IndexAttrNumbers[i] == definition->derived[j].column;
		if (!is_derived)
			return false;
	}
	return true;
}

static void
free_statements(void *arg)
{
	TableAccess *access = arg;

	if (access->sql != NULL)
		sql_statements_free(access->sql);
}
