/*
 * number.c
 *		DynamoDB's numbers in PostgreSQL's clothes.
 *
 * A number's payload is what PostgreSQL stores of a numeric (its varlena
 * header left off), so that key columns and arithmetic take it as it is:
 *
 *		uint16	0x8000 | sign 0x2000 | display scale << 7 | weight (7 bits), or,
 *				where the scale exceeds 63, sign 0x4000 | display scale,
 *				and then int16 weight
 *		int16	digits, base 10000, the first worth 10000^weight
 *
 * That layout is private to numeric.c but fixed by on-disk compatibility since
 * PostgreSQL 9.1; value_numbers.sql compares what is written here with what the
 * server makes of the same literals.  Reading and writing it directly saves
 * a parse, two normalisations and several allocations per number.
 *
 * A payload is canonical: no zero digit at either end, the smallest display
 * scale, the short header wherever it fits, zero without digits and sign.  So
 * equal numbers have equal bytes.
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "common/errors.h"
#include "value/encoding.h"

#define HEADER_SHORT			0x8000
#define HEADER_SPECIAL			0xC000	/* NaN and infinities */
#define SHORT_NEGATIVE			0x2000
#define SHORT_SCALE_SHIFT		7
#define SHORT_SCALE_MAX			63
#define SHORT_WEIGHT_MASK		0x007F
#define SHORT_WEIGHT_SIGN		0x0040
#define LONG_NEGATIVE			0x4000
#define LONG_SCALE_MASK			0x3FFF

#define DIGITS_PER_GROUP		4	/* decimal digits of a base-10000 digit */

#define MAX_NUMBER_SIZE			21	/* by DynamoDB's size rule */

static const char message_overflow[] =
"Number overflow. Attempting to store a number with magnitude larger than supported range";
static const char message_underflow[] =
"Number underflow. Attempting to store a number with magnitude smaller than supported range";
static const char message_precision[] =
"Attempting to store more than 38 significant digits in a Number";
static const char message_empty[] =
"The parameter cannot be converted to a numeric value";

/* A payload taken apart. */
typedef struct NumberView
{
	bool		negative;
	int			weight;
	int			ndigits;		/* base-10000 digits; 0 is the number 0 */
	const char *digits;
} NumberView;

/* A decimal literal taken apart: +-d.ddd * 10^exponent, first digit not 0. */
typedef struct Decimal
{
	bool		negative;
	int			ndigits;		/* significant decimal digits; 0 is zero */
	int64		exponent;		/* of the first of them */
	char		digits[MAX_NUMBER_DIGITS];	/* values, not characters */
} Decimal;

static NumberView
number_view(Bytes payload)
{
	NumberView	view;
	uint16		header;

	memcpy(&header, payload.data, sizeof(header));
	if (header & HEADER_SHORT)
	{
		int			weight = header & SHORT_WEIGHT_MASK;

		view.negative = (header & SHORT_NEGATIVE) != 0;
		view.weight = weight & SHORT_WEIGHT_SIGN ? weight - 2 * SHORT_WEIGHT_SIGN : weight;
		view.digits = payload.data + sizeof(uint16);
	}
	else
	{
		int16		weight;

		memcpy(&weight, payload.data + sizeof(uint16), sizeof(weight));
		view.negative = (header & LONG_NEGATIVE) != 0;
		view.weight = weight;
		view.digits = payload.data + sizeof(uint16) + sizeof(int16);
	}
	view.ndigits = (payload.data + payload.len - view.digits) / sizeof(int16);
	return view;
}

static inline int
view_digit(const NumberView *view, int i)
{
	int16		digit;

	memcpy(&digit, view->digits + i * sizeof(digit), sizeof(digit));
	return digit;
}

Numeric
number_from_payload(Bytes payload)
{
	struct varlena *number = palloc(VARHDRSZ + payload.len);

	SET_VARSIZE(number, VARHDRSZ + payload.len);
	memcpy(VARDATA(number), payload.data, payload.len);
	return (Numeric) number;
}

Numeric
attribute_numeric(AttributeValue value)
{
	Assert(attribute_type(value) == ATTRIBUTE_N);
	return number_from_payload(attribute_bytes(value));
}

/* ---- parsing ---- */

/*
 * Reads the digits of a literal's mantissa.  Returns where they end, or NULL
 * if there is none; *scale is how many of them follow the decimal point,
 * *excess whether more than 38 are significant.
 */
static const char *
scan_mantissa(const char *p, const char *end, Decimal *decimal, int64 *scale,
			  bool *excess)
{
	const char *first = NULL;	/* first significant digit */
	const char *point = NULL;
	const char *start = p;
	int			zeros = 0;		/* since the last significant digit */
	int			point_passed;

	*excess = false;
	decimal->ndigits = 0;
	for (; p < end; p++)
	{
		int			digit = *p - '0';

		if (*p == '.' && point == NULL)
			point = p;
		else if (digit == 0)
			zeros++;
		else if (digit < 0 || digit > 9)
			break;
		else
		{
			if (first == NULL)
			{
				first = p;
				zeros = 0;
			}
			if (zeros >= MAX_NUMBER_DIGITS - decimal->ndigits)
				*excess = true;
			else
			{
				memset(decimal->digits + decimal->ndigits, 0, zeros);
				decimal->ndigits += zeros;
				decimal->digits[decimal->ndigits++] = digit;
			}
			zeros = 0;
		}
	}
	if (p - start == (point != NULL ? 1 : 0))
		return NULL;
	*scale = point != NULL ? p - point - 1 : 0;
	point_passed = point != NULL && first != NULL && first > point ? 1 : 0;
	decimal->exponent = first == NULL ? 0 :
		(point != NULL ? point : p) - first - 1 + point_passed;
	return p;
}

/*
 * Reads digits and sign after the "e".  False if they are not an int of Java,
 * whose BigDecimal is what DynamoDB parses with.
 */
static bool
scan_exponent(const char *p, const char *end, int64 *exponent)
{
	bool		negative = false;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	if (p == end)
		return false;
	*exponent = 0;
	for (; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		*exponent = *exponent * 10 + (*p - '0');
		if (*exponent > PG_INT32_MAX)
			return false;
	}
	if (negative)
		*exponent = -*exponent;
	return true;
}

/* Takes a literal apart; false if it is none. */
static bool
decimal_scan(Bytes text, Decimal *decimal, bool *excess)
{
	const char *p = text.data;
	const char *end = p + text.len;
	int64		scale;
	int64		exponent = 0;

	decimal->negative = false;
	if (p < end && (*p == '+' || *p == '-'))
		decimal->negative = *p++ == '-';
	p = scan_mantissa(p, end, decimal, &scale, excess);
	if (p == NULL)
		return false;
	if (p < end)
	{
		if ((*p != 'e' && *p != 'E') || !scan_exponent(p + 1, end, &exponent))
			return false;
		if (scale - exponent > PG_INT32_MAX || scale - exponent < PG_INT32_MIN)
			return false;
	}
	decimal->exponent += exponent;
	return true;
}

/* Writes the header; returns its length. */
static int
write_header(char *buf, bool negative, int weight, int scale)
{
	uint16		header;
	int16		long_weight = weight;

	/* a DynamoDB number's weight always fits the short header */
	if (scale <= SHORT_SCALE_MAX)
	{
		header = HEADER_SHORT | (negative ? SHORT_NEGATIVE : 0) |
			scale << SHORT_SCALE_SHIFT | (weight & SHORT_WEIGHT_MASK);
		memcpy(buf, &header, sizeof(header));
		return sizeof(header);
	}
	header = (negative ? LONG_NEGATIVE : 0) | scale;
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), &long_weight, sizeof(long_weight));
	return sizeof(header) + sizeof(long_weight);
}

/* The range and precision rule: NULL, or DynamoDB's message. */
static const char *
range_message(int64 exponent, bool excess)
{
	if (excess)
		return message_precision;
	if (exponent > MAX_NUMBER_EXPONENT)
		return message_overflow;
	if (exponent < MIN_NUMBER_EXPONENT)
		return message_underflow;
	return NULL;
}

/* Writes a decimal within the range as a payload; returns its length. */
static int
decimal_encode(const Decimal *decimal, char *buf)
{
	char		padded[MAX_NUMBER_DIGITS + 2 * DIGITS_PER_GROUP] = {0};
	int			exponent = decimal->exponent;
	int			weight;
	int			lead;			/* zeros before the first digit in its group */
	int			ngroups;
	char	   *dst = buf;

	if (decimal->ndigits == 0)
		return write_header(buf, false, 0, 0);
	weight = exponent >= 0 ? exponent / DIGITS_PER_GROUP :
		-((DIGITS_PER_GROUP - 1 - exponent) / DIGITS_PER_GROUP);
	lead = (weight + 1) * DIGITS_PER_GROUP - 1 - exponent;
	ngroups = (lead + decimal->ndigits + DIGITS_PER_GROUP - 1) / DIGITS_PER_GROUP;
	memcpy(padded + lead, decimal->digits, decimal->ndigits);
	dst += write_header(buf, decimal->negative, weight,
						Max(decimal->ndigits - 1 - exponent, 0));
	for (int i = 0; i < ngroups; i++)
	{
		const char *group = padded + i * DIGITS_PER_GROUP;
		int16		digit = ((group[0] * 10 + group[1]) * 10 + group[2]) * 10 + group[3];

		memcpy(dst, &digit, sizeof(digit));
		dst += sizeof(digit);
	}
	return dst - buf;
}

int
number_encode(Bytes text, char *buf, const char **message)
{
	Decimal		decimal;
	bool		excess;

	if (!decimal_scan(text, &decimal, &excess))
	{
		*message = text.len == 0 ? message_empty :
			psprintf("%s: %s", message_empty, bytes_to_cstring(text));
		return -1;
	}
	if (decimal.ndigits > 0)
	{
		*message = range_message(decimal.exponent, excess);
		if (*message != NULL)
			return -1;
	}
	return decimal_encode(&decimal, buf);
}

Numeric
number_parse(Bytes text)
{
	char		buf[MAX_ENCODED_NUMBER];
	const char *message;
	int			len = number_encode(text, buf, &message);

	if (len < 0)				/* and so NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
		validation_error("%s", message);
	return number_from_payload((Bytes) {buf, len});
}

/* ---- numerics from elsewhere ---- */

/* Decimal digits of a base-10000 digit that are zeros, at its front and end. */
static int
leading_zeros(int digit)
{
	return digit >= 1000 ? 0 : digit >= 100 ? 1 : digit >= 10 ? 2 : 3;
}

static int
trailing_zeros(int digit)
{
	return digit % 10 != 0 ? 0 : digit % 100 != 0 ? 1 : digit % 1000 != 0 ? 2 : 3;
}

/* The i-th decimal digit, counted from the first of the first group. */
static int
decimal_digit(const NumberView *view, int i)
{
	static const int divisors[DIGITS_PER_GROUP] = {1000, 100, 10, 1};

	return view_digit(view, i / DIGITS_PER_GROUP) / divisors[i % DIGITS_PER_GROUP] % 10;
}

/* Takes a finite numeric apart, however many digits it has. */
static void
decimal_from_view(NumberView view, Decimal *decimal, bool *excess)
{
	int			lead;
	int			ndigits;

	*excess = false;
	*decimal = (Decimal) {.negative = view.negative};
	if (view.ndigits == 0)
		return;
	lead = leading_zeros(view_digit(&view, 0));
	ndigits = view.ndigits * DIGITS_PER_GROUP - lead -
		trailing_zeros(view_digit(&view, view.ndigits - 1));
	decimal->exponent = view.weight * DIGITS_PER_GROUP + DIGITS_PER_GROUP - 1 - lead;
	*excess = ndigits > MAX_NUMBER_DIGITS;
	decimal->ndigits = Min(ndigits, MAX_NUMBER_DIGITS);
	for (int i = 0; i < decimal->ndigits; i++)
		decimal->digits[i] = decimal_digit(&view, lead + i);
}

bool
number_fits(Numeric number)
{
	Bytes		payload = {VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number)};
	Decimal		decimal;
	bool		excess;
	uint16		header;

	memcpy(&header, payload.data, sizeof(header));
	if ((header & HEADER_SPECIAL) == HEADER_SPECIAL)
		return false;
	decimal_from_view(number_view(payload), &decimal, &excess);
	return decimal.ndigits == 0 || range_message(decimal.exponent, excess) == NULL;
}

Numeric
number_check(Numeric number)
{
	Bytes		payload = {VARDATA_ANY(number), VARSIZE_ANY_EXHDR(number)};
	char		buf[MAX_ENCODED_NUMBER];
	Decimal		decimal;
	bool		excess;
	uint16		header;

	memcpy(&header, payload.data, sizeof(header));
	if ((header & HEADER_SPECIAL) == HEADER_SPECIAL)
		validation_error("%s: %s", message_empty,
						 DatumGetCString(DirectFunctionCall1(numeric_out,
															 NumericGetDatum(number))));
	decimal_from_view(number_view(payload), &decimal, &excess);
	if (decimal.ndigits > 0)
	{
		const char *message = range_message(decimal.exponent, excess);

		if (message != NULL)
			validation_error("%s", message);
	}
	/* cppcheck-suppress legacyUninitvar -- decimal_encode() fills the buffer */
	return number_from_payload((Bytes) {buf, decimal_encode(&decimal, buf)});
}

/* ---- arithmetic ---- */

Numeric
number_add(Numeric a, Numeric b)
{
	return number_check(DatumGetNumeric(DirectFunctionCall2(numeric_add,
															NumericGetDatum(a),
															NumericGetDatum(b))));
}

Numeric
number_subtract(Numeric a, Numeric b)
{
	return number_check(DatumGetNumeric(DirectFunctionCall2(numeric_sub,
															NumericGetDatum(a),
															NumericGetDatum(b))));
}

/* ---- comparison ---- */

/* Order of two magnitudes. */
static int
magnitude_compare(const NumberView *a, const NumberView *b)
{
	int			common = Min(a->ndigits, b->ndigits);

	if (a->ndigits == 0 || b->ndigits == 0)
		return a->ndigits - b->ndigits;
	if (a->weight != b->weight)
		return a->weight - b->weight;
	for (int i = 0; i < common; i++)
	{
		int			difference = view_digit(a, i) - view_digit(b, i);

		if (difference != 0)
			return difference;
	}
	return a->ndigits - b->ndigits;
}

int
number_payload_compare(Bytes a, Bytes b)
{
	NumberView	va = number_view(a);
	NumberView	vb = number_view(b);

	if (va.negative != vb.negative)
		return va.negative ? -1 : 1;
	return va.negative ? magnitude_compare(&vb, &va) : magnitude_compare(&va, &vb);
}

/* ---- size and text ---- */

/*
 * One byte per base-100 digit (pairs counted from the decimal point, zero
 * pairs at either end left out), one for the exponent, one for a minus sign.
 */
int
number_payload_size(Bytes payload)
{
	NumberView	view = number_view(payload);
	int			pairs;

	if (view.ndigits == 0)
		return 1;
	pairs = 2 * view.ndigits;
	if (view_digit(&view, 0) < 100)
		pairs--;
	if (view_digit(&view, view.ndigits - 1) % 100 == 0)
		pairs--;
	return Min(pairs + 1 + (view.negative ? 1 : 0), MAX_NUMBER_SIZE);
}

void
number_append(StringInfo out, AttributeValue number)
{
	number_payload_append(out, attribute_bytes(number));
}

/* Writes the four decimal digits of a group. */
static char *
write_group(char *dst, int digit)
{
	dst[0] = '0' + digit / 1000;
	dst[1] = '0' + digit / 100 % 10;
	dst[2] = '0' + digit / 10 % 10;
	dst[3] = '0' + digit % 10;
	return dst + DIGITS_PER_GROUP;
}

/* The same without leading zeros, but with one digit at least. */
static char *
write_leading_group(char *dst, int digit)
{
	char		group[DIGITS_PER_GROUP];
	int			zeros = leading_zeros(digit);

	write_group(group, digit);
	memcpy(dst, group + zeros, DIGITS_PER_GROUP - zeros);
	return dst + DIGITS_PER_GROUP - zeros;
}

/* The group worth 10000^weight; 0 outside of the number's digits. */
static int
group_at(const NumberView *view, int weight)
{
	int			i = view->weight - weight;

	return i < 0 || i >= view->ndigits ? 0 : view_digit(view, i);
}

void
number_payload_append(StringInfo out, Bytes payload)
{
	NumberView	view = number_view(payload);
	int			weight = Max(view.weight, 0);
	int			last_weight = Min(view.weight - view.ndigits + 1, 0);
	char	   *dst;

	enlargeStringInfo(out, (weight + 1 - last_weight) * DIGITS_PER_GROUP + 2);
	dst = out->data + out->len;
	if (view.negative)
		*dst++ = '-';
	dst = write_leading_group(dst, group_at(&view, weight));
	while (--weight >= 0)
		dst = write_group(dst, group_at(&view, weight));
	if (view.ndigits > 0 && last_weight < 0)
	{
		*dst++ = '.';
		for (; weight >= last_weight; weight--)
			dst = write_group(dst, group_at(&view, weight));
		dst -= trailing_zeros(view_digit(&view, view.ndigits - 1));
	}
	*dst = '\0';
	out->len = dst - out->data;
}
