/*
 * index_ddl.c
 *		Making and removing the btree of a secondary index.
 *
 *		CREATE INDEX "Tasks_GSI1_idx" ON dynamodb."Tasks" ("GSI1PK", "GSI1SK", "PK", "SK")
 *			WHERE "GSI1PK" IS NOT NULL AND "GSI1SK" IS NOT NULL;
 *
 * It is over the columns of the index's key and those of the primary key that are
 * not among them, so that no two rows are alike and a page can go on behind any.
 * Rows that lack a part are left out.
 *
 * The btree is found by that, whatever it is called.  Indexes with the same key
 * (and other projections) share one, which may be the primary key's.  Where there
 * is none, because somebody has dropped it or a dump is being restored, reads do
 * without (row_scan.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

static void add_part(IndexParts *parts, const DerivedColumn *derived);
static bool has_parts(Relation index, const IndexParts *parts);
static bool has_predicate(Relation index, const Bitmapset *not_null);
static IndexElem *make_element(Relation rel, AttrNumber column);
static Node *make_predicate(Relation rel, const Bitmapset *columns);
static bool same_parts(const IndexParts *a, const IndexParts *b);
static List *unused_columns(const TableDefinition *definition, const IndexDefinition *index,
							const List *remaining);

/* ---- what an index is made of ---- */

/* The column of a key attribute; it has one while an index uses it. */
static const DerivedColumn *
column_of(const TableDefinition *definition, Bytes attribute)
{
	for (int i = 0; i < definition->nderived; i++)
		if (definition->derived[i].role != DERIVED_TTL &&
			bytes_equal(definition->derived[i].attribute, attribute))
			return &definition->derived[i];
	return NULL;
}

bool
index_parts(const TableDefinition *definition, const KeySchema *key, IndexParts *parts)
{
	memset(parts, 0, sizeof(*parts));
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		const DerivedColumn *derived = column_of(definition, key->attributes[i].name);

		if (derived == NULL || derived->type != key->attributes[i].type)
			return false;
		add_part(parts, derived);
	}
	for (int i = 0; i < definition->key.nhash + definition->key.nrange; i++)
		add_part(parts, &definition->derived[i]);
	return true;
}

/* Unless it is one already. */
static void
add_part(IndexParts *parts, const DerivedColumn *derived)
{
	for (int i = 0; i < parts->n; i++)
		if (parts->columns[i] == derived)
			return;
	parts->columns[parts->n++] = derived;
	if (derived->role == DERIVED_INDEX)
		parts->not_null = bms_add_member(parts->not_null, derived->column);
}

Oid
index_btree(Relation rel, const IndexParts *parts, bool must_be_valid)
{
	List	   *oids = RelationGetIndexList(rel);
	Oid			result = InvalidOid;
	ListCell   *cell;

	foreach(cell, oids)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if ((index->rd_index->indisvalid || !must_be_valid) && has_parts(index, parts) &&
			has_predicate(index, parts->not_null))
			result = lfirst_oid(cell);
		index_close(index, AccessShareLock);
		if (OidIsValid(result))
			break;
	}
	list_free(oids);
	return result;
}

/* Whether the index orders rows by these columns, all ascending. */
static bool
has_parts(Relation index, const IndexParts *parts)
{
	Form_pg_index form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID ||
		form->indnkeyatts != parts->n || form->indnatts != parts->n)
		return false;
	for (int i = 0; i < parts->n; i++)
	{
		const DerivedColumn *derived = parts->columns[i];
		Oid			type = derived_column_type(derived->type, derived->role);

		if (form->indkey.values[i] != derived->column || index->rd_indoption[i] != 0 ||
			index->rd_indcollation[i] != derived_column_collation(derived->type, derived->role) ||
			index->rd_opcintype[i] != get_opclass_input_type(GetDefaultOpClass(type, BTREE_AM_OID)))
			return false;
	}
	return true;
}

/* Whether the index leaves out rows in which one of these columns is NULL, and no others. */
static bool
has_predicate(Relation index, const Bitmapset *not_null)
{
	Bitmapset  *required = NULL;

	return predicate_requires_not_null(RelationGetIndexPredicate(index), &required) &&
		bms_equal(required, not_null);
}

bool
predicate_requires_not_null(List *predicate, Bitmapset **columns)
{
	ListCell   *cell;

	foreach(cell, predicate)
	{
		const NullTest *test = lfirst(cell);

		if (!IsA(test, NullTest) || test->nulltesttype != IS_NOT_NULL || test->argisrow ||
			!IsA(test->arg, Var) || ((Var *) test->arg)->varattno <= 0)
			return false;
		*columns = bms_add_member(*columns, ((Var *) test->arg)->varattno);
	}
	return true;
}

/* ---- making ---- */

List *
index_derived_columns(const List *indexes, const KeySchema *table_key)
{
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const KeySchema *key = &((const IndexDefinition *) lfirst(cell))->key;

		for (int i = 0; i < key->nhash + key->nrange; i++)
		{
			DerivedColumn *derived = palloc0_object(DerivedColumn);

			derived->attribute = key->attributes[i].name;
			derived->type = key->attributes[i].type;
			derived->role = DERIVED_INDEX;
			if (!key_schema_has(table_key, derived->attribute) &&
				listed_column(columns, derived) == NULL)
				columns = lappend(columns, derived);
		}
	}
	return columns;
}

bool
key_schema_has(const KeySchema *key, Bytes attribute)
{
	for (int i = 0; i < key->nhash + key->nrange; i++)
		if (bytes_equal(key->attributes[i].name, attribute))
			return true;
	return false;
}

void
table_index_record(Oid relid, const IndexDefinition *index)
{
	table_index_add_columns(relid, index);
	index_catalog_insert(relid, index);
}

void
table_index_add_columns(Oid relid, const IndexDefinition *index)
{
	Relation	rel = table_open(relid, AccessExclusiveLock);
	List	   *columns = index_derived_columns(list_make1(unconstify(IndexDefinition *, index)),
										  &table_definition(rel)->key);

	table_close(rel, NoLock);
	table_change_derived(relid, columns, NIL);
}

void
table_index_build(Oid relid, const IndexDefinition *index)
{
	Relation	rel = table_open(relid, ShareLock);
	IndexStmt  *statement = NULL;
	IndexParts	parts;

	if (!index_parts(table_definition(rel), &index->key, &parts))
		elog(ERROR, "index \"%.*s\" of table \"%s\" lacks a column",
			 index->name.len, index->name.data, RelationGetRelationName(rel));
	if (!OidIsValid(index_btree(rel, &parts, true)))
		statement = make_create_index(rel, &parts, index->name);
	table_close(rel, NoLock);
	if (statement != NULL)
		run_utility((Node *) statement);
}

IndexStmt *
make_create_index(Relation rel, const IndexParts *parts, Bytes name)
{
	IndexStmt  *statement = makeNode(IndexStmt);

	statement->idxname = ChooseRelationName(RelationGetRelationName(rel), bytes_to_cstring(name),
											"idx", RelationGetNamespace(rel), false);
	statement->relation = range_var_of(rel);
	statement->accessMethod = "btree";
	for (int i = 0; i < parts->n; i++)
		statement->indexParams = lappend(statement->indexParams,
										 make_element(rel, parts->columns[i]->column));
	if (!bms_is_empty(parts->not_null))
		statement->whereClause = make_predicate(rel, parts->not_null);
	return statement;
}

static IndexElem *
make_element(Relation rel, AttrNumber column)
{
	IndexElem  *element = makeNode(IndexElem);

	element->name = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname));
	return element;
}

/* "a IS NOT NULL AND b IS NOT NULL", as the parser makes it. */
static Node *
make_predicate(Relation rel, const Bitmapset *columns)
{
	List	   *tests = NIL;
	int			column = -1;

	while ((column = bms_next_member(columns, column)) >= 0)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
		ColumnRef  *reference = makeNode(ColumnRef);
		NullTest   *test = makeNode(NullTest);

		reference->fields = list_make1(makeString(pstrdup(NameStr(attribute->attname))));
		reference->location = -1;
		test->arg = (Expr *) reference;
		test->nulltesttype = IS_NOT_NULL;
		test->location = -1;
		tests = lappend(tests, test);
	}
	return list_length(tests) == 1 ? linitial(tests) :
									 (Node *) makeBoolExpr(AND_EXPR, tests, -1);
}

/* ---- removing ---- */

void
table_index_remove(Oid relid, const IndexDefinition *index)
{
	Relation	rel = table_open(relid, AccessExclusiveLock);
	List	   *remaining;
	List	   *columns;
	Oid			btree;

	index_catalog_delete(relid, index->name);
	index_build_delete(relid, index->name);
	remaining = index_catalog_read(relid);
	btree = btree_to_drop(rel, index, remaining);
	columns = unused_columns(table_definition(rel), index, remaining);
	table_close(rel, NoLock);

	if (OidIsValid(btree))
		drop_relation(get_namespace_name(get_rel_namespace(btree)), get_rel_name(btree),
					  OBJECT_INDEX);
	table_change_derived(relid, NIL, columns);
}

Oid
btree_to_drop(Relation rel, const IndexDefinition *index, const List *remaining)
{
	const TableDefinition *definition = table_definition(rel);
	IndexParts	parts;
	IndexParts	others;
	ListCell   *cell;
	Oid			btree;

	if (!index_parts(definition, &index->key, &parts))
		return InvalidOid;
	foreach(cell, remaining)
	{
		const IndexDefinition *other = lfirst(cell);

		if (index_parts(definition, &other->key, &others) && same_parts(&parts, &others))
			return InvalidOid;
	}
	btree = index_btree(rel, &parts, false);
	return btree == compat_primary_key_index(rel) ? InvalidOid : btree;
}

static bool
same_parts(const IndexParts *a, const IndexParts *b)
{
	for (int i = 0; i < Min(a->n, b->n); i++)
		if (a->columns[i] != b->columns[i])
			return false;
	return a->n == b->n;
}

/* The derived columns of an index that no other one needs, as DerivedColumn *. */
static List *
unused_columns(const TableDefinition *definition, const IndexDefinition *index,
			   const List *remaining)
{
	List	   *used = index_derived_columns(remaining, &definition->key);
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, index_derived_columns(list_make1(unconstify(IndexDefinition *, index)),
										&definition->key))
		if (listed_column(used, lfirst(cell)) == NULL)
			result = lappend(result, lfirst(cell));
	return result;
}

/* ---- for people ---- */

static Oid
named_btree(Relation rel, const TableDefinition *definition, Bytes name)
{
	ListCell   *cell;
	IndexParts	parts;

	foreach(cell, index_catalog_read(RelationGetRelid(rel)))
	{
		const IndexDefinition *index = lfirst(cell);

		if (bytes_equal(index->name, name) && index_parts(definition, &index->key, &parts))
			return index_btree(rel, &parts, true);
	}
	return InvalidOid;
}

/*
 * dynamo.index_btree(relation regclass, index_name text) returns regclass: NULL
 * where there is no such relation, index or btree.
 */
PG_FUNCTION_INFO_V1(dynamo_index_btree);
Datum
dynamo_index_btree(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(1);
	Relation	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	const TableDefinition *definition;
	Oid			btree = InvalidOid;

	if (rel == NULL)
		PG_RETURN_NULL();
	definition = RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind) ||
			rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
		table_definition(rel) :
		NULL;
	if (definition != NULL)
		btree = named_btree(rel, definition,
							(Bytes) {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)});
	relation_close(rel, AccessShareLock);
	if (!OidIsValid(btree))
		PG_RETURN_NULL();
	PG_RETURN_OID(btree);
}
