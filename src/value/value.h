/*
 * value.h
 *		Attribute values and items: stored bytes, access, construction, JSON.
 *
 * Three forms, with explicit converters between them:
 *
 * - *Stored bytes*, the varlena of the SQL types dynamo.item and
 *   dynamo.attribute_value (one format: an item is a value whose root is M):
 *
 *		uint32		header: format version in the top 4 bits, DynamoDB's size
 *					in bytes below (of an item: names and values; of a value:
 *					the value alone)
 *		value		the encoded root
 *
 *   An encoded value is a tag byte and a payload whose length is known from
 *   outside (from the varlena, or from the directory of the container):
 *
 *		tag			low nibble: AttributeType
 *					bits 4-5 of a container: offset width, 0 = 1, 1 = 2, 2 = 4
 *					bytes;  bit 4 of BOOL: its value
 *		S, B		the bytes (S: UTF-8, U+0000 allowed)
 *		N			a PostgreSQL numeric without its varlena header, display
 *					scale trimmed
 *		BOOL, NULL	nothing
 *		M			count; name ends[count]; value ends[count]; names; values
 *		L			count; value ends[count]; values
 *		SS, NS, BS	count; element ends[count]; elements (payloads, no tags)
 *
 *   Counts and ends have the container's width, the smallest that holds both
 *   the count and the length of the data behind the directory (M: of names
 *   and values each).  Ends are relative to the start of their area.  Names
 *   are sorted by bytes, set elements in the order of their type; neither
 *   repeats.  So every value has exactly one encoding, and equality is
 *   memcmp().  Integers are little-endian on disk as in memory of the
 *   machine, and nothing is aligned: read them with memcpy.
 *
 * - *AttributeValue*, a view of an encoded value: a pointer and a length, cheap
 *   to pass by value; it owns nothing and lives as long as the bytes it
 *   points into.
 *
 * - *Text*: DynamoDB JSON ({"Artist":{"S":"..."}}), and plain JSON.
 *
 * Constructors (attribute_make_*) palloc the new encoding in the current
 * memory context.
 */
#ifndef DYNAMO_VALUE_H
#define DYNAMO_VALUE_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/numeric.h"

#include "common/compat.h"
#include "common/limits.h"

/* ---- types ---- */

typedef enum AttributeType
{
	ATTRIBUTE_S = 1,
	ATTRIBUTE_N,
	ATTRIBUTE_B,
	ATTRIBUTE_BOOL,
	ATTRIBUTE_NULL,
	ATTRIBUTE_M,
	ATTRIBUTE_L,
	ATTRIBUTE_SS,
	ATTRIBUTE_NS,
	ATTRIBUTE_BS,
} AttributeType;

/* "S", "NULL", ...: as in DynamoDB JSON. */
extern const char *attribute_type_name(AttributeType type);
/* False if no type has this name. */
extern bool attribute_type_by_name(const char *name, int len, AttributeType *type);

/* A run of bytes that somebody else owns; not zero-terminated. */
typedef struct Bytes
{
	const char *data;
	int			len;
} Bytes;

extern PGDLLEXPORT Bytes bytes_from_cstring(const char *cstring);
extern char *bytes_to_cstring(Bytes bytes); /* palloc'd, zero-terminated */
static inline bool
bytes_equal(Bytes a, Bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Unsigned, shorter first. */
static inline int
bytes_compare(Bytes a, Bytes b)
{
	int			common = Min(a.len, b.len);
	int			order;

	if (common == 0)
		return a.len - b.len;
	order = (unsigned char) a.data[0] - (unsigned char) b.data[0];
	if (order == 0)
		order = memcmp(a.data, b.data, common);
	return order != 0 ? order : a.len - b.len;
}

/* A view of one encoded value; data is NULL where there is no value. */
typedef struct AttributeValue
{
	const char *data;			/* tag byte, then payload */
	int			len;
} AttributeValue;

#define NO_ATTRIBUTE_VALUE ((AttributeValue) {NULL, 0})

static inline bool
attribute_exists(AttributeValue value)
{
	return value.data != NULL;
}

static inline AttributeType
attribute_type(AttributeValue value)
{
	return (AttributeType) (value.data[0] & 0x0F);
}

/*
 * The stored form.  A DynamoItem pointer may have a short varlena header (as
 * PG_DETOAST_DATUM_PACKED leaves it), so only the functions below look inside.
 */
typedef struct varlena DynamoItem;

#define DatumGetDynamoItem(d)		((DynamoItem *) PG_DETOAST_DATUM_PACKED(d))
#define PG_GETARG_DYNAMO_ITEM(n)	DatumGetDynamoItem(PG_GETARG_DATUM(n))
#define DynamoItemGetDatum(p)		PointerGetDatum(p)

extern AttributeValue item_root(const DynamoItem *item);	/* an M for items */
extern int	item_size(const DynamoItem *item);	/* DynamoDB's size, O(1) */
/*
 * Makes the stored form of an item, whose root must be an M, or of one value
 * (dynamo.attribute_value).  Raises ValidationException for more than 32
 * levels and for sizes that the header cannot hold (256 MB).
 */
extern DynamoItem *item_from_root(AttributeValue root);
extern DynamoItem *attribute_to_stored(AttributeValue value);

/*
 * From the text form, DynamoDB JSON.  Raises SerializationException for what
 * is not JSON of the right types, ValidationException for what DynamoDB refuses.
 */
extern DynamoItem *item_parse(Bytes text);
extern DynamoItem *attribute_parse(Bytes text);
/* From plain JSON, as the cast does it: raises unless it is an object. */
extern DynamoItem *item_from_jsonb(Datum jsonb);

/* ---- reading ---- */

extern Bytes attribute_bytes(AttributeValue value); /* payload of S and B */
extern bool attribute_bool(AttributeValue value);
extern Numeric attribute_numeric(AttributeValue value); /* palloc'd */

/* Containers.  Indexes are zero-based and must be in range. */
extern int	attribute_count(AttributeValue container);	/* M, L, sets */
extern Bytes map_name(AttributeValue map, int i);
extern AttributeValue map_value(AttributeValue map, int i);
/* By binary search; NO_ATTRIBUTE_VALUE if the map has no such attribute. */
extern AttributeValue map_get(AttributeValue map, Bytes name);
extern AttributeValue list_get(AttributeValue list, int i);
/*
 * An element of a set as a value of its own (S, N or B): palloc'd, because
 * elements are stored without tags.
 */
extern AttributeValue set_element(AttributeValue set, int i);
/* Whether the set holds this scalar; false if the types do not go together. */
extern bool set_contains(AttributeValue set, AttributeValue element);
/* The type of a set's elements. */
extern AttributeType set_element_type(AttributeType set_type);

/* Deep equality; false for different types. */
extern bool attribute_equal(AttributeValue a, AttributeValue b);
/* Order of two values of the same scalar type S, N or B: <0, 0, >0. */
extern int	attribute_compare(AttributeValue a, AttributeValue b);
/* A total order over all values (by type, then value), for btree. */
extern int	attribute_order(AttributeValue a, AttributeValue b);
/* DynamoDB's size of a value in bytes, its name not included. */
extern int	attribute_size(AttributeValue value);
/* Depth of nesting: 0 for a scalar or set, 1 + deepest member of M and L. */
extern int	attribute_depth(AttributeValue value);

/* ---- constructing ---- */

extern AttributeValue attribute_make_string(Bytes bytes);	/* valid UTF-8 */
extern AttributeValue attribute_make_binary(Bytes bytes);
extern AttributeValue attribute_make_number(Numeric number);	/* checks, trims */
extern AttributeValue attribute_make_bool(bool value);
extern AttributeValue attribute_make_null(void);
extern AttributeValue attribute_make_list(const AttributeValue *elements, int n);
/*
 * Elements are scalars of the set's type, in any order.  Repeated elements
 * are dropped here (readers of input refuse them first); n must not be 0.
 */
extern AttributeValue attribute_make_set(AttributeType set_type,
										 AttributeValue *elements, int n);

typedef struct MapEntry
{
	Bytes		name;
	AttributeValue value;
} MapEntry;

/* Sorts the entries in place if they are not; names must not repeat. */
extern AttributeValue attribute_make_map(MapEntry *entries, int n);
/* The same of entries that are sorted by name. */
extern AttributeValue attribute_make_sorted_map(const MapEntry *entries, int n);
/* All entries of a map as a palloc'd array with room for `extra` more. */
extern MapEntry *map_entries(AttributeValue map, int extra, int *n);

/* ---- numbers (number.c) ---- */

/*
 * DynamoDB's numbers: 38 significant digits, magnitude 1E-130 to 9.9..E+125,
 * or zero.  Each raises DynamoDB's ValidationException otherwise.
 */
extern Numeric number_parse(Bytes text);
extern Numeric number_check(Numeric number);	/* trims the display scale */
extern bool number_fits(Numeric number);	/* whether number_check() lets it pass */
extern Numeric number_add(Numeric a, Numeric b);
extern Numeric number_subtract(Numeric a, Numeric b);
/* Without exponent and without superfluous zeros. */
extern void number_append(StringInfo out, AttributeValue number);

/* ---- keys ---- */

/* What a table's or index's key is made of. */
typedef struct KeyAttribute
{
	Bytes		name;
	AttributeType type;			/* S, N or B */
} KeyAttribute;

typedef struct KeySchema
{
	int			nhash;			/* 1 for tables and most indexes */
	int			nrange;			/* 0 or 1 for tables and most indexes */
	KeyAttribute attributes[MAX_KEY_ATTRIBUTES];	/* hash parts, then range */
} KeySchema;

/*
 * Raises DynamoDB's error for an empty S or B as a key attribute, of an index if it
 * has a name.  The prefix comes before the message.
 */
pg_noreturn extern void raise_empty_key(const char *prefix, Bytes index,
										const KeyAttribute *attribute);
/* The same for a partition key, or the parts of a sort key, of more bytes than it may have. */
pg_noreturn extern void raise_long_partition_key(const char *prefix);
pg_noreturn extern void raise_long_sort_key(const char *prefix);

/* Values of the key attributes, in the schema's order. */
typedef struct ItemKey
{
	int			n;
	AttributeValue values[MAX_KEY_ATTRIBUTES];
} ItemKey;

/*
 * A range of an index in the order of its key: equality on the first nequal
 * attributes, then optional bounds on the next one.  nequal = 0 without
 * bounds is the whole index.
 */
typedef struct KeyRange
{
	int			nequal;
	AttributeValue equal[MAX_KEY_ATTRIBUTES];
	AttributeValue lower;		/* NO_ATTRIBUTE_VALUE: unbounded */
	AttributeValue upper;
	bool		lower_inclusive;
	bool		upper_inclusive;
	/*
	 * begins_with: only values of S or B that start with these bytes; lower
	 * and upper are then not set.  data is NULL where there is no prefix.
	 */
	Bytes		prefix;
} KeyRange;

/* ---- JSON (json_reader.c, json_writer.c) ---- */

/*
 * A strict pull reader over a buffer: RFC 8259, UTF-8 checked, U+0000 allowed
 * in strings, depth-limited.  Malformed input raises SerializationException.
 */
typedef enum JsonKind
{
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL,
} JsonKind;

typedef struct JsonReader
{
	const char *start;
	const char *pos;
	const char *end;
	int			depth;
	bool		first;			/* no member or element read yet at this level */
} JsonReader;

extern void json_reader_init(JsonReader *reader, const char *text, int len);
extern JsonKind json_peek(JsonReader *reader);
/*
 *	json_begin_object(r);
 *	while (json_next_member(r, &name))
 *		...read one value...
 * and likewise for arrays.  Names and strings point into the buffer where
 * they have no escapes and are palloc'd otherwise.
 */
extern void json_begin_object(JsonReader *reader);
extern bool json_next_member(JsonReader *reader, Bytes *name);
extern void json_begin_array(JsonReader *reader);
extern bool json_next_element(JsonReader *reader);
extern Bytes json_read_string(JsonReader *reader);
extern Bytes json_read_number(JsonReader *reader);	/* its text */
extern bool json_read_bool(JsonReader *reader);
extern void json_read_null(JsonReader *reader);
extern void json_skip_value(JsonReader *reader);
extern void json_expect_end(JsonReader *reader);	/* only white space left */
/*
 * SerializationException: the next value is not of the wanted type of the
 * service model ("String", "Boolean", "Integer", "Long", "Blob", "List",
 * "Map", "Structure").
 */
pg_noreturn extern void json_type_error(JsonReader *reader, const char *wanted);
/* SerializationException: a member occurs twice in one object. */
pg_noreturn extern void json_duplicate_error(Bytes name);

/*
 * "NUMBER_VALUE", "STRING_VALUE", "TRUE_VALUE" ...: what DynamoDB's messages
 * call the next token ("NUMBER_VALUE cannot be converted to String").
 */
extern const char *json_kind_label(JsonKind kind);

/*
 * One attribute value or a map of them in DynamoDB JSON.  Raises
 * SerializationException for wrong JSON types and ValidationException for
 * values that DynamoDB refuses (empty sets, numbers out of range, depth).
 */
extern AttributeValue attribute_read_json(JsonReader *reader);
extern AttributeValue attribute_map_read_json(JsonReader *reader);
/*
 * The same for a request's map of values, e.g. ExpressionAttributeValues,
 * whose name DynamoDB's messages mention: "ExpressionAttributeValues contains
 * invalid value: ... for key :v".  Empty keys are left to the caller.
 */
extern AttributeValue attribute_values_read_json(JsonReader *reader,
												 const char *member);

extern void json_append_string(StringInfo out, Bytes string);	/* quoted */
extern void attribute_append_json(StringInfo out, AttributeValue value);
extern void attribute_map_append_json(StringInfo out, AttributeValue map);

#endif							/* DYNAMO_VALUE_H */
