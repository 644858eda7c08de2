/*
 * decode.c
 *		From a request in JSON to its structure, by its shape.
 *
 * One pass over the text.  A member that is null is as good as absent.  Real
 * DynamoDB ignores members that its model does not know; here they are an
 * error, because a misspelt parameter must not pass in silence.  It is only
 * noted, though: the rest of the request is read first, so that JSON of wrong
 * types is reported before anything else, as DynamoDB does.
 *
 * Where JSON and shape differ in type, the message is DynamoDB's own, which
 * speaks of the Java classes behind it.
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "miscadmin.h"

#include "common/errors.h"
#include "api/shapes.h"

/* Of the Java class that a shape becomes. */
#define CLASS_PREFIX "com.amazonaws.dynamodb.v20120810."

/* Where we are: for messages about members deep in a request. */
typedef struct Place
{
	const struct Place *parent;
	const Member *member;
	int			index;			/* of a list's element, from 0; or -1 */
} Place;

static void decode_structure(JsonReader *reader, const Shape *shape, void *structure,
							 const Place *place, RequestNotes *notes);
static void decode_member(JsonReader *reader, const Member *member, void *structure,
						  const Place *parent, RequestNotes *notes);
static List *decode_list(JsonReader *reader, const Member *member,
						 const Place *parent, RequestNotes *notes);
static List *decode_items(JsonReader *reader, const Member *member, RequestNotes *notes);
static void note_empty_list(List **field, RequestNotes *notes);
static void *decode_nested(JsonReader *reader, const Shape *shape,
						   const Place *place, RequestNotes *notes);
static List *decode_map(JsonReader *reader, const Member *member,
						const Place *parent, RequestNotes *notes);
static AttributeValue decode_item(JsonReader *reader, const Member *member,
								  RequestNotes *notes);
static AttributeValue decode_value(JsonReader *reader, const Member *member,
								   RequestNotes *notes);
static List *decode_value_list(JsonReader *reader, const Member *member,
							   RequestNotes *notes);
static List *decode_string_list(JsonReader *reader);
static AttributeValue decode_names(JsonReader *reader);
static Bytes decode_string(JsonReader *reader);
static bool decode_boolean(JsonReader *reader);
static int64 decode_integer(JsonReader *reader, bool is_long);
static TimestampTz decode_time(JsonReader *reader);
static bool is_harmless(JsonReader *reader, Harmless harmless);
static void note_unknown(const Shape *shape, Bytes name, const Place *place,
						 RequestNotes *notes);
static int compare_entries(const void *a, const void *b);
static void append_place(StringInfo out, const Place *place);
static void expect_kind(JsonReader *reader, JsonKind kind, const char *scalar_message,
						const char *class_name);
static void check_keys_distinct(const List *list);
static const char *scalar_label(JsonReader *reader);

void
decode_request(const Shape *shape, Bytes json, void *request, RequestNotes *notes)
{
	JsonReader	reader;

	json_reader_init(&reader, json.data, json.len);
	expect_kind(&reader, JSON_KIND_OBJECT, "Unexpected value type in payload",
				shape->name);
	decode_structure(&reader, shape, request, NULL, notes);
	json_expect_end(&reader);
}

/* The reader stands before an object. */
static void
decode_structure(JsonReader *reader, const Shape *shape, void *structure,
				 const Place *place, RequestNotes *notes)
{
	Bytes		name;
	uint32		seen = 0;		/* one bit per member */

	StaticAssertStmt(MAX_MEMBERS <= 32, "too many members for a bit each");
	json_begin_object(reader);
	while (json_next_member(reader, &name))
	{
		const Member *member = shape_member(shape, name);
		uint32		bit;

		if (member == NULL)
		{
			note_unknown(shape, name, place, notes);
			json_skip_value(reader);
			continue;
		}
		bit = UINT32_C(1) << (member - shape->members);
		if (seen & bit)
			serialization_error("Duplicate member in the request: %s", member->name);
		seen |= bit;
		if (json_peek(reader) == JSON_KIND_NULL)
			json_read_null(reader);
		else
			decode_member(reader, member, structure, place, notes);
	}
}

static void
decode_member(JsonReader *reader, const Member *member, void *structure,
			  const Place *parent, RequestNotes *notes)
{
	Place		place = {parent, member, -1};

	switch (member->type)
	{
		case MEMBER_STRING:
		case MEMBER_TABLE_NAME:
			*MEMBER_FIELD(Bytes, structure, member) = decode_string(reader);
			break;
		case MEMBER_ENUM:
			decode_enum(member, decode_string(reader),
						MEMBER_FIELD(int, structure, member), notes);
			break;
		case MEMBER_BOOLEAN:
			*MEMBER_FIELD(OptionalBool, structure, member) =
				(OptionalBool) {true, decode_boolean(reader)};
			break;
		case MEMBER_INTEGER:
		case MEMBER_LONG:
			*MEMBER_FIELD(OptionalInt, structure, member) =
				(OptionalInt) {true, decode_integer(reader, member->type == MEMBER_LONG)};
			break;
		case MEMBER_TIME:
			*MEMBER_FIELD(OptionalInt, structure, member) =
				(OptionalInt) {true, decode_time(reader)};
			break;
		case MEMBER_ITEM:
		case MEMBER_VALUES:
			*MEMBER_FIELD(AttributeValue, structure, member) =
				decode_item(reader, member, notes);
			break;
		case MEMBER_VALUE:
			*MEMBER_FIELD(AttributeValue, structure, member) =
				decode_value(reader, member, notes);
			break;
		case MEMBER_VALUE_LIST:
			*MEMBER_FIELD(OptionalList, structure, member) =
				(OptionalList) {true, decode_value_list(reader, member, notes)};
			break;
		case MEMBER_NAMES:
			*MEMBER_FIELD(AttributeValue, structure, member) = decode_names(reader);
			break;
		case MEMBER_STRING_LIST:
			*MEMBER_FIELD(OptionalList, structure, member) =
				(OptionalList) {true, decode_string_list(reader)};
			break;
		case MEMBER_MAP:
			*MEMBER_FIELD(OptionalList, structure, member) =
				(OptionalList) {true, decode_map(reader, member, parent, notes)};
			break;
		case MEMBER_STRUCTURE:
			expect_kind(reader, JSON_KIND_OBJECT, "Unexpected field type",
						member->shape->name);
			*MEMBER_FIELD(void *, structure, member) =
				decode_nested(reader, member->shape, &place, notes);
			break;
		case MEMBER_LIST:
			*MEMBER_FIELD(List *, structure, member) =
				decode_list(reader, member, parent, notes);
			note_empty_list(MEMBER_FIELD(List *, structure, member), notes);
			break;
		case MEMBER_OPTIONAL_LIST:
			*MEMBER_FIELD(OptionalList, structure, member) =
				(OptionalList) {true, decode_list(reader, member, parent, notes)};
			break;
		case MEMBER_ITEMS:
			*MEMBER_FIELD(List *, structure, member) = decode_items(reader, member, notes);
			note_empty_list(MEMBER_FIELD(List *, structure, member), notes);
			break;
		case MEMBER_TABLES:
			*MEMBER_FIELD(List *, structure, member) =
				decode_map(reader, member, parent, notes);
			note_empty_list(MEMBER_FIELD(List *, structure, member), notes);
			break;
		case MEMBER_UNBUILT:
			if (!is_harmless(reader, member->harmless) &&
				(notes->unbuilt == NULL || notes->unbuilt > member))
				notes->unbuilt = member;
			break;
	}
}

/* ---- nested shapes ---- */

static List *
decode_list(JsonReader *reader, const Member *member, const Place *parent,
			RequestNotes *notes)
{
	Place		place = {parent, member, 0};
	List	   *list = NIL;

	expect_kind(reader, JSON_KIND_ARRAY, "Unexpected field type", "java.util.List");
	json_begin_array(reader);
	for (; json_next_element(reader); place.index++)
	{
		void	   *element = NULL;

		CHECK_FOR_INTERRUPTS();
		if (json_peek(reader) == JSON_KIND_NULL)
			json_read_null(reader);
		else
		{
			expect_kind(reader, JSON_KIND_OBJECT, "Unexpected value type in payload",
						member->shape->name);
			element = decode_nested(reader, member->shape, &place, notes);
		}
		list = lappend(list, element);
	}
	return list;
}

static List *
decode_items(JsonReader *reader, const Member *member, RequestNotes *notes)
{
	List	   *list = NIL;

	expect_kind(reader, JSON_KIND_ARRAY, "Unexpected field type", "java.util.List");
	json_begin_array(reader);
	while (json_next_element(reader))
	{
		AttributeValue *element = NULL;

		CHECK_FOR_INTERRUPTS();
		if (json_peek(reader) == JSON_KIND_NULL)
			json_read_null(reader);
		else
		{
			element = palloc(sizeof(AttributeValue));
			*element = decode_item(reader, member, notes);
		}
		list = lappend(list, element);
	}
	return list;
}

/*
 * A map from names to structures, as a list in the order of the text; each
 * structure begins with its key.
 */
static List *
decode_map(JsonReader *reader, const Member *member, const Place *parent,
		   RequestNotes *notes)
{
	Place		place = {parent, member, -1};
	List	   *list = NIL;
	Bytes		name;

	expect_kind(reader, JSON_KIND_OBJECT, "Unexpected field type",
				"java.util.Map<java.lang.String, java.lang.Object>");
	json_begin_object(reader);
	while (json_next_member(reader, &name))
	{
		Bytes	   *element;

		CHECK_FOR_INTERRUPTS();
		if (json_peek(reader) == JSON_KIND_NULL)
		{
			json_read_null(reader);
			element = palloc0(member->shape->size);
			notes->null_elements = lappend(notes->null_elements, element);
		}
		else if (member->shape->bare)
		{
			element = palloc0(member->shape->size);
			decode_member(reader, &member->shape->members[0], element, &place, notes);
		}
		else
		{
			expect_kind(reader, JSON_KIND_OBJECT, "Unexpected value type in payload",
						member->shape->name);
			element = decode_nested(reader, member->shape, &place, notes);
		}
		*element = name;
		list = lappend(list, element);
	}
	check_keys_distinct(list);
	return list;
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return bytes_compare(*(Bytes *) lfirst(a), *(Bytes *) lfirst(b));
}

static void
check_keys_distinct(const List *list)
{
	List	   *sorted = list_copy(list);

	list_sort(sorted, compare_keys);
	for (int i = 1; i < list_length(sorted); i++)
		if (compare_keys(list_nth_cell(sorted, i - 1), list_nth_cell(sorted, i)) == 0)
			json_duplicate_error(*(Bytes *) list_nth(sorted, i));
	list_free(sorted);
}

static void
note_empty_list(List **field, RequestNotes *notes)
{
	if (*field == NIL)
		notes->empty_lists = lappend(notes->empty_lists, field);
}

static void *
decode_nested(JsonReader *reader, const Shape *shape, const Place *place,
			  RequestNotes *notes)
{
	void	   *structure = palloc0(shape->size);

	decode_structure(reader, shape, structure, place, notes);
	return structure;
}

/*
 * Adds a note about a member that the model does not know, unless there is one
 * already.  The wording is that of the AWS SDK for Python, which checks
 * requests before they are sent.
 */
static void
note_unknown(const Shape *shape, Bytes name, const Place *place, RequestNotes *notes)
{
	StringInfoData message;

	if (notes->unknown != NULL)
		return;
	initStringInfo(&message);
	appendStringInfoString(&message, "Unknown parameter in ");
	if (place == NULL)
		appendStringInfoString(&message, "input");
	else
		append_place(&message, place);
	appendStringInfo(&message, ": \"%.*s\", must be one of: ", name.len, name.data);
	for (int i = 0; i < shape->nmembers; i++)
		appendStringInfo(&message, "%s%s", i > 0 ? ", " : "", shape->members[i].name);
	notes->unknown = message.data;
}

/* "GlobalSecondaryIndexes[0].KeySchema[1]" */
static void
append_place(StringInfo out, const Place *place)
{
	if (place->parent != NULL)
	{
		append_place(out, place->parent);
		appendStringInfoChar(out, '.');
	}
	appendStringInfoString(out, place->member->name);
	if (place->index >= 0)
		appendStringInfo(out, "[%d]", place->index);
}

/*
 * Whether the value of an unbuilt member asks for nothing that a table does
 * not do anyway.  Reads the value.
 */
static bool
is_harmless(JsonReader *reader, Harmless harmless)
{
	JsonKind	kind = json_peek(reader);
	bool		result = false;
	Bytes		name;

	if (harmless == HARMLESS_EMPTY && kind == JSON_KIND_ARRAY)
	{
		result = true;
		json_begin_array(reader);
		while (json_next_element(reader))
		{
			result = false;
			json_skip_value(reader);
		}
	}
	else if (harmless == HARMLESS_OFF && kind == JSON_KIND_OBJECT)
	{
		result = true;
		json_begin_object(reader);
		while (json_next_member(reader, &name))
		{
			kind = json_peek(reader);
			result = result && (kind == JSON_KIND_FALSE || kind == JSON_KIND_NULL);
			json_skip_value(reader);
		}
	}
	else
		json_skip_value(reader);
	return result;
}

/* ---- fields ---- */

static Bytes
decode_string(JsonReader *reader)
{
	expect_kind(reader, JSON_KIND_STRING, "%s cannot be converted to String",
				"java.lang.String");
	return json_read_string(reader);
}

void
decode_enum(const Member *member, Bytes value, int *field, RequestNotes *notes)
{
	BadEnum    *bad;

	for (int i = 0; member->values->values[i] != NULL; i++)
		if (bytes_equal(value, bytes_from_cstring(member->values->values[i])))
		{
			*field = i + 1;
			return;
		}
	bad = palloc(sizeof(BadEnum));
	bad->field = field;
	bad->value = value;
	notes->bad_enums = lappend(notes->bad_enums, bad);
	*field = ENUM_INVALID;
}

static bool
decode_boolean(JsonReader *reader)
{
	switch (json_peek(reader))
	{
		case JSON_KIND_NUMBER:
			serialization_error("class com.amazon.coral.value.json.numbers."
								"TruncatingBigNumber can not be converted to an Boolean");
			break;
		case JSON_KIND_STRING:
			{
				Bytes		string = json_read_string(reader);

				serialization_error("'%.*s' can not be converted to an Boolean",
									string.len, string.data);
			}
			break;
		case JSON_KIND_TRUE:
			break;
		default:
			expect_kind(reader, JSON_KIND_FALSE, "Unexpected token received from parser",
						"java.lang.Boolean");
	}
	return json_read_bool(reader);
}

/* Fractions are cut off, as DynamoDB does; what does not fit is refused. */
static int64
decode_integer(JsonReader *reader, bool is_long)
{
	const char *class_name = is_long ? "Long" : "Integer";
	char	   *number;
	char	   *end;
	int64		value;

	expect_kind(reader, JSON_KIND_NUMBER,
				is_long ? "%s cannot be converted to Long" :
				"%s cannot be converted to Integer",
				is_long ? "java.lang.Long" : "java.lang.Integer");
	number = bytes_to_cstring(json_read_number(reader));
	errno = 0;
	value = strtoi64(number, &end, 10);
	if (*end != '\0')
	{
		double		fractional = trunc(strtod(number, NULL));

		/* (strtod() finds ERANGE in 1e-400, too, which is 0) */
		errno = FLOAT8_FITS_IN_INT64(fractional) ? 0 : ERANGE;
		if (errno == 0)
			value = (int64) fractional;
	}
	if (errno == ERANGE || (!is_long && (value < PG_INT32_MIN || value > PG_INT32_MAX)))
		serialization_error("%s is out of range for %s", number, class_name);
	return value;
}

/* Seconds since 1970, maybe with a fraction; out of range becomes infinite. */
static TimestampTz
decode_time(JsonReader *reader)
{
	double		seconds;

	expect_kind(reader, JSON_KIND_NUMBER, "%s cannot be converted to Date", "java.util.Date");
	seconds = strtod(bytes_to_cstring(json_read_number(reader)), NULL) -
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (double) SECS_PER_DAY;
	if (!FLOAT8_FITS_IN_INT64(seconds * USECS_PER_SEC))
		return seconds < 0 ? DT_NOBEGIN : DT_NOEND;
	return (TimestampTz) rint(seconds * USECS_PER_SEC);
}

/* A map of attribute values. */
static AttributeValue
decode_item(JsonReader *reader, const Member *member, RequestNotes *notes)
{
	expect_kind(reader, JSON_KIND_OBJECT, "Unexpected field type",
				"java.util.Map<java.lang.String, " CLASS_PREFIX "AttributeValue>");
	return decode_value(reader, member, notes);
}

static AttributeValue
read_value(JsonReader *reader, const Member *member)
{
	switch (member->type)
	{
		case MEMBER_ITEM:
		case MEMBER_ITEMS:
			return attribute_map_read_json(reader);
		case MEMBER_VALUES:
			return attribute_values_read_json(reader, member->name);
		default:
			return attribute_read_json(reader);
	}
}

/*
 * DynamoDB judges attribute values (numbers out of range, empty sets) only
 * after the constraints of the shape, so such an error is kept until then.
 * Catching it is safe because the reader of values does nothing but palloc.
 */
static AttributeValue
decode_value(JsonReader *reader, const Member *member, RequestNotes *notes)
{
	ErrorData **noted = member->type == MEMBER_VALUES ? &notes->bad_values : &notes->bad_item;
	const JsonReader start = *reader;
	MemoryContext context = CurrentMemoryContext;
	AttributeValue result;

	PG_TRY();
	{
		result = read_value(reader, member);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_VALIDATION)
			PG_RE_THROW();
		FlushErrorState();
		if (member->fault_prefix != NULL)
			error->message = psprintf("%s%s", member->fault_prefix, error->message);
		if (*noted == NULL)
			*noted = error;
		*reader = start;
		json_skip_value(reader);
		result = attribute_make_map(NULL, 0);
	}
	PG_END_TRY();
	return result;
}

static List *
decode_value_list(JsonReader *reader, const Member *member, RequestNotes *notes)
{
	List	   *list = NIL;

	expect_kind(reader, JSON_KIND_ARRAY, "Unexpected field type", "java.util.List");
	json_begin_array(reader);
	while (json_next_element(reader))
	{
		AttributeValue *value = palloc(sizeof(AttributeValue));

		*value = decode_value(reader, member, notes);
		list = lappend(list, value);
	}
	return list;
}

/* An element that is null becomes Bytes without data. */
static List *
decode_string_list(JsonReader *reader)
{
	List	   *list = NIL;

	expect_kind(reader, JSON_KIND_ARRAY, "Unexpected field type", "java.util.List");
	json_begin_array(reader);
	while (json_next_element(reader))
	{
		Bytes	   *string = palloc0(sizeof(Bytes));

		if (json_peek(reader) == JSON_KIND_NULL)
			json_read_null(reader);
		else
			*string = decode_string(reader);
		list = lappend(list, string);
	}
	return list;
}

/* A map of strings as an M of S. */
static AttributeValue
decode_names(JsonReader *reader)
{
	int			capacity = 8;
	int			n = 0;
	MapEntry   *entries = palloc(capacity * sizeof(MapEntry));
	Bytes		name;

	expect_kind(reader, JSON_KIND_OBJECT, "Unexpected field type",
				"java.util.Map<java.lang.String, java.lang.String>");
	json_begin_object(reader);
	while (json_next_member(reader, &name))
	{
		if (n == capacity)
			entries = repalloc(entries, (capacity *= 2) * sizeof(MapEntry));
		if (json_peek(reader) == JSON_KIND_NULL)
			validation_error("ExpressionAttributeNames contains invalid value: "
							 "null for key %.*s", name.len, name.data);
		entries[n].name = name;
		entries[n].value = attribute_make_string(decode_string(reader));
		n++;
	}
	return names_from_entries(entries, n);
}

AttributeValue
names_from_entries(MapEntry *entries, int n)
{
	qsort(entries, n, sizeof(MapEntry), compare_entries);
	for (int i = 1; i < n; i++)
		if (bytes_equal(entries[i - 1].name, entries[i].name))
			serialization_error("Duplicate member in the request: %.*s",
								entries[i].name.len, entries[i].name.data);
	return attribute_make_map(entries, n);
}

static int
compare_entries(const void *a, const void *b)
{
	return bytes_compare(((const MapEntry *) a)->name, ((const MapEntry *) b)->name);
}

/*
 * Raises SerializationException unless the next value is of this kind.  Where
 * a scalar stands, with `scalar_message`, in which %s is the kind of the
 * scalar; an array names the class that it cannot become.
 */
static void
expect_kind(JsonReader *reader, JsonKind kind, const char *scalar_message,
			const char *class_name)
{
	JsonKind	found = json_peek(reader);

	if (found == kind)
		return;
	switch (found)
	{
		case JSON_KIND_OBJECT:
			serialization_error("Start of structure or map found where not expected");
			break;
		case JSON_KIND_ARRAY:
			serialization_error("Unrecognized collection type %s%s%s",
								strchr(class_name, '<') ? "" : "class ",
								strchr(class_name, '.') ? "" : CLASS_PREFIX,
								class_name);
			break;
		default:
			serialization_error(scalar_message, scalar_label(reader));
	}
}

/* As json_kind_label(), but DynamoDB tells fractions from integers. */
static const char *
scalar_label(JsonReader *reader)
{
	JsonKind	kind = json_peek(reader);

	if (kind == JSON_KIND_NUMBER)
	{
		Bytes		number = json_read_number(reader);

		if (memchr(number.data, '.', number.len) || memchr(number.data, 'e', number.len) ||
			memchr(number.data, 'E', number.len))
			return "DECIMAL_VALUE";
	}
	return json_kind_label(kind);
}
