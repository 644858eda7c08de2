/*
 * item_type.c
 *		The SQL types dynamo.item and dynamo.attribute_value: input and output,
 *		comparison, size and type.
 *
 * Both types have one stored form, so they share their comparison functions;
 * only what an input must be (a map of attributes, or one value) differs.
 *
 * The binary form is a version byte and the text form: receiving goes through
 * the one parser that checks everything, and clients need to know no encoding.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "common/errors.h"
#include "value/encoding.h"

#define BINARY_VERSION	1

/* ---- input and output ---- */

/*
 * The text form of an item or a value; raises SerializationException for what
 * is not the JSON of one, ValidationException for values DynamoDB refuses.
 */
DynamoItem *
item_parse(Bytes text)
{
	JsonReader	reader;
	AttributeValue root;

	json_reader_init(&reader, text.data, text.len);
	root = attribute_map_read_json(&reader);
	json_expect_end(&reader);
	return item_from_root(root);
}

DynamoItem *
attribute_parse(Bytes text)
{
	JsonReader	reader;
	AttributeValue value;

	json_reader_init(&reader, text.data, text.len);
	value = attribute_read_json(&reader);
	json_expect_end(&reader);
	return attribute_to_stored(value);
}

static void
item_print(StringInfo out, const DynamoItem *item)
{
	attribute_map_append_json(out, item_root(item));
}

static void
attribute_print(StringInfo out, const DynamoItem *item)
{
	attribute_append_json(out, item_root(item));
}

typedef DynamoItem *(*ParseFunction) (Bytes text);
typedef void (*PrintFunction) (StringInfo out, const DynamoItem *item);

static char *
output(FunctionCallInfo fcinfo, PrintFunction print)
{
	StringInfoData out;

	initStringInfo(&out);
	print(&out, PG_GETARG_DYNAMO_ITEM(0));
	return out.data;
}

static DynamoItem *
receive(FunctionCallInfo fcinfo, ParseFunction parse)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(message);
	char	   *text;
	int			len;

	if (version != BINARY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version %d of the binary form of an item", version)));
	text = pq_getmsgtext(message, message->len - message->cursor, &len);
	return parse((Bytes) {text, len});
}

static bytea *
send(FunctionCallInfo fcinfo, PrintFunction print)
{
	StringInfoData text;
	StringInfoData message;

	initStringInfo(&text);
	print(&text, PG_GETARG_DYNAMO_ITEM(0));
	pq_begintypsend(&message);
	pq_sendint8(&message, BINARY_VERSION);
	pq_sendtext(&message, text.data, text.len);
	return pq_endtypsend(&message);
}

PG_FUNCTION_INFO_V1(dynamo_item_in);
Datum
dynamo_item_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(item_parse(bytes_from_cstring(PG_GETARG_CSTRING(0))));
}

PG_FUNCTION_INFO_V1(dynamo_item_out);
Datum
dynamo_item_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(output(fcinfo, item_print));
}

PG_FUNCTION_INFO_V1(dynamo_item_recv);
Datum
dynamo_item_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(receive(fcinfo, item_parse));
}

PG_FUNCTION_INFO_V1(dynamo_item_send);
Datum
dynamo_item_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(send(fcinfo, item_print));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_in);
Datum
dynamo_attribute_value_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(attribute_parse(bytes_from_cstring(PG_GETARG_CSTRING(0))));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_out);
Datum
dynamo_attribute_value_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(output(fcinfo, attribute_print));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_recv);
Datum
dynamo_attribute_value_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(receive(fcinfo, attribute_parse));
}

PG_FUNCTION_INFO_V1(dynamo_attribute_value_send);
Datum
dynamo_attribute_value_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(send(fcinfo, attribute_print));
}

/* ---- size and type ---- */

/* dynamo.item_size(item): reads the header alone, also of a TOASTed item. */
PG_FUNCTION_INFO_V1(dynamo_item_size);
Datum
dynamo_item_size(PG_FUNCTION_ARGS)
{
	DynamoItem *header = PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0, STORED_HEADER_SIZE);

	PG_RETURN_INT32(item_size(header));
}

/* dynamo.attribute_type(attribute_value): "S", "N", ... */
PG_FUNCTION_INFO_V1(dynamo_attribute_type);
Datum
dynamo_attribute_type(PG_FUNCTION_ARGS)
{
	AttributeValue value = item_root(PG_GETARG_DYNAMO_ITEM(0));

	PG_RETURN_TEXT_P(cstring_to_text(attribute_type_name(attribute_type(value))));
}

/* ---- comparison ---- */

/* Values of different length differ, whatever they are: no detoasting then. */
static bool
stored_equal(FunctionCallInfo fcinfo)
{
	DynamoItem *a;
	DynamoItem *b;
	bool		equal;

	if (toast_raw_datum_size(PG_GETARG_DATUM(0)) != toast_raw_datum_size(PG_GETARG_DATUM(1)))
		return false;
	a = PG_GETARG_DYNAMO_ITEM(0);
	b = PG_GETARG_DYNAMO_ITEM(1);
	equal = attribute_equal(item_root(a), item_root(b));
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return equal;
}

static int
stored_order(FunctionCallInfo fcinfo)
{
	DynamoItem *a = PG_GETARG_DYNAMO_ITEM(0);
	DynamoItem *b = PG_GETARG_DYNAMO_ITEM(1);
	int			order = attribute_order(item_root(a), item_root(b));

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

PG_FUNCTION_INFO_V1(dynamo_value_eq);
Datum
dynamo_value_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(stored_equal(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_ne);
Datum
dynamo_value_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!stored_equal(fcinfo));
}

PG_FUNCTION_INFO_V1(dynamo_value_lt);
Datum
dynamo_value_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(stored_order(fcinfo) < 0);
}

PG_FUNCTION_INFO_V1(dynamo_value_le);
Datum
dynamo_value_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(stored_order(fcinfo) <= 0);
}

PG_FUNCTION_INFO_V1(dynamo_value_gt);
Datum
dynamo_value_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(stored_order(fcinfo) > 0);
}

PG_FUNCTION_INFO_V1(dynamo_value_ge);
Datum
dynamo_value_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(stored_order(fcinfo) >= 0);
}

PG_FUNCTION_INFO_V1(dynamo_value_cmp);
Datum
dynamo_value_cmp(PG_FUNCTION_ARGS)
{
	int			order = stored_order(fcinfo);

	PG_RETURN_INT32(order < 0 ? -1 : order > 0 ? 1 : 0);
}

PG_FUNCTION_INFO_V1(dynamo_value_hash);
Datum
dynamo_value_hash(PG_FUNCTION_ARGS)
{
	DynamoItem *item = PG_GETARG_DYNAMO_ITEM(0);
	AttributeValue root = item_root(item);
	uint32		hash = hash_bytes((const unsigned char *) root.data, root.len);

	PG_FREE_IF_COPY(item, 0);
	PG_RETURN_UINT32(hash);
}

PG_FUNCTION_INFO_V1(dynamo_value_hash_extended);
Datum
dynamo_value_hash_extended(PG_FUNCTION_ARGS)
{
	DynamoItem *item = PG_GETARG_DYNAMO_ITEM(0);
	AttributeValue root = item_root(item);
	uint64		hash = hash_bytes_extended((const unsigned char *) root.data,
										   root.len, PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(item, 0);
	PG_RETURN_UINT64(hash);
}
