/*
 * tags.c
 *		dynamo.table_tags: the tags of a table, one row each.
 *
 * Like dynamo.table_settings written by simple heap access, by this file only,
 * for callers that own the table; see catalog.c.  A table has at most fifty
 * tags, so a change writes all of them anew.
 *
 * Locks: writers hold table_record_lock().
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

#define TAGS_TABLE	"table_tags"
#define TAGS_INDEX	"table_tags_pkey"

/* Columns of dynamo.table_tags, as storage.sql makes them. */
enum
{
	TAGS_RELATION = 1,
	TAGS_KEY,
	TAGS_VALUE,
	TAGS_NCOLUMNS = TAGS_VALUE,
};

static SysScanDesc
begin_scan(Relation catalog, Oid relid, ScanKeyData *key)
{
	ScanKeyInit(key, TAGS_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	return systable_beginscan(catalog, catalog_oid(TAGS_INDEX), true, NULL, 1, key);
}

static Tag *
tag_from_row(HeapTuple row, TupleDesc desc)
{
	Tag		   *tag = palloc_object(Tag);
	Datum		values[TAGS_NCOLUMNS];
	bool		isnull[TAGS_NCOLUMNS];

	heap_deform_tuple(row, desc, values, isnull);
	tag->key = bytes_from_cstring(TextDatumGetCString(values[TAGS_KEY - 1]));
	tag->value = bytes_from_cstring(TextDatumGetCString(values[TAGS_VALUE - 1]));
	return tag;
}

List *
table_tags_read(Oid relid)
{
	Relation	catalog = table_open(catalog_oid(TAGS_TABLE), AccessShareLock);
	List	   *tags = NIL;
	ScanKeyData key;
	SysScanDesc scan = begin_scan(catalog, relid, &key);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		tags = lappend(tags, tag_from_row(row, RelationGetDescr(catalog)));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return tags;
}

static void
insert_tag(Relation catalog, Oid relid, const Tag *tag)
{
	Datum		values[TAGS_NCOLUMNS];
	bool		isnull[TAGS_NCOLUMNS] = {false};

	values[TAGS_RELATION - 1] = ObjectIdGetDatum(relid);
	values[TAGS_KEY - 1] =
		PointerGetDatum(cstring_to_text_with_len(tag->key.data, tag->key.len));
	values[TAGS_VALUE - 1] =
		PointerGetDatum(cstring_to_text_with_len(tag->value.data, tag->value.len));
	CatalogTupleInsert(catalog, heap_form_tuple(RelationGetDescr(catalog), values, isnull));
}

void
table_tags_write(Oid relid, const List *tags)
{
	Relation	catalog;
	ListCell   *cell;

	if (!compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	PreventCommandIfReadOnly("TagResource");

	table_record_lock(relid);
	table_tags_delete(relid);
	catalog = table_open(catalog_oid(TAGS_TABLE), RowExclusiveLock);
	foreach(cell, tags)
		insert_tag(catalog, relid, lfirst(cell));
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

void
table_tags_delete(Oid relid)
{
	Relation	catalog = table_open(catalog_oid(TAGS_TABLE), RowExclusiveLock);
	ScanKeyData key;
	SysScanDesc scan = begin_scan(catalog, relid, &key);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		CatalogTupleDelete(catalog, &row->t_self);
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}
