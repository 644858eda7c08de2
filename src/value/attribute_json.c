/*
 * attribute_json.c
 *		DynamoDB JSON to encoded values.
 *
 * The encoding is built bottom-up in one growing buffer.  A scalar is appended
 * as it is read.  Members of a container are appended one after the other
 * while a stack of entries remembers their names and places; at the closing
 * bracket the container is written behind them from its sorted entries and
 * then moved down over them.  So each byte is copied twice per level, and
 * nothing is allocated per value.
 *
 * An error of JSON types is a SerializationException; a value that DynamoDB
 * refuses is a ValidationException in its words.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/errors.h"
#include "value/encoding.h"

#define INLINE_ENTRIES	32
#define MIN_BUFFER		256
#define MAX_FIRST_BUFFER 4096

/* Duplicates are listed in an error message up to about this length. */
#define MAX_LISTED		2000

typedef struct AttributeReader
{
	JsonReader *json;
	const char *member;			/* of the request, for messages; or NULL */
	Bytes		key;			/* in that member */

	char	   *buffer;			/* encoded values */
	int			len;
	int			capacity;

	/* entries of the open containers, the innermost last; point into buffer */
	MapEntry   *entries;
	int			nentries;
	int			max_entries;
	MapEntry	inline_entries[INLINE_ENTRIES];
} AttributeReader;

static int	read_map(AttributeReader *reader, int level);
static int	read_value(AttributeReader *reader, int level);
static void read_string(AttributeReader *reader, AttributeType type, int level);
static void read_number(AttributeReader *reader, AttributeType type, int level);
static void read_binary(AttributeReader *reader, AttributeType type, int level);
static void read_bool(AttributeReader *reader, AttributeType type, int level);
static void read_null(AttributeReader *reader, AttributeType type, int level);
static void read_members(AttributeReader *reader, AttributeType type, int level);
static void read_list(AttributeReader *reader, AttributeType type, int level);
static void read_set(AttributeReader *reader, AttributeType type, int level);

/*
 * A function per type reads what stands behind the type's name and appends
 * the whole encoded value, tag included.
 */
typedef void (*PayloadReader) (AttributeReader *reader, AttributeType type, int level);

static const PayloadReader payload_readers[] = {
	[ATTRIBUTE_S] = read_string,
	[ATTRIBUTE_N] = read_number,
	[ATTRIBUTE_B] = read_binary,
	[ATTRIBUTE_BOOL] = read_bool,
	[ATTRIBUTE_NULL] = read_null,
	[ATTRIBUTE_M] = read_members,
	[ATTRIBUTE_L] = read_list,
	[ATTRIBUTE_SS] = read_set,
	[ATTRIBUTE_NS] = read_set,
	[ATTRIBUTE_BS] = read_set,
};

/* ---- entry points ---- */

static void
reader_init(AttributeReader *reader, JsonReader *json, const char *member)
{
	int64		expected = json->end - json->pos;

	reader->json = json;
	reader->member = member;
	reader->key = (Bytes) {NULL, 0};
	reader->capacity = Max(MIN_BUFFER, Min(expected, MAX_FIRST_BUFFER));
	reader->buffer = palloc(reader->capacity);
	reader->len = 0;
	reader->entries = reader->inline_entries;
	reader->nentries = 0;
	reader->max_entries = INLINE_ENTRIES;
}

static AttributeValue
reader_finish(AttributeReader *reader)
{
	if (reader->entries != reader->inline_entries)
		pfree(reader->entries);
	return (AttributeValue) {reader->buffer, reader->len};
}

AttributeValue
attribute_read_json(JsonReader *json)
{
	AttributeReader reader;

	reader_init(&reader, json, NULL);
	(void) read_value(&reader, 0);
	return reader_finish(&reader);
}

AttributeValue
attribute_map_read_json(JsonReader *json)
{
	return attribute_values_read_json(json, NULL);
}

AttributeValue
attribute_values_read_json(JsonReader *json, const char *member)
{
	AttributeReader reader;

	reader_init(&reader, json, member);
	(void) read_map(&reader, 0);
	return reader_finish(&reader);
}

/* ---- errors ---- */

pg_noreturn static void value_error(AttributeReader *reader, const char *message);

static void
value_error(AttributeReader *reader, const char *message)
{
	if (reader->member == NULL)
		validation_error("%s", message);
	validation_error("%s contains invalid value: %s for key %s",
					 reader->member, message, bytes_to_cstring(reader->key));
}

/* ---- the buffer and the stack ---- */

/* Makes room for `more` bytes; entries keep pointing at their values. */
static void
reserve(AttributeReader *reader, int64 more)
{
	int64		needed = reader->len + more;
	char	   *old = reader->buffer;

	if (likely(needed <= reader->capacity))
		return;
	if (needed > MaxAllocSize / 2)
		item_too_large();
	reader->capacity = Max(needed, 2 * (int64) reader->capacity);
	reader->buffer = repalloc(reader->buffer, reader->capacity);
	for (int i = 0; i < reader->nentries; i++)
		reader->entries[i].value.data = reader->buffer +
			(reader->entries[i].value.data - old);
}

static void
append_encoded(AttributeReader *reader, AttributeType type, Bytes payload)
{
	reserve(reader, 1 + (int64) payload.len);
	reader->buffer[reader->len++] = type;
	memcpy(reader->buffer + reader->len, payload.data, payload.len);
	reader->len += payload.len;
}

static void
grow_entries(AttributeReader *reader)
{
	Size		size = sizeof(MapEntry) * reader->max_entries;

	if (reader->entries == reader->inline_entries)
	{
		reader->entries = palloc(2 * size);
		memcpy(reader->entries, reader->inline_entries, size);
	}
	else
		reader->entries = repalloc_huge(reader->entries, 2 * size);
	reader->max_entries *= 2;
}

/* Remembers what has been appended since `start`. */
static void
push_entry(AttributeReader *reader, Bytes name, int start)
{
	if (reader->nentries == reader->max_entries)
		grow_entries(reader);
	reader->entries[reader->nentries++] = (MapEntry)
	{
		name, {reader->buffer + start, reader->len - start}
	};
}

/*
 * Replaces what has been appended since `start`, the values of the entries
 * from `first` on, by the container of these entries.
 */
static void
close_container(AttributeReader *reader, AttributeType type, int first, int start)
{
	ContainerPlan plan = container_plan(type, reader->entries + first,
										reader->nentries - first);

	reserve(reader, plan.size);
	container_write(reader->buffer + reader->len, plan, reader->entries + first);
	memmove(reader->buffer + start, reader->buffer + reader->len, plan.size);
	reader->len = start + plan.size;
	reader->nentries = first;
}

/* ---- maps and values ---- */

/* NULL, or what DynamoDB says of such a name. */
static const char *
name_message(Bytes name)
{
	if (name.len == 0)
		return "Empty attribute name";
	if (name.len > MAX_ATTRIBUTE_NAME_SIZE)
		return "Attribute name is too large, must be less than 65536 bytes";
	return NULL;
}

void
attribute_name_check(Bytes name)
{
	const char *message = name_message(name);

	if (message != NULL)
		validation_error("%s", message);
}

/*
 * Reads an object of attribute values, itself at `level`, and appends it as an
 * M.  Returns where it starts.
 */
static int
read_map(AttributeReader *reader, int level)
{
	int			start = reader->len;
	int			first = reader->nentries;
	Bytes		name;
	Bytes		repeated;

	json_begin_object(reader->json);
	while (json_next_member(reader->json, &name))
	{
		const char *message = name_message(name);

		if (level == 0)
			reader->key = name;
		/* a placeholder's name is no attribute name: its caller checks it */
		if (message != NULL && (level > 0 || reader->member == NULL))
			value_error(reader, message);
		push_entry(reader, name, read_value(reader, level + 1));
	}
	repeated = map_entries_sort(reader->entries + first, reader->nentries - first);
	if (repeated.data != NULL)
		json_duplicate_error(repeated);
	close_container(reader, ATTRIBUTE_M, first, start);
	return start;
}

/* Reads null, or raises unless an attribute value's object comes next. */
static bool
begin_value(AttributeReader *reader)
{
	switch (json_peek(reader->json))
	{
		case JSON_KIND_OBJECT:
			json_begin_object(reader->json);
			return true;
		case JSON_KIND_NULL:
			json_read_null(reader->json);
			return false;
		default:
			json_type_error(reader->json, "Structure");
	}
}

/*
 * Reads one attribute value, itself at `level`, and appends it.  Returns where
 * it starts.  Members that are no types are ignored, as are types given as
 * null.
 */
static int
read_value(AttributeReader *reader, int level)
{
	int			start = reader->len;
	AttributeType found = 0;
	AttributeType type;
	Bytes		name;

	if (begin_value(reader))
	{
		while (json_next_member(reader->json, &name))
		{
			if (!attribute_type_by_name(name.data, name.len, &type))
				json_skip_value(reader->json);
			else if (json_peek(reader->json) == JSON_KIND_NULL)
				json_read_null(reader->json);
			else if (found == type)
				json_duplicate_error(name);
			else if (found != 0)
				value_error(reader, "Supplied AttributeValue has more than one datatypes set, "
							"must contain exactly one of the supported datatypes");
			else
			{
				found = type;
				payload_readers[type] (reader, type, level);
			}
		}
	}
	if (found == 0)
		value_error(reader, "Supplied AttributeValue is empty, "
					"must contain exactly one of the supported datatypes");
	return start;
}

/* ---- scalars ---- */

static void
read_string(AttributeReader *reader, AttributeType type, int level)
{
	append_encoded(reader, type, json_read_string(reader->json));
}

static void
read_number(AttributeReader *reader, AttributeType type, int level)
{
	Bytes		text = json_read_string(reader->json);
	char		payload[MAX_ENCODED_NUMBER];
	const char *message;
	int			len = number_encode(text, payload, &message);

	if (len < 0)
		value_error(reader, message);
	append_encoded(reader, type, (Bytes) {payload, len});
}

static void
read_binary(AttributeReader *reader, AttributeType type, int level)
{
	Bytes		text;
	char	   *message;
	int			len;

	if (json_peek(reader->json) != JSON_KIND_STRING)
		json_type_error(reader->json, "Blob");
	text = json_read_string(reader->json);
	reserve(reader, 1 + text.len / 4 * 3);
	len = base64_decode(text, reader->buffer + reader->len + 1, &message);
	if (len < 0)
		serialization_error("%s", message);
	reader->buffer[reader->len] = type;
	reader->len += 1 + len;
}

static void
read_bool(AttributeReader *reader, AttributeType type, int level)
{
	bool		value = json_read_bool(reader->json);

	append_encoded(reader, type | (value ? TAG_TRUE : 0), (Bytes) {"", 0});
}

static void
read_null(AttributeReader *reader, AttributeType type, int level)
{
	if (!json_read_bool(reader->json))
		value_error(reader, "One or more parameter values were invalid: "
					"Null attribute value types must have the value of true");
	append_encoded(reader, type, (Bytes) {"", 0});
}

/* ---- containers ---- */

static void
read_members(AttributeReader *reader, AttributeType type, int level)
{
	if (level >= MAX_NESTING_DEPTH)
		nesting_too_deep();
	(void) read_map(reader, level);
}

static void
read_list(AttributeReader *reader, AttributeType type, int level)
{
	int			start = reader->len;
	int			first = reader->nentries;

	if (level >= MAX_NESTING_DEPTH)
		nesting_too_deep();
	json_begin_array(reader->json);
	while (json_next_element(reader->json))
		push_entry(reader, (Bytes) {NULL, 0}, read_value(reader, level + 1));
	close_container(reader, type, first, start);
}

/* DynamoDB's words for what is wrong with a set, by its type. */
static const struct
{
	const char *empty;
	const char *null_member;
	const char *duplicates;		/* followed by the list, if it has a %s */
}			set_messages[] = {
	[ATTRIBUTE_SS] = {
		"One or more parameter values were invalid: An string set  may not be empty",
		"One or more parameter values were invalid: An string set may not have a null string as a member",
		"One or more parameter values were invalid: Input collection %s contains duplicates."},
	[ATTRIBUTE_NS] = {
		"One or more parameter values were invalid: An number set  may not be empty",
		"The parameter cannot be converted to a numeric value",
		"Input collection contains duplicates"},
	[ATTRIBUTE_BS] = {
		"One or more parameter values were invalid: Binary sets should not be empty",
		"One or more parameter values were invalid: Binary sets may not contain null values",
		"One or more parameter values were invalid: Input collection %sof type BS contains duplicates."},
};

static int
compare_places(const void *a, const void *b)
{
	const char *pa = ((const MapEntry *) a)->value.data;
	const char *pb = ((const MapEntry *) b)->value.data;

	return pa < pb ? -1 : pa > pb;
}

/*
 * Raises the error of repeated elements, which lists all of them in the order
 * of the input: the order of their places in the buffer.
 */
static void
duplicates_error(AttributeReader *reader, AttributeType type, int first)
{
	int			n = reader->nentries - first;
	MapEntry   *entries = reader->entries + first;
	StringInfoData list;

	qsort(entries, n, sizeof(MapEntry), compare_places);
	initStringInfo(&list);
	for (int i = 0; i < n; i++)
	{
		Bytes		payload = attribute_bytes(entries[i].value);

		appendStringInfoString(&list, i == 0 ? "[" : ", ");
		if (list.len > MAX_LISTED)
		{
			appendStringInfoString(&list, "...");
			break;
		}
		if (type == ATTRIBUTE_BS)
			base64_append(&list, payload);
		else if (type == ATTRIBUTE_SS)
			appendBinaryStringInfo(&list, payload.data, payload.len);
	}
	appendStringInfoChar(&list, ']');
	value_error(reader, psprintf(set_messages[type].duplicates, list.data));
}

static void
read_set(AttributeReader *reader, AttributeType type, int level)
{
	int			start = reader->len;
	int			first = reader->nentries;
	AttributeType element_type = set_element_type(type);

	json_begin_array(reader->json);
	while (json_next_element(reader->json))
	{
		int			element = reader->len;

		if (json_peek(reader->json) == JSON_KIND_NULL)
			value_error(reader, set_messages[type].null_member);
		payload_readers[element_type] (reader, element_type, level);
		push_entry(reader, (Bytes) {NULL, 0}, element);
	}
	if (reader->nentries == first)
		value_error(reader, set_messages[type].empty);
	if (set_entries_sort(reader->entries + first, reader->nentries - first))
		duplicates_error(reader, type, first);
	close_container(reader, type, first, start);
}
