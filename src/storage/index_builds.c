/*
 * index_builds.c
 *		dynamo.index_builds: how far the indexes are that a worker makes or deletes.
 *
 * What is to be done stands in dynamo.table_indexes: an index that is CREATING or
 * DELETING after a commit is a worker's to finish (worker/index_builder.c).  The
 * row here is what the worker remembers of it; without one, after a restore, it
 * begins from the start.
 *
 * Rows are written as catalog.c describes, by the one worker of the database, and
 * deleted by whoever deletes the index or the table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "storage/storage_internal.h"

#define BUILDS_TABLE	"index_builds"
#define BUILDS_INDEX	"index_builds_pkey"

/* Columns of dynamo.index_builds, as storage.sql makes them. */
enum
{
	BUILDS_RELATION = 1,
	BUILDS_NAME,
	BUILDS_PHASE,
	BUILDS_LAST_KEY,
	BUILDS_ITEMS_DONE,
	BUILDS_ITEMS_TOTAL,
	BUILDS_STARTED,
	BUILDS_NEXT_ATTEMPT,
	BUILDS_PID,
	BUILDS_WAITING_FOR,
	BUILDS_ATTEMPTS,
	BUILDS_ERROR,
	BUILDS_NCOLUMNS = BUILDS_ERROR,
};

static const char *const phases[] = {
	[BUILD_ADD_COLUMNS] = "adding columns",
	[BUILD_FILL] = "backfilling",
	[BUILD_BTREE] = "building index",
	[BUILD_DROP_BTREE] = "dropping index",
	[BUILD_DROP_COLUMNS] = "dropping columns",
};

/* What there is of the btree of time to live. */
static const IndexDefinition ttl_index = {
	.name = {"", 0}, .status = INDEX_CREATING, .backfilling = true
};

static List *ttl_builds(void);
static bool is_here(Oid relid);
static bool has_row(Oid relid, Bytes name);
static IndexBuild *make_build(Oid relid, const IndexDefinition *index);
static void build_from_row(HeapTuple row, TupleDesc desc, IndexBuild *build);
static void forget_failures(IndexBuild *build);
static void row_from_build(const IndexBuild *build, Datum *values, bool *isnull);
static BuildPhase phase_named(const char *name);

/* ---- what there is to do ---- */

List *
index_build_list(void)
{
	List	   *builds = NIL;
	ListCell   *cell;

	foreach(cell, index_catalog_list_changing())
	{
		const ChangingIndex *changing = lfirst(cell);

		if (is_here(changing->relid))
			builds = lappend(builds, make_build(changing->relid, changing->index));
	}
	return list_concat(builds, ttl_builds());
}

/* Of them there is nothing but the row of the build. */
static List *
ttl_builds(void)
{
	Relation	catalog = table_open(catalog_oid(BUILDS_TABLE), AccessShareLock);
	List	   *builds = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, BUILDS_NAME, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(""));
	key.sk_collation = C_COLLATION_OID;
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			relid = DatumGetObjectId(heap_getattr(row, BUILDS_RELATION,
														  RelationGetDescr(catalog), &isnull));

		if (is_here(relid))
			builds = lappend(builds, make_build(relid, &ttl_index));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return builds;
}

IndexBuild *
index_build_find(Oid relid, Bytes name)
{
	ListCell   *cell;

	if (!is_here(relid))
		return NULL;
	if (name.len == 0)
		return has_row(relid, name) ? make_build(relid, &ttl_index) : NULL;
	foreach(cell, index_catalog_read(relid))
	{
		const IndexDefinition *index = lfirst(cell);

		if (bytes_equal(index->name, name))
			return index->status == INDEX_ACTIVE ? NULL : make_build(relid, index);
	}
	return NULL;
}

bool
index_build_is_waiting(void)
{
	return index_build_list() != NIL;
}

/* Backups have rows of their table's indexes too, but no trigger. */
static bool
is_here(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_RELATION &&
		OidIsValid(get_trigger_oid(relid, MAINTENANCE_TRIGGER, true));
}

void
index_build_request_create(Oid relid, IndexDefinition *index)
{
	index->status = INDEX_CREATING;
	index->backfilling = false;
	index_catalog_insert(relid, index);
	background_work_request(WORK_INDEXES);
}

/* (what the worker may be doing for the index is of no use any more) */
void
index_build_request_delete(Oid relid, const IndexDefinition *index)
{
	IndexDefinition deleting = *index;

	deleting.status = INDEX_DELETING;
	deleting.backfilling = false;
	index_catalog_update(relid, &deleting);
	background_work_request(WORK_INDEXES);
	background_work_interrupt(WORK_INDEXES, relid);
}

void
index_build_request_ttl(Oid relid)
{
	IndexBuild	build = {.relid = relid, .index = ttl_index, .phase = BUILD_FILL};

	index_build_write(&build);
	background_work_request(WORK_INDEXES);
}

/* ---- rows ---- */

/* The row of an index, or (name.data NULL) those of a relation. */
static SysScanDesc
begin_scan(Relation catalog, Oid relid, Bytes name, ScanKeyData keys[2])
{
	int			nkeys = 0;

	ScanKeyInit(&keys[nkeys++], BUILDS_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	if (name.data != NULL)
	{
		ScanKeyInit(&keys[nkeys], BUILDS_NAME, BTEqualStrategyNumber, F_TEXTEQ,
					PointerGetDatum(cstring_to_text_with_len(name.data, name.len)));
		keys[nkeys++].sk_collation = C_COLLATION_OID;
	}
	return systable_beginscan(catalog, catalog_oid(BUILDS_INDEX), true, NULL, nkeys, keys);
}

static bool
has_row(Oid relid, Bytes name)
{
	Relation	catalog = table_open(catalog_oid(BUILDS_TABLE), AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, name, keys);
	bool		result = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

static IndexBuild *
make_build(Oid relid, const IndexDefinition *index)
{
	Relation	catalog = table_open(catalog_oid(BUILDS_TABLE), AccessShareLock);
	IndexBuild *build = palloc0_object(IndexBuild);
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, index->name, keys);
	HeapTuple	row = systable_getnext(scan);

	build->relid = relid;
	build->index = *index;
	if (HeapTupleIsValid(row))
		build_from_row(row, RelationGetDescr(catalog), build);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return build;
}

void
index_build_write(const IndexBuild *build)
{
	Relation	catalog = table_open(catalog_oid(BUILDS_TABLE), RowExclusiveLock);
	Datum		values[BUILDS_NCOLUMNS];
	bool		isnull[BUILDS_NCOLUMNS];
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, build->relid, build->index.name, keys);
	HeapTuple	old = systable_getnext(scan);
	HeapTuple	row;

	row_from_build(build, values, isnull);
	row = heap_form_tuple(RelationGetDescr(catalog), values, isnull);
	if (HeapTupleIsValid(old))
		CatalogTupleUpdate(catalog, &old->t_self, row);
	else
		CatalogTupleInsert(catalog, row);
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

static void
delete_rows(Oid relid, Bytes name)
{
	Relation	catalog = table_open(catalog_oid(BUILDS_TABLE), RowExclusiveLock);
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, name, keys);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		CatalogTupleDelete(catalog, &row->t_self);
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

void
index_build_delete(Oid relid, Bytes name)
{
	delete_rows(relid, name);
}

void
index_build_forget(Oid relid)
{
	delete_rows(relid, (Bytes) {NULL, 0});
}

/* ---- rows and structures ---- */

static void
build_from_row(HeapTuple row, TupleDesc desc, IndexBuild *build)
{
	Datum		values[BUILDS_NCOLUMNS];
	bool		isnull[BUILDS_NCOLUMNS];

	heap_deform_tuple(row, desc, values, isnull);
	build->phase = phase_named(TextDatumGetCString(values[BUILDS_PHASE - 1]));
	if (!isnull[BUILDS_LAST_KEY - 1])
		build->last_key = (DynamoItem *) PG_DETOAST_DATUM_COPY(values[BUILDS_LAST_KEY - 1]);
	build->items_done = DatumGetInt64(values[BUILDS_ITEMS_DONE - 1]);
	build->items_total = DatumGetInt64(values[BUILDS_ITEMS_TOTAL - 1]);
	if (!isnull[BUILDS_STARTED - 1])
		build->started = DatumGetTimestampTz(values[BUILDS_STARTED - 1]);
	if (!isnull[BUILDS_NEXT_ATTEMPT - 1])
		build->next_attempt = DatumGetTimestampTz(values[BUILDS_NEXT_ATTEMPT - 1]);
	build->attempts = DatumGetInt32(values[BUILDS_ATTEMPTS - 1]);
	if (!isnull[BUILDS_ERROR - 1])
		build->error = bytes_from_cstring(TextDatumGetCString(values[BUILDS_ERROR - 1]));
	if (build->index.status == INDEX_DELETING && build->phase < BUILD_DROP_BTREE)
		forget_failures(build);
}

/* What has kept an index from being made does not keep it from being deleted. */
static void
forget_failures(IndexBuild *build)
{
	build->next_attempt = 0;
	build->attempts = 0;
	build->error = (Bytes) {NULL, 0};
}

static void
row_from_build(const IndexBuild *build, Datum *values, bool *isnull)
{
	memset(isnull, false, BUILDS_NCOLUMNS * sizeof(bool));
	values[BUILDS_RELATION - 1] = ObjectIdGetDatum(build->relid);
	values[BUILDS_NAME - 1] =
		PointerGetDatum(cstring_to_text_with_len(build->index.name.data, build->index.name.len));
	values[BUILDS_PHASE - 1] = CStringGetTextDatum(phases[build->phase]);
	isnull[BUILDS_LAST_KEY - 1] = build->last_key == NULL;
	if (build->last_key != NULL)
		values[BUILDS_LAST_KEY - 1] = DynamoItemGetDatum(build->last_key);
	values[BUILDS_ITEMS_DONE - 1] = Int64GetDatum(build->items_done);
	values[BUILDS_ITEMS_TOTAL - 1] = Int64GetDatum(build->items_total);
	values[BUILDS_STARTED - 1] = TimestampTzGetDatum(build->started);
	isnull[BUILDS_STARTED - 1] = build->started == 0;
	values[BUILDS_NEXT_ATTEMPT - 1] = TimestampTzGetDatum(build->next_attempt);
	isnull[BUILDS_NEXT_ATTEMPT - 1] = build->next_attempt == 0;
	values[BUILDS_PID - 1] = Int32GetDatum(MyProcPid);
	values[BUILDS_WAITING_FOR - 1] = Int32GetDatum(build->waiting_for);
	isnull[BUILDS_WAITING_FOR - 1] = build->waiting_for == 0;
	values[BUILDS_ATTEMPTS - 1] = Int32GetDatum(build->attempts);
	isnull[BUILDS_ERROR - 1] = build->error.data == NULL;
	if (build->error.data != NULL)
		values[BUILDS_ERROR - 1] =
			PointerGetDatum(cstring_to_text_with_len(build->error.data, build->error.len));
}

static BuildPhase
phase_named(const char *name)
{
	for (int i = 0; i < lengthof(phases); i++)
		if (strcmp(phases[i], name) == 0)
			return i;
	elog(ERROR, "dynamo.%s has an unknown phase \"%s\"", BUILDS_TABLE, name);
}
