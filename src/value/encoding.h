/*
 * encoding.h
 *		The bytes of an encoded value, for the files of this layer alone.
 *
 * value.h draws the format.  Here are the pieces that know it: unsigned
 * integers of the three widths, the directory of a container, and the
 * encoder of containers.
 *
 * Integers are in the byte order of the machine, as everything that
 * PostgreSQL stores is; text and binary I/O do not show it.
 */
#ifndef DYNAMO_VALUE_ENCODING_H
#define DYNAMO_VALUE_ENCODING_H

#include "value/value.h"

#define TAG_WIDTH_SHIFT		4
#define TAG_WIDTH_MASK		0x30
#define TAG_TRUE			0x10

#define STORED_VERSION		1
#define STORED_VERSION_SHIFT 28
#define STORED_SIZE_MASK	((1U << STORED_VERSION_SHIFT) - 1)
#define STORED_HEADER_SIZE	((int) sizeof(uint32))

/* Longest payload of a number: long header and 11 base-10000 digits. */
#define MAX_ENCODED_NUMBER	(4 + 11 * 2)

/* ---- reading ---- */

/* Bytes per integer of width code 0, 1, 2. */
static inline int
width_bytes(int width)
{
	return 1 << width;
}

static inline uint32
read_uint(const char *p, int width)
{
	if (width == 0)
		return (uint8) *p;
	if (width == 1)
	{
		uint16		v;

		memcpy(&v, p, sizeof(v));
		return v;
	}
	else
	{
		uint32		v;

		memcpy(&v, p, sizeof(v));
		return v;
	}
}

/* A container with its directory found; names only in an M. */
typedef struct Container
{
	int			count;
	int			width;
	const char *name_ends;
	const char *value_ends;
	const char *names;
	const char *values;
} Container;

static inline Container
container_open(AttributeValue value)
{
	Container	c;
	bool		is_map = attribute_type(value) == ATTRIBUTE_M;
	int			bytes;
	int			ends_size;

	c.width = ((uint8) value.data[0] & TAG_WIDTH_MASK) >> TAG_WIDTH_SHIFT;
	bytes = width_bytes(c.width);
	c.count = read_uint(value.data + 1, c.width);
	ends_size = c.count * bytes;
	c.name_ends = value.data + 1 + bytes;
	c.value_ends = is_map ? c.name_ends + ends_size : c.name_ends;
	c.names = c.value_ends + ends_size;
	c.values = c.names;
	if (is_map && c.count > 0)
		c.values += read_uint(c.name_ends + (c.count - 1) * bytes, c.width);
	return c;
}

/* The i-th run of an area whose runs end where `ends` says. */
static inline Bytes
container_run(const Container *c, const char *ends, const char *area, int i)
{
	int			bytes = width_bytes(c->width);
	uint32		begin = i == 0 ? 0 : read_uint(ends + (i - 1) * bytes, c->width);
	uint32		end = read_uint(ends + i * bytes, c->width);

	return (Bytes) {area + begin, end - begin};
}

/* The same for one after the other from the first: *begin is 0 before it. */
static inline Bytes
container_next_run(const Container *c, const char *ends, const char *area, int i,
				   uint32 *begin)
{
	uint32		end = read_uint(ends + (i << c->width), c->width);
	Bytes		run = {area + *begin, end - *begin};

	*begin = end;
	return run;
}

static inline Bytes
container_name(const Container *c, int i)
{
	return container_run(c, c->name_ends, c->names, i);
}

static inline AttributeValue
container_value(const Container *c, int i)
{
	Bytes		run = container_run(c, c->value_ends, c->values, i);

	return (AttributeValue) {run.data, run.len};
}

/* ---- writing ---- */

/*
 * Encodes a map of entries sorted by name (names without repetition), or a
 * list or set of which only the entries' values matter; a set drops their tags.
 * The size comes first, so that the caller provides the room.
 */
typedef struct ContainerPlan
{
	AttributeType type;
	int			count;
	int			width;
	int			size;			/* of the whole encoded container */
} ContainerPlan;

extern ContainerPlan container_plan(AttributeType type, const MapEntry *entries,
									int n);
extern void container_write(char *dst, ContainerPlan plan,
							const MapEntry *entries);

/* Sorts by name; returns a name that occurs twice, or data = NULL. */
extern Bytes map_entries_sort(MapEntry *entries, int n);
/* Sorts values of one scalar type in its order; true if some are equal. */
extern bool set_entries_sort(MapEntry *entries, int n);

/* ---- numbers (number.c) ---- */

/*
 * Encodes a decimal literal as a payload into buf (MAX_ENCODED_NUMBER bytes).
 * Returns its length, or -1 and DynamoDB's message if there is no such number.
 */
extern int	number_encode(Bytes text, char *buf, const char **message);
extern Numeric number_from_payload(Bytes payload);	/* palloc'd */
extern int	number_payload_compare(Bytes a, Bytes b);
extern int	number_payload_size(Bytes payload);
extern void number_payload_append(StringInfo out, Bytes payload);

/* ---- limits ---- */

pg_noreturn extern void item_too_large(void);
pg_noreturn extern void nesting_too_deep(void);
/* Raises ValidationException for names that are empty or too long. */
extern void attribute_name_check(Bytes name);

/* ---- sizes (size.c) ---- */

/*
 * DynamoDB's size of an item (its names and values, nothing for the root) and
 * of a value.  Both raise ValidationException for what nests more than 32
 * levels deep (the item itself is one of them; a value may be a whole item).
 */
extern int64 item_size_checked(AttributeValue root);
extern int64 attribute_size_checked(AttributeValue value);

/* ---- the SQL types ---- */

/* Plain text of a value, as ->> gives it; NULL for a NULL. */
extern text *attribute_to_text(AttributeValue value);

/* ---- JSON ---- */

/* Decodes strict base64 into dst; returns the length, or -1 and a message. */
extern int	base64_decode(Bytes text, char *dst, char **message);
extern void base64_append(StringInfo out, Bytes bytes);

#endif							/* DYNAMO_VALUE_ENCODING_H */
