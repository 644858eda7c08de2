/*
 * time_to_live.c
 *		Time to live of a table: its column, its btree, and the list of such tables.
 *
 *		ALTER TABLE dynamodb."Tasks" ADD COLUMN _ttl bigint;
 *		CREATE INDEX "Tasks__ttl_idx" ON dynamodb."Tasks" (_ttl) WHERE _ttl IS NOT NULL;
 *
 * Nothing else is recorded: that items expire, and by which attribute, stands in
 * the arguments of the maintenance trigger, and so is dumped with the table.  The
 * btree is found by what it is made of.  Where somebody has dropped it nothing
 * expires.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "common/compat.h"
#include "storage/storage_internal.h"

static const DerivedColumn *ttl_column(const TableDefinition *definition);
static bool is_ttl_index(Oid oid, AttrNumber column, bool must_be_valid);
static bool lock_within(Oid relid, int timeout);

#define LOCK_PATIENCE	100		/* ms */

Bytes
table_ttl_attribute(const TableDefinition *definition)
{
	const DerivedColumn *column = ttl_column(definition);

	return column != NULL ? column->attribute : (Bytes) {NULL, 0};
}

static const DerivedColumn *
ttl_column(const TableDefinition *definition)
{
	for (int i = 0; i < definition->nderived; i++)
		if (definition->derived[i].role == DERIVED_TTL)
			return &definition->derived[i];
	return NULL;
}

/* ---- the btree ---- */

Oid
table_ttl_index(Relation rel)
{
	return find_ttl_index(rel, true);
}

Oid
find_ttl_index(Relation rel, bool must_be_valid)
{
	const DerivedColumn *column = ttl_column(table_definition(rel));
	Oid			result = InvalidOid;
	List	   *indexes;
	ListCell   *cell;

	if (column == NULL)
		return InvalidOid;
	indexes = RelationGetIndexList(rel);
	foreach(cell, indexes)
		if (is_ttl_index(lfirst_oid(cell), column->column, must_be_valid))
		{
			result = lfirst_oid(cell);
			break;
		}
	list_free(indexes);
	return result;
}

/* Over the column alone, of all rows in which it is not NULL, ascending. */
static bool
is_ttl_index(Oid oid, AttrNumber column, bool must_be_valid)
{
	Relation	index = index_open(oid, AccessShareLock);
	Form_pg_index form = index->rd_index;
	Bitmapset  *not_null = NULL;
	bool		result = index->rd_rel->relam == BTREE_AM_OID &&
		(form->indisvalid || !must_be_valid) && form->indnatts == 1 &&
		form->indkey.values[0] == column && index->rd_indoption[0] == 0 &&
		predicate_requires_not_null(RelationGetIndexPredicate(index), &not_null) &&
		bms_equal(not_null, bms_make_singleton(column));

	index_close(index, AccessShareLock);
	return result;
}

/* ---- on and off ---- */

static DerivedColumn *
make_ttl_column(Bytes attribute)
{
	DerivedColumn *column = palloc0_object(DerivedColumn);

	column->attribute = attribute;
	column->type = ATTRIBUTE_N;
	column->role = DERIVED_TTL;
	return column;
}

/*
 * AccessExclusiveLock on a table that is in use: everybody queues behind whoever
 * asks for it, so that is for a moment only, and then others come first for as
 * long.  A worker that builds an index gives way.  A lock_timeout of the caller's
 * holds for all of it.
 */
static void
lock_patiently(Oid relid)
{
	TimestampTz begin = GetCurrentTimestamp();

	for (;;)
	{
		background_work_cancel(WORK_INDEXES, relid);
		if (lock_within(relid, LOCK_PATIENCE))
			return;
		if (LockTimeout > 0 &&
			TimestampDifferenceExceeds(begin, GetCurrentTimestamp(), LockTimeout))
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("canceling statement due to lock timeout")));
		pg_usleep(LOCK_PATIENCE * 1000L);
		CHECK_FOR_INTERRUPTS();
	}
}

/* In a transaction with that lock_timeout. */
static void
lock_with_timeout(Oid relid, int timeout)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("lock_timeout", psprintf("%d", timeout), PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	LockRelationOid(relid, AccessExclusiveLock);
	AtEOXact_GUC(false, nest_level);
}

/* False if the lock was not to be had in so many milliseconds. */
static bool
lock_within(Oid relid, int timeout)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	if (LockTimeout > 0 && LockTimeout <= timeout)
	{
		LockRelationOid(relid, AccessExclusiveLock);
		return true;
	}
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		lock_with_timeout(relid, timeout);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	return error == NULL;
}

void
table_ttl_record(Oid relid, Bytes attribute)
{
	lock_patiently(relid);
	table_change_derived(relid, list_make1(make_ttl_column(attribute)), NIL);
}

IndexStmt *
make_create_ttl_index(Relation rel)
{
	const DerivedColumn *column = ttl_column(table_definition(rel));
	IndexStmt  *statement = makeNode(IndexStmt);
	IndexElem  *element = makeNode(IndexElem);
	ColumnRef  *reference = makeNode(ColumnRef);
	NullTest   *test = makeNode(NullTest);
	char	   *name = NameStr(TupleDescAttr(RelationGetDescr(rel), column->column - 1)->attname);

	element->name = pstrdup(name);
	reference->fields = list_make1(makeString(pstrdup(name)));
	reference->location = -1;
	test->arg = (Expr *) reference;
	test->nulltesttype = IS_NOT_NULL;
	test->location = -1;
	statement->relation = range_var_of(rel);
	statement->accessMethod = "btree";
	statement->indexParams = list_make1(element);
	statement->whereClause = (Node *) test;
	return statement;
}

void
table_ttl_build(Oid relid)
{
	Relation	rel = table_open(relid, ShareLock);
	IndexStmt  *statement = NULL;

	if (!OidIsValid(table_ttl_index(rel)))
		statement = make_create_ttl_index(rel);
	table_close(rel, NoLock);
	if (statement != NULL)
		run_utility((Node *) statement);
}

/*
 * The btree goes with the column; an index of the user's own on it would too.  (What
 * the worker may be doing for it holds a lock.)
 */
void
table_ttl_remove(Oid relid)
{
	const DerivedColumn *column;
	DerivedColumn *dropped = NULL;
	Relation	rel;

	background_work_interrupt(WORK_INDEXES, relid);
	lock_patiently(relid);
	rel = table_open(relid, NoLock);
	column = ttl_column(table_definition(rel));
	if (column != NULL)
		dropped = make_ttl_column(bytes_from_cstring(bytes_to_cstring(column->attribute)));
	table_close(rel, NoLock);
	if (dropped != NULL)
		table_change_derived(relid, NIL, list_make1(dropped));
	index_build_delete(relid, TTL_BUILD);
}

/* ---- which tables? ---- */

/*
 * The attribute that arguments, as pg_trigger holds them, give the role of TTL; false
 * if they give it to none.  Makes something of any input.
 */
static bool
ttl_of_arguments(const bytea *arguments, Bytes *attribute)
{
	Bytes		ttl = bytes_from_cstring(derived_role_name(DERIVED_TTL));
	const char *argument = VARDATA_ANY(arguments);
	const char *end = argument + VARSIZE_ANY_EXHDR(arguments);

	for (int i = 0; argument < end; i++)
	{
		Bytes		word = {argument, strnlen(argument, end - argument)};

		if (i % ARGUMENTS_PER_COLUMN == 0)
			*attribute = word;
		if (i % ARGUMENTS_PER_COLUMN == ARGUMENTS_PER_COLUMN - 1 && bytes_equal(word, ttl))
			return true;
		argument += word.len + 1;
	}
	return false;
}

/* One that items can be deleted from, and that does not belong to another. */
static bool
is_whole_table(Oid relid)
{
	HeapTuple	row = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		result = false;

	if (HeapTupleIsValid(row))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(row);

		result = !form->relispartition && (form->relkind == RELKIND_RELATION ||
										   form->relkind == RELKIND_PARTITIONED_TABLE);
		ReleaseSysCache(row);
	}
	return result;
}

/* Whether the trigger makes items of a table expire. */
static bool
is_ttl_trigger(HeapTuple row, TupleDesc desc)
{
	Trigger		trigger = {.tgname = NameStr(((Form_pg_trigger) GETSTRUCT(row))->tgname),
	.tgfoid = ((Form_pg_trigger) GETSTRUCT(row))->tgfoid};
	bool		isnull;
	Datum		arguments = heap_getattr(row, Anum_pg_trigger_tgargs, desc, &isnull);
	Bytes		attribute;

	return is_maintenance_trigger(&trigger) && !isnull &&
		ttl_of_arguments(DatumGetByteaPP(arguments), &attribute) &&
		is_whole_table(((Form_pg_trigger) GETSTRUCT(row))->tgrelid);
}

List *
ttl_table_list(void)
{
	return relations_with_trigger(MAINTENANCE_TRIGGER, is_ttl_trigger);
}

/*
 * dynamo.ttl_attribute(tgargs bytea) returns text: the attribute by which items
 * expire, or NULL.
 */
PG_FUNCTION_INFO_V1(dynamo_ttl_attribute);
Datum
dynamo_ttl_attribute(PG_FUNCTION_ARGS)
{
	Bytes		attribute;

	if (!ttl_of_arguments(PG_GETARG_BYTEA_PP(0), &attribute))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(text_datum(attribute));
}
