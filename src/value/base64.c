/*
 * base64.c
 *		Base64 as DynamoDB reads and writes binary values: RFC 4648 with
 *		padding, without white space, every unused bit zero.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "value/encoding.h"

static const char alphabet[] =
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define XX	0xFF				/* not in the alphabet */

/* Value of each character. */
static const uint8 sextets[256] = {
#define X16 XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX
	X16, X16,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX, XX, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
	XX, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, XX,
	XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
	X16, X16, X16, X16, X16, X16, X16, X16
#undef X16
};

static inline void
put_triple(char *dst, uint32 bits, int n)
{
	for (int i = 0; i < n; i++)
		dst[i] = (char) (bits >> (16 - 8 * i));
}

/* The message for the first character of text that may not stand there. */
static char *
bad_character_message(Bytes text)
{
	int			i = 0;

	while (i < text.len - 1 && sextets[(uint8) text.data[i]] != XX)
		i++;
	/* a character may take several bytes */
	return psprintf("Invalid base 64 character: '%.*s'",
					IS_HIGHBIT_SET(text.data[i]) ? text.len - i : 1, text.data + i);
}

/* The last four characters, of which the last `padding` are "=". */
static int
decode_last(const char *src, int padding, char *dst)
{
	uint32		bits = 0;

	for (int i = 0; i < 4 - padding; i++)
	{
		uint8		sextet = sextets[(uint8) src[i]];

		if (sextet == XX)
			return -1;
		bits |= (uint32) sextet << (18 - 6 * i);
	}
	if ((bits & ((1U << (8 * padding)) - 1)) != 0)
		return -2;
	put_triple(dst, bits, 3 - padding);
	return 3 - padding;
}

/*
 * dst must have room for three bytes per four characters.  The messages are
 * those of the decoder that DynamoDB uses.
 */
int
base64_decode(Bytes text, char *dst, char **message)
{
	const char *src = text.data;
	const char *last = text.data + text.len - 4;
	char	   *begin = dst;
	int			padding;
	int			tail;

	*message = NULL;			/* (compilers that see the callers want it set) */
	if (text.len % 4 != 0)
	{
		*message = psprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d",
							text.len);
		return -1;
	}
	if (text.len == 0)
		return 0;
	for (; src < last; src += 4, dst += 3)
	{
		uint8		a = sextets[(uint8) src[0]];
		uint8		b = sextets[(uint8) src[1]];
		uint8		c = sextets[(uint8) src[2]];
		uint8		d = sextets[(uint8) src[3]];

		if ((a | b | c | d) == XX)
		{
			*message = bad_character_message(text);
			return -1;
		}
		put_triple(dst, (uint32) a << 18 | b << 12 | c << 6 | d, 3);
	}
	padding = src[3] != '=' ? 0 : src[2] != '=' ? 1 : 2;
	tail = decode_last(src, padding, dst);
	if (tail < 0)
	{
		*message = tail == -1 ? bad_character_message(text) :
			pstrdup("Invalid last non-padding base64 character detected");
		return -1;
	}
	return dst + tail - begin;
}

void
base64_append(StringInfo out, Bytes bytes)
{
	const uint8 *src = (const uint8 *) bytes.data;
	int			left = bytes.len;
	char	   *dst;

	if (bytes.len > MaxAllocSize / 4 * 3 - 8)
		item_too_large();
	enlargeStringInfo(out, (left + 2) / 3 * 4);
	dst = out->data + out->len;
	for (; left > 0; left -= 3, src += 3, dst += 4)
	{
		uint32		bits = (uint32) src[0] << 16 |
			(left > 1 ? (uint32) src[1] << 8 : 0) | (left > 2 ? src[2] : 0);

		dst[0] = alphabet[bits >> 18];
		dst[1] = alphabet[bits >> 12 & 63];
		dst[2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		dst[3] = left > 2 ? alphabet[bits & 63] : '=';
	}
	*dst = '\0';
	out->len = dst - out->data;
}
