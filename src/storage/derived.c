/*
 * derived.c
 *		Derived columns: what an item says of them.
 *
 * One attribute has one column, whatever number of indexes use it:
 *
 *		HASH, RANGE		a part of the primary key, in its native type (keys.c)
 *		INDEX			the same for keys of secondary indexes; NULL where the
 *						item has no value that a key can be, so that it is in
 *						none of the indexes over this column
 *		TTL				bigint: seconds since 1970, rounded down; NULL where the
 *						attribute is no Number, or out of range
 *
 * The value depends on nothing but the item, so that it is the same wherever and
 * however the row arrives.  What the API refuses (an index key of another type)
 * may come by SQL or replication, or have been there before the index: then the
 * column is NULL.
 *
 * Nothing here needs a lock.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "storage/storage_internal.h"

#define TTL_COLUMN "_ttl"

static const char *const role_names[] = {
	[DERIVED_HASH] = "HASH",
	[DERIVED_RANGE] = "RANGE",
	[DERIVED_INDEX] = "INDEX",
	[DERIVED_TTL] = "TTL",
};

static bool ttl_seconds(AttributeValue value, int64 *seconds);
static int compare_numeric(Numeric number, int64 limit);

const char *
derived_role_name(DerivedRole role)
{
	return role_names[role];
}

bool
derived_role_by_name(const char *name, DerivedRole *role)
{
	for (int i = 0; i < lengthof(role_names); i++)
	{
		if (strcmp(name, role_names[i]) != 0)
			continue;
		*role = i;
		return true;
	}
	return false;
}

Oid
derived_column_type(AttributeType type, DerivedRole role)
{
	return role == DERIVED_TTL ? INT8OID : key_column_type(type);
}

Oid
derived_column_collation(AttributeType type, DerivedRole role)
{
	return role == DERIVED_TTL ? InvalidOid : key_column_collation(type);
}

void
derived_column_name(Bytes attribute, DerivedRole role, NameData *result)
{
	if (role == DERIVED_TTL)
		namestrcpy(result, TTL_COLUMN);
	else
		column_name(attribute, result);
}

bool
derived_datum(const DerivedColumn *derived, AttributeValue item, Datum *datum)
{
	return derived_value_datum(derived, map_get(item, derived->attribute), datum);
}

bool
derived_datum_matches(const DerivedColumn *derived, AttributeValue item,
					  Datum datum, bool isnull)
{
	return derived_value_matches(derived, map_get(item, derived->attribute), datum, isnull);
}

bool
derived_value_datum(const DerivedColumn *derived, AttributeValue value, Datum *datum)
{
	int64		seconds;

	switch (derived->role)
	{
		case DERIVED_HASH:
		case DERIVED_RANGE:
			*datum = key_datum(value);
			return true;
		case DERIVED_INDEX:
			if (!can_be_index_key(derived->type, value))
				return false;
			*datum = key_datum(value);
			return true;
		case DERIVED_TTL:
			if (!ttl_seconds(value, &seconds))
				return false;
			*datum = Int64GetDatum(seconds);
			return true;
	}
	return false;
}

bool
derived_value_matches(const DerivedColumn *derived, AttributeValue value,
					  Datum datum, bool isnull)
{
	int64		seconds;

	switch (derived->role)
	{
		case DERIVED_HASH:
		case DERIVED_RANGE:
			return !isnull && key_datum_equal(datum, value);
		case DERIVED_INDEX:
			if (!can_be_index_key(derived->type, value))
				return isnull;
			return !isnull && key_datum_equal(datum, value);
		case DERIVED_TTL:
			if (!ttl_seconds(value, &seconds))
				return isnull;
			return !isnull && DatumGetInt64(datum) == seconds;
	}
	return false;
}

/*
 * A value that the key of some index can be; what only one of the indexes of a
 * column cannot hold (a sort key has less room) is for the API to refuse.
 */
bool
can_be_index_key(AttributeType type, AttributeValue value)
{
	Bytes		bytes;

	if (!attribute_exists(value) || attribute_type(value) != type)
		return false;
	if (type == ATTRIBUTE_N)
		return true;
	bytes = attribute_bytes(value);
	return bytes.len > 0 && bytes.len <= MAX_PARTITION_KEY_SIZE &&
		(type != ATTRIBUTE_S || memchr(bytes.data, '\0', bytes.len) == NULL);
}

/* False if the attribute is no Number, or none that a bigint holds. */
static bool
ttl_seconds(AttributeValue value, int64 *seconds)
{
	Numeric		number;
	Numeric		rounded;
	bool		fits;

	if (!attribute_exists(value) || attribute_type(value) != ATTRIBUTE_N)
		return false;
	number = attribute_numeric(value);
	rounded = DatumGetNumeric(DirectFunctionCall1(numeric_floor, NumericGetDatum(number)));
	fits = compare_numeric(rounded, PG_INT64_MIN) >= 0 && compare_numeric(rounded, PG_INT64_MAX) <= 0;
	if (fits)
		*seconds = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(rounded)));
	pfree(rounded);
	pfree(number);
	return fits;
}

static int
compare_numeric(Numeric number, int64 limit)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(number),
											 NumericGetDatum(int64_to_numeric(limit))));
}
