/*
 * catalog.c
 *		Rows of the extension's own catalogs, the tables of the schema dynamo.
 *
 * They are read and written with simple heap access, for callers whose rights to
 * do so follow from something else (owning the table that a row is about): nobody
 * needs privileges on a catalog, and no search_path, rule or policy of the caller
 * has a part in it.  Reads see the latest committed state and our own changes, as
 * those of the system catalogs do: each takes a fresh snapshot, since rows of
 * these tables send no invalidations.
 *
 * Each catalog has one file that knows its columns, which are there as long as the extension
 * is of the library's version (extension_version.c).  Locks against other writers
 * of the same row are its callers'; the one on the catalog is kept by writers to
 * the end of the transaction.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "storage/storage_internal.h"

Oid
catalog_oid(const char *relname)
{
	Oid			relid = get_relname_relid(relname, get_namespace_oid("dynamo", true));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation dynamo.%s does not exist", relname),
				 errhint("The library may be newer than the extension: ALTER EXTENSION dynamo UPDATE makes what is missing.")));
	return relid;
}

Relation
catalog_open(const char *relname, LOCKMODE mode)
{
	Relation	catalog = table_open(catalog_oid(relname), mode);

	check_extension_version();
	return catalog;
}

/* ---- reading ---- */

static SysScanDesc
begin_scan(Relation catalog, const CatalogKey *key)
{
	ScanKeyData columns[MAX_CATALOG_KEY];
	int			n = 0;

	for (; n < MAX_CATALOG_KEY && OidIsValid(key->columns[n].equal); n++)
		ScanKeyInit(&columns[n], key->columns[n].column, BTEqualStrategyNumber,
					key->columns[n].equal, key->columns[n].value);
	return systable_beginscan(catalog,
							  key->index == NULL ? InvalidOid : catalog_oid(key->index),
							  key->index != NULL, NULL, n, columns);
}

List *
catalog_read(CatalogKey key, CatalogReader reader)
{
	Relation	catalog = catalog_open(key.table, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(catalog);
	Datum	   *values = palloc_array(Datum, desc->natts);
	bool	   *isnull = palloc_array(bool, desc->natts);
	SysScanDesc scan = begin_scan(catalog, &key);
	List	   *result = NIL;
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		void	   *element;

		heap_deform_tuple(row, desc, values, isnull);
		element = reader(values, isnull);
		if (element != NULL)
			result = lappend(result, element);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* ---- writing ---- */

void
catalog_insert(const char *table, Datum *values, bool *isnull)
{
	Relation	catalog = catalog_open(table, RowExclusiveLock);

	CatalogTupleInsert(catalog, heap_form_tuple(RelationGetDescr(catalog), values, isnull));
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

bool
catalog_replace(CatalogKey key, Datum *values, bool *isnull)
{
	Relation	catalog = catalog_open(key.table, RowExclusiveLock);
	SysScanDesc scan = begin_scan(catalog, &key);
	HeapTuple	row = systable_getnext(scan);
	bool		found = HeapTupleIsValid(row);

	if (found)
		CatalogTupleUpdate(catalog, &row->t_self,
						   heap_form_tuple(RelationGetDescr(catalog), values, isnull));
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
	return found;
}

void
catalog_delete(CatalogKey key)
{
	Relation	catalog = catalog_open(key.table, RowExclusiveLock);
	SysScanDesc scan = begin_scan(catalog, &key);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		CatalogTupleDelete(catalog, &row->t_self);
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

/* ---- columns ---- */

Datum
text_datum(Bytes string)
{
	return PointerGetDatum(cstring_to_text_with_len(string.data, string.len));
}

Datum
catalog_text(Bytes string, bool *isnull)
{
	*isnull = string.data == NULL;
	return *isnull ? (Datum) 0 : text_datum(string);
}

Bytes
catalog_bytes(Datum value, bool isnull)
{
	return isnull ? (Bytes) {NULL, 0} : bytes_from_cstring(TextDatumGetCString(value));
}

int
catalog_word(const char *table, Datum value, const char *const *words, int n)
{
	char	   *word = TextDatumGetCString(value);

	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("dynamo.%s has an unknown value \"%s\"", table, word)));
}
