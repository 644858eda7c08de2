/*
 * keys.c
 *		Key attributes as column values, and what a key may be.
 *
 * A key attribute has a column of the native type that sorts as DynamoDB does:
 *
 *		S	text COLLATE "C"	by UTF-8 bytes
 *		N	numeric				by value
 *		B	bytea				by unsigned bytes
 *
 * Nothing here needs a relation or takes a lock.
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/nbtree.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"

#include "common/errors.h"
#include "storage/storage_internal.h"

/*
 * The size of the largest btree entry, as BTMaxItemSize() computes it from a
 * page that we do not have.
 */
#define BTREE_ENTRY_LIMIT \
	MAXALIGN_DOWN((BLCKSZ - \
				   MAXALIGN(SizeOfPageHeaderData + \
							3 * sizeof(ItemIdData) + \
							3 * sizeof(ItemPointerData)) - \
				   MAXALIGN(sizeof(BTPageOpaqueData))) / 3)

/* The columns of the key types. */
static const struct
{
	AttributeType type;
	Oid			column_type;
	Oid			collation;
}			key_types[] = {
	{ATTRIBUTE_S, TEXTOID, C_COLLATION_OID},
	{ATTRIBUTE_N, NUMERICOID, InvalidOid},
	{ATTRIBUTE_B, BYTEAOID, InvalidOid},
};

static bool number_equal(struct varlena *stored, Bytes bytes, AttributeValue value);

Oid
key_column_type(AttributeType type)
{
	for (int i = 0; i < lengthof(key_types); i++)
		if (key_types[i].type == type)
			return key_types[i].column_type;
	elog(ERROR, "attribute type %d cannot be a key", type);
}

Oid
key_column_collation(AttributeType type)
{
	for (int i = 0; i < lengthof(key_types); i++)
		if (key_types[i].type == type)
			return key_types[i].collation;
	elog(ERROR, "attribute type %d cannot be a key", type);
}

Datum
key_datum(AttributeValue value)
{
	Bytes		bytes;
	struct varlena *result;

	if (attribute_type(value) == ATTRIBUTE_N)
		return NumericGetDatum(attribute_numeric(value));

	bytes = attribute_bytes(value);
	if (attribute_type(value) == ATTRIBUTE_S &&
		bytes.len > 0 && memchr(bytes.data, '\0', bytes.len) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "A key attribute of type S cannot contain the character U+0000"),
				 errhint("A key of type B holds any bytes.")));
	result = palloc(VARHDRSZ + bytes.len);
	SET_VARSIZE(result, VARHDRSZ + bytes.len);
	memcpy(VARDATA(result), bytes.data, bytes.len);
	return PointerGetDatum(result);
}

AttributeValue
key_value(Datum datum, AttributeType type)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
	Bytes		bytes = {VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored)};
	AttributeValue value = {0};

	if (type == ATTRIBUTE_N)
	{
		if (number_fits(DatumGetNumeric(PointerGetDatum(stored))))
			value = attribute_make_number(DatumGetNumeric(PointerGetDatum(stored)));
	}
	else if (bytes.len <= MAX_PARTITION_KEY_SIZE)
		value = type == ATTRIBUTE_S ? attribute_make_string(bytes) : attribute_make_binary(bytes);
	return can_be_index_key(type, value) ? value : (AttributeValue) {0};
}

bool
key_datum_equal(Datum datum, AttributeValue value)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
	Bytes		bytes = {VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored)};
	bool		equal;

	if (attribute_type(value) == ATTRIBUTE_N)
		equal = number_equal(stored, bytes, value);
	else
		equal = bytes_equal(bytes, attribute_bytes(value));
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
	return equal;
}

/* The same number may be stored otherwise, as 1.0, by somebody else. */
static bool
number_equal(struct varlena *stored, Bytes bytes, AttributeValue value)
{
	Numeric		number = attribute_numeric(value);
	bool		equal = bytes_equal(bytes, (Bytes) {VARDATA(number), VARSIZE(number) - VARHDRSZ}) ||
		DatumGetBool(DirectFunctionCall2(numeric_eq, PointerGetDatum(stored), NumericGetDatum(number)));

	pfree(number);
	return equal;
}

/*
 * The size of the entry of a key (n attributes) in an index, which compresses long
 * parts.  Later versions of PostgreSQL may lay an entry out otherwise, so it is
 * their code that builds one here.
 */
static Size
index_entry_size(const AttributeValue *key, int n)
{
	TupleDesc	desc = CreateTemplateTupleDesc(n);
	Datum		values[MAX_INDEX_PARTS];
	bool		isnull[MAX_INDEX_PARTS] = {false};
	IndexTuple	entry;
	Size		size;

	for (int i = 0; i < n; i++)
	{
		TupleDescInitEntry(desc, i + 1, NULL, key_column_type(attribute_type(key[i])), -1, 0);
		values[i] = key_datum(key[i]);
	}
	entry = index_form_tuple(desc, values, isnull);
	size = MAXALIGN(IndexTupleSize(entry));
	pfree(entry);
	FreeTupleDesc(desc);
	return size;
}

/*
 * The size of the entry of a key if a btree cannot hold it, else 0.  DynamoDB
 * allows more (2048 + 1024 bytes), and so do we as far as compression goes.
 */
static Size
excessive_size(const AttributeValue *key, int n)
{
	Size		raw = MAXALIGN(sizeof(IndexTupleData));
	Size		size;

	/* Headers and padding cost less than the 16 bytes counted here. */
	for (int i = 0; i < n; i++)
		raw += 16 + key[i].len;
	if (raw <= BTREE_ENTRY_LIMIT)
		return 0;
	size = index_entry_size(key, n);
	return size > BTREE_ENTRY_LIMIT ? size : 0;
}

static void
check_primary_entry(const ItemKey *key)
{
	Size		size = excessive_size(key->values, key->n);

	if (size > 0)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "The key needs %zu bytes of an index entry, which holds %zu",
								 size, (Size) BTREE_ENTRY_LIMIT),
				 errdetail("A PostgreSQL index holds the partition key and the sort key of an item in one entry, after compression.")));
}

void
check_index_entry(const IndexDefinition *index, const KeySchema *table_key, AttributeValue item)
{
	AttributeValue parts[MAX_INDEX_PARTS];
	int			n = 0;
	Size		size;

	for (int i = 0; i < index->key.nhash + index->key.nrange; i++)
	{
		const KeyAttribute *attribute = &index->key.attributes[i];

		parts[n] = map_get(item, attribute->name);
		if (!can_be_index_key(attribute->type, parts[n++]))
			return;				/* the item is not in the index */
	}
	for (int i = 0; i < table_key->nhash + table_key->nrange; i++)
		if (!key_schema_has(&index->key, table_key->attributes[i].name))
			parts[n++] = map_get(item, table_key->attributes[i].name);
	size = excessive_size(parts, n);
	if (size > 0)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("One or more parameter values were invalid: "
								 "The key of index %.*s needs %zu bytes of an index entry, which holds %zu",
								 index->name.len, index->name.data, size, (Size) BTREE_ENTRY_LIMIT),
				 errdetail("A PostgreSQL index holds the key of the index and that of the item in one entry, after compression.")));
}

/* Raises DynamoDB's error if a part of the key is an empty S or B. */
static void
check_key_not_empty(const KeyAttribute *attribute, AttributeValue value)
{
	if (attribute->type != ATTRIBUTE_N && attribute_bytes(value).len == 0)
		raise_empty_key("", (Bytes) {NULL, 0}, attribute);
}

void
check_key_limits(const KeySchema *schema, const ItemKey *key)
{
	int			range_size = 0;

	Assert(key->n == schema->nhash + schema->nrange);
	for (int i = 0; i < key->n; i++)
	{
		int			size = attribute_size(key->values[i]);

		check_key_not_empty(&schema->attributes[i], key->values[i]);
		if (i >= schema->nhash)
			range_size += size;
		else if (size > MAX_PARTITION_KEY_SIZE)
			raise_long_partition_key("");
	}
	if (range_size > MAX_SORT_KEY_SIZE)
		raise_long_sort_key("");
	check_primary_entry(key);
}
