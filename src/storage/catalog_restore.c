/*
 * catalog_restore.c
 *		What a dump brings of a table that is recorded already.
 *
 * The catalog's tables are dumped as data of the extension.  Where the target of
 * pg_restore --data-only has its tables already, made by dynamo.create_table(),
 * something is recorded of each of them; what comes with the data then takes its
 * place, by a trigger BEFORE INSERT on each of the catalog's tables.  Our own
 * code, which does not write by SQL, never meets it.
 *
 * (pg_restore --disable-triggers disables this one too.)
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

static void delete_recorded(Relation catalog, HeapTuple row);
static int key_of_row(Oid index_oid, TupleDesc desc, HeapTuple row, ScanKeyData *keys);

/* dynamo.replace_recorded() returns trigger. */
PG_FUNCTION_INFO_V1(dynamo_replace_recorded);
Datum
dynamo_replace_recorded(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		RelationGetNamespace(data->tg_relation) != extension_schema_oid())
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.replace_recorded() serves only the tables of the extension, BEFORE INSERT FOR EACH ROW")));
	delete_recorded(data->tg_relation, data->tg_trigtuple);
	return PointerGetDatum(data->tg_trigtuple);
}

/*
 * Deletes the row with the primary key of this one, if there is one.  Keys begin
 * with the relation that something is recorded of, and its users are told.
 */
static void
delete_recorded(Relation catalog, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(catalog);
	Oid			index = compat_primary_key_index(catalog);
	ScanKeyData keys[INDEX_MAX_KEYS];
	int			n = key_of_row(index, desc, row, keys);
	SysScanDesc scan;
	HeapTuple	recorded;

	if (n == 0)
		return;
	scan = systable_beginscan(catalog, index, true, NULL, n, keys);
	recorded = systable_getnext(scan);
	if (HeapTupleIsValid(recorded))
		CatalogTupleDelete(catalog, &recorded->t_self);
	systable_endscan(scan);
	if (SearchSysCacheExists1(RELOID, keys[0].sk_argument))
		CacheInvalidateRelcacheByRelid(DatumGetObjectId(keys[0].sk_argument));
}

/*
 * Equality with the row's values of the columns of an index, which are of type
 * regclass or text: how many they are, 0 if one is NULL, which the row must not
 * be and is refused for elsewhere.
 */
static int
key_of_row(Oid index_oid, TupleDesc desc, HeapTuple row, ScanKeyData *keys)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	int			n = index->rd_index->indnkeyatts;

	for (int i = 0; i < n; i++)
	{
		AttrNumber	column = index->rd_index->indkey.values[i];
		bool		is_text = TupleDescAttr(desc, column - 1)->atttypid == TEXTOID;
		bool		isnull;
		Datum		value = heap_getattr(row, column, desc, &isnull);

		ScanKeyInit(&keys[i], column, BTEqualStrategyNumber, is_text ? F_TEXTEQ : F_OIDEQ, value);
		if (isnull)
			n = 0;
	}
	index_close(index, AccessShareLock);
	return n;
}
