/*
 * json_scan.h
 *		The hot loop that JSON reader and writer share.
 */
#ifndef DYNAMO_VALUE_JSON_SCAN_H
#define DYNAMO_VALUE_JSON_SCAN_H

#include "value/value.h"

#define EVERY_BYTE(b)	(~UINT64CONST(0) / 255 * (b))
#define HAS_ZERO(w)		(((w) - EVERY_BYTE(1)) & ~(w) & EVERY_BYTE(0x80))
#define HAS_LESS(w, n)	(((w) - EVERY_BYTE(n)) & ~(w) & EVERY_BYTE(0x80))

/*
 * Where the run of plain characters from p ends: at a quote, a backslash, a
 * control character, or `end`.  Sets *high if some byte is not ASCII (and
 * never clears it).  Eight bytes at a time.
 */
static inline const char *
json_plain_run(const char *p, const char *end, bool *high)
{
	uint64		seen = 0;

	while (end - p >= (int) sizeof(uint64))
	{
		uint64		w;

		memcpy(&w, p, sizeof(w));
		if (HAS_LESS(w, 0x20) | HAS_ZERO(w ^ EVERY_BYTE('"')) |
			HAS_ZERO(w ^ EVERY_BYTE('\\')))
			break;
		seen |= w;
		p += sizeof(w);
	}
	while (p < end && (uint8) *p >= 0x20 && *p != '"' && *p != '\\')
		seen |= (uint8) *p++;
	if (seen & EVERY_BYTE(0x80))
		*high = true;
	return p;
}

#endif							/* DYNAMO_VALUE_JSON_SCAN_H */
