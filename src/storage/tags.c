/*
 * tags.c
 *		dynamo.table_tags: the tags of a table, one row each.
 *
 * Written as catalog.c describes, by this file only, for callers that own the
 * table.  A table has at most fifty tags, so a change writes all of them anew.
 *
 * Locks: writers hold table_record_lock().
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

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

static CatalogKey
rows_of(Oid relid)
{
	return (CatalogKey) {TAGS_TABLE, TAGS_INDEX,
		{{TAGS_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};
}

static void *
tag_from_row(const Datum *values, const bool *isnull)
{
	Tag		   *tag = palloc_object(Tag);

	tag->key = catalog_bytes(values[TAGS_KEY - 1], false);
	tag->value = catalog_bytes(values[TAGS_VALUE - 1], false);
	return tag;
}

List *
table_tags_read(Oid relid)
{
	return catalog_read(rows_of(relid), tag_from_row);
}

static void
insert_tag(Oid relid, const Tag *tag)
{
	Datum		values[TAGS_NCOLUMNS];
	bool		isnull[TAGS_NCOLUMNS] = {false};

	values[TAGS_RELATION - 1] = ObjectIdGetDatum(relid);
	values[TAGS_KEY - 1] = text_datum(tag->key);
	values[TAGS_VALUE - 1] = text_datum(tag->value);
	catalog_insert(TAGS_TABLE, values, isnull);
}

void
table_tags_write(Oid relid, const List *tags)
{
	ListCell   *cell;

	if (!compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	PreventCommandIfReadOnly("TagResource");

	table_record_lock(relid);
	table_tags_delete(relid);
	foreach(cell, tags)
		insert_tag(relid, lfirst(cell));
}

void
table_tags_delete(Oid relid)
{
	catalog_delete(rows_of(relid));
}
