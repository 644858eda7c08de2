/*
 * item_casts.c
 *		Items and values as plain JSON, text, numeric, boolean and bytea.
 *
 * Plain JSON has no types of its own for binaries and sets: a B becomes its
 * base64 text and a set an array, so the way back gives S and L.  NULL becomes
 * JSON null, and SQL NULL where a scalar is asked for.
 *
 * Neither jsonb nor text can hold U+0000; a string that has one raises
 * untranslatable_character here, though items keep it.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "common/errors.h"
#include "value/encoding.h"

static void push_value(JsonbParseState **state, JsonbIteratorToken token,
					   AttributeValue value);
static AttributeValue value_from_jsonb(JsonbValue *json, int level);

/* ---- to plain JSON ---- */

static Bytes
without_nul(Bytes string)
{
	if (string.len > 0 && memchr(string.data, '\0', string.len) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("a string with the character U+0000 can be neither text nor jsonb"),
				 errhint("The text form of the whole item or value shows it as \\u0000.")));
	return string;
}

static JsonbValue
jsonb_string(Bytes string)
{
	return (JsonbValue)
	{
		.type = jbvString,.val.string = {.len = string.len,.val = (char *) string.data}
	};
}

/* A scalar of type S, N or B, given by its payload. */
static JsonbValue
jsonb_scalar(AttributeType type, Bytes payload)
{
	StringInfoData base64;

	if (type == ATTRIBUTE_S)
		return jsonb_string(without_nul(payload));
	if (type == ATTRIBUTE_N)
		return (JsonbValue)
	{
		.type = jbvNumeric,.val.numeric = number_from_payload(payload)
	};
	initStringInfo(&base64);
	base64_append(&base64, payload);
	return jsonb_string((Bytes) {base64.data, base64.len});
}

static JsonbValue *
push_container(JsonbParseState **state, AttributeValue value)
{
	AttributeType type = attribute_type(value);
	bool		is_map = type == ATTRIBUTE_M;
	Container	c = container_open(value);

	pushJsonbValue(state, is_map ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < c.count; i++)
	{
		AttributeValue member = container_value(&c, i);

		if (is_map)
		{
			JsonbValue	name = jsonb_string(without_nul(container_name(&c, i)));

			pushJsonbValue(state, WJB_KEY, &name);
			push_value(state, WJB_VALUE, member);
		}
		else if (type == ATTRIBUTE_L)
			push_value(state, WJB_ELEM, member);
		else
		{
			JsonbValue	scalar = jsonb_scalar(set_element_type(type),
											  (Bytes) {member.data, member.len});

			pushJsonbValue(state, WJB_ELEM, &scalar);
		}
	}
	return pushJsonbValue(state, is_map ? WJB_END_OBJECT : WJB_END_ARRAY, NULL);
}

/* True for types that plain JSON holds as scalars. */
static bool
scalar_from_value(AttributeValue value, JsonbValue *scalar)
{
	switch (attribute_type(value))
	{
		case ATTRIBUTE_S:
		case ATTRIBUTE_N:
		case ATTRIBUTE_B:
			*scalar = jsonb_scalar(attribute_type(value), attribute_bytes(value));
			return true;
		case ATTRIBUTE_BOOL:
			*scalar = (JsonbValue) {.type = jbvBool,.val.boolean = attribute_bool(value)};
			return true;
		case ATTRIBUTE_NULL:
			*scalar = (JsonbValue) {.type = jbvNull};
			return true;
		default:
			return false;
	}
}

static void
push_value(JsonbParseState **state, JsonbIteratorToken token, AttributeValue value)
{
	JsonbValue	scalar;

	if (scalar_from_value(value, &scalar))
		pushJsonbValue(state, token, &scalar);
	else
		push_container(state, value);
}

static Jsonb *
attribute_to_jsonb(AttributeValue value)
{
	JsonbParseState *state = NULL;
	JsonbValue	scalar;

	if (scalar_from_value(value, &scalar))
		return JsonbValueToJsonb(&scalar);
	return JsonbValueToJsonb(push_container(&state, value));
}

/* dynamo.item or dynamo.attribute_value to jsonb. */
PG_FUNCTION_INFO_V1(dynamo_value_to_jsonb);
Datum
dynamo_value_to_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(attribute_to_jsonb(item_root(PG_GETARG_DYNAMO_ITEM(0))));
}

/* ---- from plain JSON ---- */

static AttributeValue
list_from_jsonb(JsonbIterator *it, int n, int level)
{
	AttributeValue *elements = palloc(sizeof(AttributeValue) * Max(n, 1));
	JsonbValue	element;

	for (int i = 0; i < n; i++)
	{
		(void) JsonbIteratorNext(&it, &element, true);
		elements[i] = value_from_jsonb(&element, level + 1);
	}
	return attribute_make_list(elements, n);
}

static AttributeValue
map_from_jsonb(JsonbIterator *it, int n, int level)
{
	MapEntry   *entries = palloc(sizeof(MapEntry) * Max(n, 1));
	JsonbValue	part;

	for (int i = 0; i < n; i++)
	{
		(void) JsonbIteratorNext(&it, &part, true);
		entries[i].name = (Bytes) {part.val.string.val, part.val.string.len};
		attribute_name_check(entries[i].name);
		(void) JsonbIteratorNext(&it, &part, true);
		entries[i].value = value_from_jsonb(&part, level + 1);
	}
	return attribute_make_map(entries, n);
}

static AttributeValue
container_from_jsonb(JsonbContainer *container, int level)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbValue	head;
	JsonbIteratorToken token = JsonbIteratorNext(&it, &head, false);

	if (level >= MAX_NESTING_DEPTH)
		nesting_too_deep();
	if (token == WJB_BEGIN_OBJECT)
		return map_from_jsonb(it, head.val.object.nPairs, level);
	return list_from_jsonb(it, head.val.array.nElems, level);
}

static AttributeValue
value_from_jsonb(JsonbValue *json, int level)
{
	switch (json->type)
	{
		case jbvNull:
			return attribute_make_null();
		case jbvString:
			return attribute_make_string((Bytes) {json->val.string.val, json->val.string.len});
		case jbvNumeric:
			return attribute_make_number(json->val.numeric);
		case jbvBool:
			return attribute_make_bool(json->val.boolean);
		case jbvBinary:
			return container_from_jsonb(json->val.binary.data, level);
		default:
			elog(ERROR, "unexpected jsonb value of type %d", json->type);
	}
}

/* jsonb to dynamo.attribute_value. */
PG_FUNCTION_INFO_V1(dynamo_attribute_value_from_jsonb);
Datum
dynamo_attribute_value_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = PG_GETARG_JSONB_P(0);
	JsonbValue	value;

	if (!JsonbExtractScalar(&json->root, &value))
	{
		value.type = jbvBinary;
		value.val.binary.data = &json->root;
		value.val.binary.len = VARSIZE(json) - VARHDRSZ;
	}
	PG_RETURN_POINTER(attribute_to_stored(value_from_jsonb(&value, 0)));
}

DynamoItem *
item_from_jsonb(Datum jsonb)
{
	Jsonb	   *json = DatumGetJsonbP(jsonb);

	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot cast a jsonb %s to an item",
						JB_ROOT_IS_SCALAR(json) ? "scalar" : "array"),
				 errdetail("An item is a JSON object whose members are its attributes.")));
	return item_from_root(container_from_jsonb(&json->root, 0));
}

/* jsonb to dynamo.item; raises unless it is an object. */
PG_FUNCTION_INFO_V1(dynamo_item_from_jsonb);
Datum
dynamo_item_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(item_from_jsonb(PG_GETARG_DATUM(0)));
}

/* ---- scalars ---- */

/*
 * Plain text: strings as they are, numbers without exponent, binaries in
 * base64, containers as plain JSON.  NULL (no text) for NULL.
 */
text *
attribute_to_text(AttributeValue value)
{
	Bytes		payload;
	StringInfoData out;

	switch (attribute_type(value))
	{
		case ATTRIBUTE_NULL:
			return NULL;
		case ATTRIBUTE_S:
			payload = without_nul(attribute_bytes(value));
			return cstring_to_text_with_len(payload.data, payload.len);
		case ATTRIBUTE_BOOL:
			return cstring_to_text(attribute_bool(value) ? "true" : "false");
		default:
			break;
	}
	initStringInfo(&out);
	if (attribute_type(value) == ATTRIBUTE_N)
		number_append(&out, value);
	else if (attribute_type(value) == ATTRIBUTE_B)
		base64_append(&out, attribute_bytes(value));
	else
		(void) JsonbToCString(&out, &attribute_to_jsonb(value)->root, -1);
	return cstring_to_text_with_len(out.data, out.len);
}

/*
 * The argument of a cast to a scalar type; false if it is NULL, which becomes
 * SQL's, and an error if it is of another type than the cast's.
 */
static bool
cast_argument(FunctionCallInfo fcinfo, AttributeType wanted, const char *target,
			  AttributeValue *value)
{
	AttributeType type;

	*value = item_root(PG_GETARG_DYNAMO_ITEM(0));
	type = attribute_type(*value);
	if (type == ATTRIBUTE_NULL)
		return false;
	if (type != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot cast an attribute value of type %s to %s",
						attribute_type_name(type), target),
				 errdetail("Only type %s can be cast to %s.",
						   attribute_type_name(wanted), target)));
	return true;
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_to_text);
Datum
dynamo_attribute_value_to_text(PG_FUNCTION_ARGS)
{
	text	   *plain = attribute_to_text(item_root(PG_GETARG_DYNAMO_ITEM(0)));

	if (plain == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(plain);
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_to_numeric);
Datum
dynamo_attribute_value_to_numeric(PG_FUNCTION_ARGS)
{
	AttributeValue value;

	if (!cast_argument(fcinfo, ATTRIBUTE_N, "numeric", &value))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(attribute_numeric(value));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_to_boolean);
Datum
dynamo_attribute_value_to_boolean(PG_FUNCTION_ARGS)
{
	AttributeValue value;

	if (!cast_argument(fcinfo, ATTRIBUTE_BOOL, "boolean", &value))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(attribute_bool(value));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_to_bytea);
Datum
dynamo_attribute_value_to_bytea(PG_FUNCTION_ARGS)
{
	AttributeValue value;
	Bytes		bytes;

	if (!cast_argument(fcinfo, ATTRIBUTE_B, "bytea", &value))
		PG_RETURN_NULL();
	bytes = attribute_bytes(value);
	PG_RETURN_BYTEA_P(cstring_to_text_with_len(bytes.data, bytes.len));
}
