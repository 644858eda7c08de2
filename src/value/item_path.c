/*
 * item_path.c
 *		The operators ->, ->>, #> and #>> of items and attribute values.
 *
 * They follow jsonb's rules: a name selects in a map, a number in a list
 * (negative from its end), anything missing is NULL.  -> and #> give an
 * attribute value, ->> and #>> its plain text.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "value/encoding.h"

static Bytes
text_bytes(const text *t)
{
	return (Bytes) {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
}

/* The attribute of that name, if the value is a map that has one. */
static AttributeValue
member(AttributeValue value, Bytes name)
{
	if (attribute_type(value) != ATTRIBUTE_M)
		return NO_ATTRIBUTE_VALUE;
	return map_get(value, name);
}

/* The element of that index, if the value is a list that has one. */
static AttributeValue
element(AttributeValue value, int64 index)
{
	int			count;

	if (attribute_type(value) != ATTRIBUTE_L)
		return NO_ATTRIBUTE_VALUE;
	count = attribute_count(value);
	if (index < 0)
		index += count;
	return index >= 0 && index < count ? list_get(value, index) : NO_ATTRIBUTE_VALUE;
}

/* Reads a whole number of an int's range; false if the text is none. */
static bool
parse_index(Bytes text, int64 *index)
{
	char	   *string = bytes_to_cstring(text);
	char	   *end;
	long		value;

	errno = 0;
	value = strtol(string, &end, 10);
	if (end == string || *end != '\0' || errno != 0 ||
		value < PG_INT32_MIN || value > PG_INT32_MAX)
		return false;
	*index = value;
	return true;
}

static AttributeValue
follow_path(AttributeValue value, ArrayType *path)
{
	Datum	   *steps;
	bool	   *nulls;
	int			n;

	deconstruct_array(path, TEXTOID, -1, false, TYPALIGN_INT, &steps, &nulls, &n);
	for (int i = 0; i < n && attribute_exists(value); i++)
	{
		Bytes		step;
		int64		index;

		if (nulls[i])
			return NO_ATTRIBUTE_VALUE;
		step = text_bytes(DatumGetTextPP(steps[i]));
		if (attribute_type(value) == ATTRIBUTE_L)
			value = parse_index(step, &index) ? element(value, index) : NO_ATTRIBUTE_VALUE;
		else
			value = member(value, step);
	}
	return value;
}

/* ---- the operators ---- */

static Datum
return_value(FunctionCallInfo fcinfo, AttributeValue value)
{
	if (!attribute_exists(value))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(attribute_to_stored(value));
}

static Datum
return_text(FunctionCallInfo fcinfo, AttributeValue value)
{
	text	   *plain = attribute_exists(value) ? attribute_to_text(value) : NULL;

	if (plain == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(plain);
}

static AttributeValue
argument_member(FunctionCallInfo fcinfo)
{
	return member(item_root(PG_GETARG_DYNAMO_ITEM(0)), text_bytes(PG_GETARG_TEXT_PP(1)));
}

static AttributeValue
argument_element(FunctionCallInfo fcinfo)
{
	return element(item_root(PG_GETARG_DYNAMO_ITEM(0)), PG_GETARG_INT32(1));
}

static AttributeValue
argument_path(FunctionCallInfo fcinfo)
{
	return follow_path(item_root(PG_GETARG_DYNAMO_ITEM(0)), PG_GETARG_ARRAYTYPE_P(1));
}

PG_FUNCTION_INFO_V1(dynamo_value_get);
Datum
dynamo_value_get(PG_FUNCTION_ARGS)
{
	return return_value(fcinfo, argument_member(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_get_text);
Datum
dynamo_value_get_text(PG_FUNCTION_ARGS)
{
	return return_text(fcinfo, argument_member(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_element);
Datum
dynamo_value_element(PG_FUNCTION_ARGS)
{
	return return_value(fcinfo, argument_element(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_element_text);
Datum
dynamo_value_element_text(PG_FUNCTION_ARGS)
{
	return return_text(fcinfo, argument_element(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_path);
Datum
dynamo_value_path(PG_FUNCTION_ARGS)
{
	return return_value(fcinfo, argument_path(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_path_text);
Datum
dynamo_value_path_text(PG_FUNCTION_ARGS)
{
	return return_text(fcinfo, argument_path(fcinfo));
}
