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

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
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
static IndexBuild *read_row(Oid relid, Bytes name);
static IndexBuild *make_build(Oid relid, const IndexDefinition *index);
static void *build_from_row(const Datum *values, const bool *isnull);
static void forget_failures(IndexBuild *build);
static void row_from_build(const IndexBuild *build, Datum *values, bool *isnull);

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

static void *
ttl_build_from_row(const Datum *values, const bool *isnull)
{
	Oid			relid = DatumGetObjectId(values[BUILDS_RELATION - 1]);

	return is_here(relid) ? make_build(relid, &ttl_index) : NULL;
}

/* Of them there is nothing but the row of the build. */
static List *
ttl_builds(void)
{
	CatalogKey	key = {BUILDS_TABLE, NULL, {{BUILDS_NAME, F_TEXTEQ, CStringGetTextDatum("")}}};

	return catalog_read(key, ttl_build_from_row);
}

IndexBuild *
index_build_find(Oid relid, Bytes name)
{
	ListCell   *cell;

	if (!is_here(relid))
		return NULL;
	if (name.len == 0)
		return read_row(relid, name) != NULL ? make_build(relid, &ttl_index) : NULL;
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

static CatalogKey
rows_of(Oid relid)
{
	return (CatalogKey) {BUILDS_TABLE, BUILDS_INDEX,
		{{BUILDS_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};
}

static CatalogKey
row_of(Oid relid, Bytes name)
{
	return (CatalogKey) {BUILDS_TABLE, BUILDS_INDEX,
		{{BUILDS_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)},
		{BUILDS_NAME, F_TEXTEQ, text_datum(name)}}};
}

/* What the row of an index says; NULL if it has none. */
static IndexBuild *
read_row(Oid relid, Bytes name)
{
	List	   *found = catalog_read(row_of(relid, name), build_from_row);

	return found == NIL ? NULL : linitial(found);
}

static IndexBuild *
make_build(Oid relid, const IndexDefinition *index)
{
	IndexBuild *build = read_row(relid, index->name);

	if (build == NULL)
		build = palloc0_object(IndexBuild);
	build->relid = relid;
	build->index = *index;
	if (index->status == INDEX_DELETING && build->phase < BUILD_DROP_BTREE)
		forget_failures(build);
	return build;
}

void
index_build_write(const IndexBuild *build)
{
	CatalogKey	key = row_of(build->relid, build->index.name);
	Datum		values[BUILDS_NCOLUMNS];
	bool		isnull[BUILDS_NCOLUMNS];

	row_from_build(build, values, isnull);
	if (!catalog_replace(key, values, isnull))
		catalog_insert(BUILDS_TABLE, values, isnull);
}

void
index_build_delete(Oid relid, Bytes name)
{
	catalog_delete(row_of(relid, name));
}

void
index_build_forget(Oid relid)
{
	catalog_delete(rows_of(relid));
}

/* ---- rows and structures ---- */

static void *
build_from_row(const Datum *values, const bool *isnull)
{
	IndexBuild *build = palloc0_object(IndexBuild);

	build->phase = catalog_word(BUILDS_TABLE, values[BUILDS_PHASE - 1], phases, lengthof(phases));
	if (!isnull[BUILDS_LAST_KEY - 1])
		build->last_key = (DynamoItem *) PG_DETOAST_DATUM_COPY(values[BUILDS_LAST_KEY - 1]);
	build->items_done = DatumGetInt64(values[BUILDS_ITEMS_DONE - 1]);
	build->items_total = DatumGetInt64(values[BUILDS_ITEMS_TOTAL - 1]);
	if (!isnull[BUILDS_STARTED - 1])
		build->started = DatumGetTimestampTz(values[BUILDS_STARTED - 1]);
	if (!isnull[BUILDS_NEXT_ATTEMPT - 1])
		build->next_attempt = DatumGetTimestampTz(values[BUILDS_NEXT_ATTEMPT - 1]);
	build->attempts = DatumGetInt32(values[BUILDS_ATTEMPTS - 1]);
	build->error = catalog_bytes(values[BUILDS_ERROR - 1], isnull[BUILDS_ERROR - 1]);
	return build;
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
	values[BUILDS_NAME - 1] = text_datum(build->index.name);
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
	values[BUILDS_ERROR - 1] = catalog_text(build->error, &isnull[BUILDS_ERROR - 1]);
}
