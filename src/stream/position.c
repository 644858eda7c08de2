/*
 * position.c
 *		Positions in a stream, and their text, the sequence numbers.
 *
 *		10000000 + epoch	8 digits
 *		LSN of the commit	20 digits
 *		number in the transaction	10 digits
 *
 * All have the same length, so they sort as text and as numbers alike.
 */
#include "postgres.h"

#include <inttypes.h>

#include "stream/stream.h"

#define EPOCH_BASE		10000000
#define EPOCH_DIGITS	8
#define LSN_DIGITS		20
#define NUMBER_DIGITS	10

static bool take_digits(Bytes *text, int n, uint64 *number);

int
position_compare(const StreamPosition *a, const StreamPosition *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	if (a->lsn != b->lsn)
		return a->lsn < b->lsn ? -1 : 1;
	return a->n < b->n ? -1 : a->n > b->n;
}

void
sequence_number(const StreamPosition *position, char text[SEQUENCE_NUMBER_LENGTH + 1])
{
	snprintf(text, SEQUENCE_NUMBER_LENGTH + 1, "%08d%020" PRIu64 "%010d",
			 EPOCH_BASE + position->epoch, position->lsn, position->n);
}

bool
sequence_number_parse(Bytes text, StreamPosition *position)
{
	uint64		epoch;
	uint64		n;

	if (text.len != SEQUENCE_NUMBER_LENGTH ||
		!take_digits(&text, EPOCH_DIGITS, &epoch) || epoch < EPOCH_BASE ||
		!take_digits(&text, LSN_DIGITS, &position->lsn) ||
		!take_digits(&text, NUMBER_DIGITS, &n) || n > PG_INT32_MAX)
		return false;
	position->epoch = epoch - EPOCH_BASE;
	position->n = n;
	return true;
}

static bool
take_digits(Bytes *text, int n, uint64 *number)
{
	*number = 0;
	for (int i = 0; i < n; i++)
	{
		unsigned	digit = (unsigned char) text->data[i] - '0';

		if (digit > 9 || *number > (PG_UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	text->data += n;
	text->len -= n;
	return true;
}
