/*
 * json_scan.h
 *		The hot loop that JSON reader and writer share.
 */
#ifndef DYNAMO_VALUE_JSON_SCAN_H
#define DYNAMO_VALUE_JSON_SCAN_H

#include "value/value.h"

#define EVERY_BYTE(b)	(~UINT64CONST(0) / 255 * (b))

/*
 * Which of eight bytes end a run of plain characters: a quote, a backslash, a
 * control character.  The lowest byte that does has its high bit set in the
 * result, which is 0 if none does; bytes above it say nothing.
 */
static inline uint64
json_stops(uint64 w)
{
	return ((w - EVERY_BYTE(0x20)) |
			((w ^ EVERY_BYTE('"')) - EVERY_BYTE(1)) |
			((w ^ EVERY_BYTE('\\')) - EVERY_BYTE(1))) & ~w & EVERY_BYTE(0x80);
}

/* As many bytes as the processor compares at once. */
#define JSON_BLOCK 16
typedef uint8 JsonBlock __attribute__((vector_size(JSON_BLOCK)));

/* Whether any of JSON_BLOCK bytes does. */
static inline bool
json_block_stops(const char *p)
{
	JsonBlock	block;
	uint64		stops[2];

	memcpy(&block, p, sizeof(block));
	block = (JsonBlock) ((block < 0x20) | (block == '"') | (block == '\\'));
	memcpy(stops, &block, sizeof(block));
	return (stops[0] | stops[1]) != 0;
}

static inline bool
json_is_plain(char c)
{
	return (uint8) c >= 0x20 && c != '"' && c != '\\';
}

/*
 * Where the run of plain characters from p ends: at one that is not, or at
 * `end`.  Sets *high if some byte is not ASCII (and never clears it).
 */
static inline const char *
json_plain_run(const char *p, const char *end, bool *high)
{
	uint64		seen = 0;

	while (end - p >= (int) sizeof(uint64))
	{
		uint64		w;

		memcpy(&w, p, sizeof(w));
		if (json_stops(w) != 0)
			break;
		seen |= w;
		p += sizeof(w);
	}
	while (p < end && json_is_plain(*p))
		seen |= (uint8) *p++;
	if (seen & EVERY_BYTE(0x80))
		*high = true;
	return p;
}

#endif							/* DYNAMO_VALUE_JSON_SCAN_H */
