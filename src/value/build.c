/*
 * build.c
 *		Construction of encoded values.
 *
 * A container is planned first (its entries in order, the width of its
 * integers, its size) and then written in one pass, so that the reader of
 * JSON and the constructors below share one encoder.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/errors.h"
#include "value/encoding.h"

/* ---- scalars ---- */

static AttributeValue
make_value(AttributeType type, Bytes payload)
{
	char	   *data = palloc(1 + payload.len);

	data[0] = type;
	if (payload.len > 0)
		memcpy(data + 1, payload.data, payload.len);
	return (AttributeValue) {data, 1 + payload.len};
}

AttributeValue
attribute_make_string(Bytes bytes)
{
	return make_value(ATTRIBUTE_S, bytes);
}

AttributeValue
attribute_make_binary(Bytes bytes)
{
	return make_value(ATTRIBUTE_B, bytes);
}

AttributeValue
attribute_make_number(Numeric number)
{
	Numeric		checked = number_check(number);

	return make_value(ATTRIBUTE_N, (Bytes) {VARDATA_ANY(checked), VARSIZE_ANY_EXHDR(checked)});
}

AttributeValue
attribute_make_bool(bool value)
{
	static const char encoded[] = {ATTRIBUTE_BOOL, ATTRIBUTE_BOOL | TAG_TRUE};

	return (AttributeValue) {&encoded[value ? 1 : 0], 1};
}

AttributeValue
attribute_make_null(void)
{
	static const char encoded = ATTRIBUTE_NULL;

	return (AttributeValue) {&encoded, 1};
}

/* ---- containers ---- */

static AttributeValue
make_container(AttributeType type, const MapEntry *entries, int n)
{
	ContainerPlan plan = container_plan(type, entries, n);
	char	   *data = palloc(plan.size);

	container_write(data, plan, entries);
	return (AttributeValue) {data, plan.size};
}

AttributeValue
attribute_make_map(MapEntry *entries, int n)
{
	Bytes		repeated = map_entries_sort(entries, n);

	if (repeated.data != NULL)
		elog(ERROR, "attribute \"%s\" occurs twice in a map",
			 bytes_to_cstring(repeated));
	return attribute_make_sorted_map(entries, n);
}

AttributeValue
attribute_make_sorted_map(const MapEntry *entries, int n)
{
	return make_container(ATTRIBUTE_M, entries, n);
}

/* Values as entries without names. */
static MapEntry *
entries_of_values(const AttributeValue *values, int n)
{
	MapEntry   *entries = palloc(sizeof(MapEntry) * Max(n, 1));

	for (int i = 0; i < n; i++)
		entries[i] = (MapEntry) {.value = values[i]};
	return entries;
}

AttributeValue
attribute_make_list(const AttributeValue *elements, int n)
{
	MapEntry   *entries = entries_of_values(elements, n);
	AttributeValue list = make_container(ATTRIBUTE_L, entries, n);

	pfree(entries);
	return list;
}

AttributeValue
attribute_make_set(AttributeType set_type, AttributeValue *elements, int n)
{
	MapEntry   *entries = entries_of_values(elements, n);
	AttributeValue set;

	Assert(n > 0);
	if (set_entries_sort(entries, n))
	{
		int			kept = 1;

		for (int i = 1; i < n; i++)
			if (!attribute_equal(entries[i].value, entries[kept - 1].value))
				entries[kept++] = entries[i];
		n = kept;
	}
	set = make_container(set_type, entries, n);
	pfree(entries);
	return set;
}

/* ---- order ---- */

#define ST_SORT sort_by_name
#define ST_ELEMENT_TYPE MapEntry
#define ST_COMPARE(a, b) bytes_compare((a)->name, (b)->name)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_by_value
#define ST_ELEMENT_TYPE MapEntry
#define ST_COMPARE(a, b) attribute_compare((a)->value, (b)->value)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

Bytes
map_entries_sort(MapEntry *entries, int n)
{
	sort_by_name(entries, n);
	for (int i = 1; i < n; i++)
		if (bytes_equal(entries[i - 1].name, entries[i].name))
			return entries[i].name;
	return (Bytes) {NULL, 0};
}

bool
set_entries_sort(MapEntry *entries, int n)
{
	bool		repeats = false;

	sort_by_value(entries, n);
	for (int i = 1; i < n; i++)
		repeats |= attribute_equal(entries[i - 1].value, entries[i].value);
	return repeats;
}

/* ---- the encoder ---- */

/* What an entry's value contributes: an element of a set has no tag. */
static inline Bytes
entry_payload(AttributeType type, const MapEntry *entry)
{
	int			skip = type >= ATTRIBUTE_SS ? 1 : 0;

	return (Bytes) {entry->value.data + skip, entry->value.len - skip};
}

static int
width_for(int64 largest)
{
	return largest <= PG_UINT8_MAX ? 0 : largest <= PG_UINT16_MAX ? 1 : 2;
}

/* Raises ValidationException for what could never be stored. */
ContainerPlan
container_plan(AttributeType type, const MapEntry *entries, int n)
{
	bool		is_map = type == ATTRIBUTE_M;
	int64		names = 0;
	int64		values = 0;
	int64		size;
	int			width;

	for (int i = 0; i < n; i++)
	{
		if (is_map)
			names += entries[i].name.len;
		values += entry_payload(type, &entries[i]).len;
	}
	width = width_for(Max(n, Max(names, values)));
	size = 1 + width_bytes(width) * (1 + (int64) n * (is_map ? 2 : 1)) + names + values;
	if (size > STORED_SIZE_MASK)
		item_too_large();
	return (ContainerPlan) {type, n, width, (int) size};
}

static inline char *
write_uint(char *dst, uint32 value, int width)
{
	if (width == 0)
		*dst = (char) value;
	else if (width == 1)
	{
		uint16		v = value;

		memcpy(dst, &v, sizeof(v));
	}
	else
		memcpy(dst, &value, sizeof(value));
	return dst + width_bytes(width);
}

void
container_write(char *dst, ContainerPlan plan, const MapEntry *entries)
{
	uint32		end = 0;

	*dst++ = plan.type | plan.width << TAG_WIDTH_SHIFT;
	dst = write_uint(dst, plan.count, plan.width);
	if (plan.type == ATTRIBUTE_M)
		for (int i = 0; i < plan.count; i++)
			dst = write_uint(dst, end += entries[i].name.len, plan.width);
	end = 0;
	for (int i = 0; i < plan.count; i++)
		dst = write_uint(dst, end += entry_payload(plan.type, &entries[i]).len, plan.width);
	if (plan.type == ATTRIBUTE_M)
		for (int i = 0; i < plan.count; i++)
		{
			/* maps have names: NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
			memcpy(dst, entries[i].name.data, entries[i].name.len);
			dst += entries[i].name.len;
		}
	for (int i = 0; i < plan.count; i++)
	{
		Bytes		payload = entry_payload(plan.type, &entries[i]);

		memcpy(dst, payload.data, payload.len);
		dst += payload.len;
	}
}
