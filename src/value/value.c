/*
 * value.c
 *		Types, byte strings, and reading of encoded values.
 *
 * Nothing here copies or allocates except where the contract in value.h says
 * so: a value is read where it lies, which may be inside a page's tuple.
 */
#include "postgres.h"

#include "common/errors.h"
#include "value/encoding.h"
#include "value/value.h"

/* Indexed by AttributeType. */
static const char *const type_names[] = {
	NULL, "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"
};
static const int type_lengths[] = {0, 1, 1, 1, 4, 4, 1, 1, 2, 2, 2};

StaticAssertDecl(lengthof(type_names) == ATTRIBUTE_BS + 1 &&
				 lengthof(type_lengths) == ATTRIBUTE_BS + 1,
				 "a name for every type");

const char *
attribute_type_name(AttributeType type)
{
	Assert(type >= ATTRIBUTE_S && type <= ATTRIBUTE_BS);
	return type_names[type];
}

bool
attribute_type_by_name(const char *name, int len, AttributeType *type)
{
	for (int i = ATTRIBUTE_S; i <= ATTRIBUTE_BS; i++)
	{
		if (type_lengths[i] == len && type_names[i][0] == name[0] &&
			memcmp(type_names[i], name, len) == 0)
		{
			*type = i;
			return true;
		}
	}
	return false;
}

/* ---- byte strings ---- */

Bytes
bytes_from_cstring(const char *cstring)
{
	return (Bytes) {cstring, strlen(cstring)};
}

char *
bytes_to_cstring(Bytes bytes)
{
	return pnstrdup(bytes.data, bytes.len);
}

/* ---- the stored form ---- */

static uint32
stored_header(const DynamoItem *item)
{
	uint32		header;

	memcpy(&header, VARDATA_ANY(item), sizeof(header));
	if (header >> STORED_VERSION_SHIFT != STORED_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("unknown format version %u of a stored item",
						header >> STORED_VERSION_SHIFT)));
	return header;
}

AttributeValue
item_root(const DynamoItem *item)
{
	(void) stored_header(item);
	return (AttributeValue) {VARDATA_ANY(item) + STORED_HEADER_SIZE,
		VARSIZE_ANY_EXHDR(item) - STORED_HEADER_SIZE};
}

int
item_size(const DynamoItem *item)
{
	return stored_header(item) & STORED_SIZE_MASK;
}

void
item_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_VALIDATION),
			 errmsg_internal("Item size has exceeded the maximum allowed size"),
			 errdetail("An item or value may take at most %u bytes.",
					   STORED_SIZE_MASK)));
}

void
nesting_too_deep(void)
{
	validation_error("Nesting Levels have exceeded supported limits: "
					 "Attributes in the item have nested levels beyond supported limit");
}

static DynamoItem *
store(AttributeValue root, int64 size)
{
	int			len = VARHDRSZ + STORED_HEADER_SIZE + root.len;
	DynamoItem *stored;
	uint32		header;

	if (size > STORED_SIZE_MASK)
		item_too_large();
	stored = palloc(len);
	SET_VARSIZE(stored, len);
	header = STORED_VERSION << STORED_VERSION_SHIFT | (uint32) size;
	memcpy(VARDATA(stored), &header, sizeof(header));
	memcpy(VARDATA(stored) + STORED_HEADER_SIZE, root.data, root.len);
	return stored;
}

/*
 * Every stored value passes here or through attribute_to_stored(), so none is
 * too deep for the recursive code of this layer or too large for its header.
 */
DynamoItem *
item_from_root(AttributeValue root)
{
	Assert(attribute_type(root) == ATTRIBUTE_M);
	return store(root, item_size_checked(root));
}

DynamoItem *
attribute_to_stored(AttributeValue value)
{
	return store(value, attribute_size_checked(value));
}

/* ---- scalars ---- */

Bytes
attribute_bytes(AttributeValue value)
{
	return (Bytes) {value.data + 1, value.len - 1};
}

bool
attribute_bool(AttributeValue value)
{
	return (value.data[0] & TAG_TRUE) != 0;
}

/* ---- containers ---- */

int
attribute_count(AttributeValue container)
{
	return container_open(container).count;
}

Bytes
map_name(AttributeValue map, int i)
{
	Container	c = container_open(map);

	Assert(i >= 0 && i < c.count);
	return container_name(&c, i);
}

AttributeValue
map_value(AttributeValue map, int i)
{
	Container	c = container_open(map);

	Assert(i >= 0 && i < c.count);
	return container_value(&c, i);
}

/* Reads the directory of one width, which the compiler knows. */
static pg_attribute_always_inline AttributeValue
map_search(Container c, int width, Bytes name)
{
	int			low = 0;
	int			high = c.count;

	c.width = width;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = bytes_compare(container_name(&c, middle), name);

		if (order == 0)
			return container_value(&c, middle);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NO_ATTRIBUTE_VALUE;
}

AttributeValue
map_get(AttributeValue map, Bytes name)
{
	Container	c = container_open(map);

	switch (c.width)
	{
		case 0:
			return map_search(c, 0, name);
		case 1:
			return map_search(c, 1, name);
		default:
			return map_search(c, 2, name);
	}
}

MapEntry *
map_entries(AttributeValue map, int extra, int *n)
{
	Container	c = container_open(map);
	MapEntry   *entries = palloc(sizeof(MapEntry) * Max(c.count + extra, 1));
	uint32		name_begin = 0;
	uint32		value_begin = 0;

	for (int i = 0; i < c.count; i++)
	{
		Bytes		value = container_next_run(&c, c.value_ends, c.values, i, &value_begin);

		entries[i].name = container_next_run(&c, c.name_ends, c.names, i, &name_begin);
		entries[i].value = (AttributeValue) {value.data, value.len};
	}
	*n = c.count;
	return entries;
}

AttributeValue
list_get(AttributeValue list, int i)
{
	return map_value(list, i);
}

/* ---- sets ---- */

/* A set type is its element type plus this. */
#define SET_OFFSET	(ATTRIBUTE_SS - ATTRIBUTE_S)

StaticAssertDecl(ATTRIBUTE_NS - ATTRIBUTE_N == SET_OFFSET &&
				 ATTRIBUTE_BS - ATTRIBUTE_B == SET_OFFSET,
				 "set types follow the order of their element types");

AttributeType
set_element_type(AttributeType set_type)
{
	Assert(set_type >= ATTRIBUTE_SS);
	return set_type - SET_OFFSET;
}

/* Its payload, which is stored without tag. */
static Bytes
set_element_bytes(AttributeValue set, int i)
{
	AttributeValue run = map_value(set, i);

	return (Bytes) {run.data, run.len};
}

AttributeValue
set_element(AttributeValue set, int i)
{
	Bytes		payload = set_element_bytes(set, i);
	char	   *data = palloc(1 + payload.len);

	data[0] = set_element_type(attribute_type(set));
	memcpy(data + 1, payload.data, payload.len);
	return (AttributeValue) {data, 1 + payload.len};
}

bool
set_contains(AttributeValue set, AttributeValue element)
{
	AttributeType type = attribute_type(set);
	Bytes		sought = attribute_bytes(element);
	int			low = 0;
	int			high = attribute_count(set);

	if (attribute_type(element) != set_element_type(type))
		return false;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		Bytes		payload = set_element_bytes(set, middle);
		int			order = type == ATTRIBUTE_NS ?
			number_payload_compare(payload, sought) : bytes_compare(payload, sought);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* ---- keys ---- */

void
raise_empty_key(const char *prefix, Bytes index, const KeyAttribute *attribute)
{
	const char *type = attribute->type == ATTRIBUTE_S ? "string" : "binary";

	if (index.data == NULL)
		validation_error("%sOne or more parameter values are not valid. The AttributeValue for "
						 "a key attribute cannot contain an empty %s value. Key: %.*s",
						 prefix, type, attribute->name.len, attribute->name.data);
	validation_error("%sOne or more parameter values are not valid. A value specified for a "
					 "secondary index key is not supported. The AttributeValue for a key "
					 "attribute cannot contain an empty %s value. IndexName: %.*s, IndexKey: %.*s",
					 prefix, type, index.len, index.data,
					 attribute->name.len, attribute->name.data);
}

/* (The missing blank is DynamoDB's.) */
void
raise_long_partition_key(const char *prefix)
{
	validation_error("%sOne or more parameter values were invalid: "
					 "Size of hashkey has exceeded the maximum size limit of%d bytes",
					 prefix, MAX_PARTITION_KEY_SIZE);
}

void
raise_long_sort_key(const char *prefix)
{
	validation_error("%sOne or more parameter values were invalid: "
					 "Aggregated size of all range keys has exceeded the size limit of %d bytes",
					 prefix, MAX_SORT_KEY_SIZE);
}
