/*
 * definition.c
 *		What a relation's maintenance trigger says of it.
 *
 * The trigger's arguments are groups of four, one for each derived column:
 *
 *		attribute	name of the item's attribute
 *		type		S, N or B
 *		column		name of the column that holds it
 *		role		HASH or RANGE: its part in the primary key;
 *					INDEX: a key attribute of secondary indexes, of all that use it;
 *					TTL: the time at which the item expires
 *
 * Those of the primary key come first, in its order (hash parts, then range
 * parts).  An attribute of it has no other column for the indexes.
 *
 * They are dumped with the table, come with the relcache entry and so need no
 * catalog lookup.  Parsed definitions are cached per backend and relation.
 *
 * Memory: every version of a definition lives in a context of its own.  Callers
 * hold pointers without counting references, and an invalidation may arrive at
 * any catalog access while they do; so a version that is replaced is handed to
 * TopTransactionContext, where it lasts until no caller can be left.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

#define EXTENSION_SCHEMA		"dynamo"
#define MAINTENANCE_FUNCTION	"maintain_columns"

typedef struct DefinitionEntry
{
	Oid			relid;
	bool		valid;
	MemoryContext context;		/* holds the definition */
	TableDefinition *definition;	/* NULL: the relation has none */
	AttrNumber	item_column;
} DefinitionEntry;

static HTAB *definitions;
static uint64 invalidations;	/* processed so far, of any relation */

/* ---- names of the extension's objects ---- */

Oid
extension_schema_oid(void)
{
	return get_namespace_oid(EXTENSION_SCHEMA, true);
}

Oid
item_type_oid(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("item"),
						   ObjectIdGetDatum(extension_schema_oid()));
}

bool
is_maintenance_trigger(const Trigger *trigger)
{
	Oid			trigger_function = trigger->tgfoid;
	oidvector  *no_arguments;
	Oid			function;

	if (strcmp(trigger->tgname, MAINTENANCE_TRIGGER) != 0)
		return false;
	/* From here on the trigger may be gone: the relcache may rebuild it. */
	no_arguments = buildoidvector(NULL, 0);
	function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
							   CStringGetDatum(MAINTENANCE_FUNCTION),
							   PointerGetDatum(no_arguments),
							   ObjectIdGetDatum(extension_schema_oid()));
	return trigger_function == function;
}

const Trigger *
find_maintenance_trigger(Relation rel)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		if (strcmp(rel->trigdesc->triggers[i].tgname, MAINTENANCE_TRIGGER) == 0)
			return &rel->trigdesc->triggers[i];
	return NULL;
}

bool
fires_at_every_write(const Trigger *trigger)
{
	return trigger->tgtype == (TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_ROW |
							   TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE) &&
		trigger->tgnattr == 0 && trigger->tgqual == NULL;
}

/* ---- parsing ---- */

/* A definition that the relation does not match: somebody altered one of them. */
pg_noreturn static void pg_attribute_printf(2, 3)
definition_error(Relation rel, const char *format,...)
{
	char		detail[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	clip_to_characters(detail, sizeof(detail));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("table \"%s\" does not match the arguments of its trigger \"%s\"",
					RelationGetRelationName(rel), MAINTENANCE_TRIGGER),
			 errdetail_internal("%s", detail),
			 errhint("The trigger defines the table: its key columns cannot be dropped, renamed or given another type.")));
}

AttrNumber
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}

AttrNumber
find_item_column(TupleDesc desc)
{
	AttrNumber	column = find_column(desc, ITEM_COLUMN);

	if (column == InvalidAttrNumber || TupleDescAttr(desc, column - 1)->atttypid != item_type_oid())
		return InvalidAttrNumber;
	return column;
}

/* Those of the key come first, and the hash parts before the range parts. */
static void
add_key_part(Relation rel, TableDefinition *definition, const DerivedColumn *derived)
{
	KeySchema  *key = &definition->key;
	int			i = key->nhash + key->nrange;

	if (derived->role == DERIVED_HASH && key->nhash == MAX_HASH_ATTRIBUTES)
		definition_error(rel, "The key has more than %d hash parts.", MAX_HASH_ATTRIBUTES);
	if (derived->role == DERIVED_RANGE && key->nrange == MAX_RANGE_ATTRIBUTES)
		definition_error(rel, "The key has more than %d range parts.", MAX_RANGE_ATTRIBUTES);
	if (key_schema_has(key, derived->attribute))
		definition_error(rel, "Attribute \"%.*s\" is in the key twice.",
						 derived->attribute.len, derived->attribute.data);
	if (i != definition->nderived || (derived->role == DERIVED_HASH && key->nrange > 0))
		definition_error(rel, "Attribute \"%.*s\" of the key comes too late.",
						 derived->attribute.len, derived->attribute.data);
	key->attributes[i].name = derived->attribute;
	key->attributes[i].type = derived->type;
	definition->key_columns[i] = derived->column;
	if (derived->role == DERIVED_HASH)
		key->nhash++;
	else
		key->nrange++;
}

/* The column of one group of arguments. */
static void
parse_derived_column(Relation rel, char **arguments, TableDefinition *definition)
{
	TupleDesc	desc = RelationGetDescr(rel);
	DerivedColumn *derived = &definition->derived[definition->nderived];
	const char *type = arguments[1];
	const char *column_name = arguments[2];
	const char *role = arguments[3];
	AttrNumber	column = find_column(desc, column_name);

	derived->attribute = bytes_from_cstring(arguments[0]);
	if (!attribute_type_by_name(type, strlen(type), &derived->type) ||
		derived->type > ATTRIBUTE_B)
		definition_error(rel, "\"%s\" is not the type of a key.", type);
	if (!derived_role_by_name(role, &derived->role))
		definition_error(rel, "\"%s\" is no role that column \"%s\" can have.", role, column_name);

	if (column == InvalidAttrNumber)
		definition_error(rel, "There is no column \"%s\".", column_name);
	if (TupleDescAttr(desc, column - 1)->atttypid !=
			derived_column_type(derived->type, derived->role) ||
		TupleDescAttr(desc, column - 1)->attcollation !=
			derived_column_collation(derived->type, derived->role))
		definition_error(rel, "Column \"%s\" is not of the type that holds an attribute of type %s.",
						 column_name, type);
	derived->column = column;
	if (derived->role == DERIVED_HASH || derived->role == DERIVED_RANGE)
		add_key_part(rel, definition, derived);
	definition->nderived++;
}

/* Whether the index serves lookups by key: unique, over the key, at once. */
static bool
is_key_index(Oid index_oid, const TableDefinition *definition)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	Form_pg_index form = index->rd_index;
	bool		result = index->rd_rel->relam == BTREE_AM_OID && form->indimmediate &&
		form->indisvalid && form->indnkeyatts == definition->key.nhash + definition->key.nrange;

	for (int i = 0; result && i < form->indnkeyatts; i++)
		result = form->indkey.values[i] == definition->key_columns[i];
	index_close(index, AccessShareLock);
	return result;
}

/* Whether an index needs more than ExecInsertIndexTuples() gives at once. */
static bool
has_special_index(Relation rel)
{
	bool		result = false;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisexclusion || !index->rd_index->indimmediate)
			result = true;
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return result;
}

/* And nothing is demanded of them but what their definition says. */
static bool
has_only_derived_columns(Relation rel, const TableDefinition *definition)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			ncolumns = 0;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			ncolumns++;
	for (int i = definition->key.nhash + definition->key.nrange; i < definition->nderived; i++)
		if (TupleDescAttr(desc, definition->derived[i].column - 1)->attnotnull)
			return false;
	return ncolumns == definition->nderived + 1 &&
		(desc->constr == NULL ||
		 (desc->constr->num_check == 0 && desc->constr->num_defval == 0));
}

/* The one of the definition, and that of a stream, which has no say about rows. */
static bool
has_only_our_triggers(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; i < triggers->numtriggers; i++)
		if (strcmp(triggers->triggers[i].tgname, MAINTENANCE_TRIGGER) != 0 &&
			!is_stream_trigger(&triggers->triggers[i]))
			return false;
	return true;
}

/* See TableDefinition.plain. */
static bool
is_plain(Relation rel, const TableDefinition *definition)
{
	Form_pg_class form = rel->rd_rel;

	return form->relkind == RELKIND_RELATION && is_dynamo_relation(rel) &&
		!form->relispartition && !form->relhassubclass && rel->rd_rules == NULL &&
		has_only_our_triggers(rel) &&
		OidIsValid(definition->primary_index) &&
		has_only_derived_columns(rel, definition) && !has_special_index(rel);
}

char **
copy_definition_arguments(Relation rel, int *narguments)
{
	char	  **result;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger;

		if (strcmp(rel->trigdesc->triggers[i].tgname, MAINTENANCE_TRIGGER) != 0 ||
			!is_maintenance_trigger(&rel->trigdesc->triggers[i]))
			continue;
		trigger = &rel->trigdesc->triggers[i];	/* may have moved */
		*narguments = trigger->tgnargs;
		result = palloc_array(char *, trigger->tgnargs + 1);
		for (int j = 0; j < trigger->tgnargs; j++)
			result[j] = pstrdup(trigger->tgargs[j]);
		return result;
	}
	return NULL;
}

/* Everything is allocated in the current memory context. */
static TableDefinition *
parse_definition(Relation rel)
{
	int			narguments;
	char	  **arguments = copy_definition_arguments(rel, &narguments);
	TableDefinition *definition;
	Oid			index;

	if (arguments == NULL)
		return NULL;
	definition = palloc0_object(TableDefinition);
	definition->relid = RelationGetRelid(rel);

	if (narguments == 0 || narguments % ARGUMENTS_PER_COLUMN != 0)
		definition_error(rel, "It has %d arguments.", narguments);
	definition->derived = palloc0_array(DerivedColumn, narguments / ARGUMENTS_PER_COLUMN);
	for (int i = 0; i < narguments; i += ARGUMENTS_PER_COLUMN)
		parse_derived_column(rel, arguments + i, definition);
	if (definition->key.nhash == 0)
		definition_error(rel, "The key has no hash part.");
	definition->item_column = find_item_column(RelationGetDescr(rel));
	if (definition->item_column == InvalidAttrNumber)
		definition_error(rel, "There is no column \"%s\" of type dynamo.item.", ITEM_COLUMN);

	index = compat_primary_key_index(rel);
	if (OidIsValid(index) && is_key_index(index, definition))
		definition->primary_index = index;
	definition->plain = is_plain(rel, definition);
	return definition;
}

/* ---- the cache ---- */

/* relid InvalidOid means every relation. */
static void
forget_definition(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	DefinitionEntry *entry;

	invalidations++;
	if (definitions == NULL)
		return;
	if (OidIsValid(relid))
	{
		entry = hash_search(definitions, &relid, HASH_FIND, NULL);
		if (entry != NULL)
			entry->valid = false;
		return;
	}
	hash_seq_init(&scan, definitions);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entry->valid = false;
}

/* Removes what is no longer valid, leaving it to callers until they are done. */
static void
retire_invalid_entries(void)
{
	HASH_SEQ_STATUS scan;
	DefinitionEntry *entry;

	hash_seq_init(&scan, definitions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->valid)
			continue;
		MemoryContextSetParent(entry->context, TopTransactionContext);
		hash_search(definitions, &entry->relid, HASH_REMOVE, NULL);
	}
}

static DefinitionEntry *
build_entry(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	uint64		before = invalidations;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo table definition",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	TableDefinition *definition = parse_definition(rel);
	AttrNumber	item_column = find_item_column(RelationGetDescr(rel));
	DefinitionEntry *entry;

	MemoryContextSwitchTo(caller);

	retire_invalid_entries();
	entry = hash_search(definitions, &relid, HASH_ENTER, NULL);
	entry->context = context;
	entry->definition = definition;
	entry->item_column = item_column;
	entry->valid = invalidations == before;
	MemoryContextSetParent(context, CacheMemoryContext);
	return entry;
}

static DefinitionEntry *
find_entry(Oid relid)
{
	DefinitionEntry *entry = hash_search(definitions, &relid, HASH_FIND, NULL);

	return entry != NULL && entry->valid ? entry : NULL;
}

const TableDefinition *
table_definition(Relation rel)
{
	DefinitionEntry *entry = find_entry(RelationGetRelid(rel));

	if (entry == NULL)
		entry = build_entry(rel);
	return entry->definition;
}

const TableDefinition *
row_definition(Relation rel, AttrNumber *item_column)
{
	Oid			relid = rel->rd_rel->relrewrite;
	DefinitionEntry *entry = find_entry(OidIsValid(relid) ? relid : RelationGetRelid(rel));

	if (entry == NULL && OidIsValid(relid))
	{
		Relation	real = table_open(relid, NoLock);	/* the rewrite holds its lock */

		entry = build_entry(real);
		table_close(real, NoLock);
	}
	else if (entry == NULL)
		entry = build_entry(rel);
	*item_column = entry->item_column;
	return entry->definition;
}

uint64
relation_invalidations(void)
{
	return invalidations;
}

void
definition_init(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(DefinitionEntry),
		.hcxt = TopMemoryContext,
	};

	definitions = hash_create("dynamo table definitions", 32, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_definition, (Datum) 0);
}

static bool
names_key_part(Bytes role)
{
	return bytes_equal(role, bytes_from_cstring(derived_role_name(DERIVED_HASH))) ||
		bytes_equal(role, bytes_from_cstring(derived_role_name(DERIVED_RANGE)));
}

/*
 * dynamo.key_schema(tgargs bytea) returns text: the key's attributes and types
 * that trigger arguments, as pg_trigger holds them, name.  Makes something of any
 * input: anybody may create a trigger with broken arguments, and a list of all
 * tables must survive it.
 */
PG_FUNCTION_INFO_V1(dynamo_key_schema);
Datum
dynamo_key_schema(PG_FUNCTION_ARGS)
{
	bytea	   *arguments = PG_GETARG_BYTEA_PP(0);
	const char *argument = VARDATA_ANY(arguments);
	const char *end = argument + VARSIZE_ANY_EXHDR(arguments);
	Bytes		group[ARGUMENTS_PER_COLUMN];
	StringInfoData result;

	initStringInfo(&result);
	for (int i = 0; argument < end; i++)
	{
		Bytes	   *member = &group[i % ARGUMENTS_PER_COLUMN];

		*member = (Bytes) {argument, strnlen(argument, end - argument)};
		argument += member->len + 1;
		if (i % ARGUMENTS_PER_COLUMN == ARGUMENTS_PER_COLUMN - 1 && names_key_part(*member))
			appendStringInfo(&result, "%s%.*s %.*s", result.len > 0 ? ", " : "",
							 group[0].len, group[0].data, group[1].len, group[1].data);
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}
