/*
 * epoch.c
 *		dynamo.stream_epochs: runs of the decoding worker's slot without a break.
 *
 * An epoch begins with a slot, on one timeline, and ends where the log can have
 * gone back (a promotion, a restore), or changes were lost: that is a gap.  Its
 * number is a part of every sequence number, so a new epoch's is above those of
 * any that readers can have seen, on this server or another.
 *
 * Written by the decoding worker alone; storage/catalog.c tells how.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/pg_lsn.h"

#include "common/clock.h"
#include "stream/stream_internal.h"

#define EPOCHS_TABLE	"stream_epochs"
#define EPOCHS_INDEX	"stream_epochs_pkey"

/* Columns of dynamo.stream_epochs, as stream.sql makes them. */
enum
{
	EPOCH_EPOCH = 1,
	EPOCH_STARTED,
	EPOCH_TIMELINE,
	EPOCH_LSN,
	EPOCH_END_LSN,
	EPOCH_GAP,
	EPOCH_REASON,
	EPOCH_NCOLUMNS = EPOCH_REASON,
};

static void epoch_write(const StreamEpoch *epoch);

/* Minutes since 2020: a new epoch is later than any of a dump or another server. */
int32
epoch_number_after(int32 previous)
{
	int64		minutes = (dynamo_now() / USECS_PER_SEC - 20 * 365 * (int64) SECS_PER_DAY) / 60;

	return Max(previous + 1, (int32) minutes);
}

StreamEpoch *
epoch_at_present(void)
{
	List	   *epochs = stream_epochs();

	return epochs == NIL ? NULL : llast(epochs);
}

/* Why the present epoch cannot go on; NULL if it can. */
const char *
epoch_end_reason(void)
{
	const StreamEpoch *epoch = epoch_at_present();

	if (epoch == NULL)
		return "dynamo.stream_epochs was empty";
	if (epoch->timeline != (int32) GetWALInsertionTimeLine())
		return "the server follows another timeline";
	return NULL;
}

void
epoch_begin(const StreamProgress *progress, XLogRecPtr end_of_previous, bool gap,
			const char *reason)
{
	StreamEpoch *previous = epoch_at_present();
	StreamEpoch epoch = {
		.epoch = progress->epoch,
		.started = dynamo_now(),
		.timeline = GetWALInsertionTimeLine(),
		.lsn = progress->lsn,
		.gap = gap,
		.reason = reason,
	};

	if (previous != NULL && XLogRecPtrIsInvalid(previous->end_lsn))
	{
		previous->end_lsn = Max(end_of_previous, previous->lsn);
		epoch_write(previous);
	}
	epoch_write(&epoch);
	if (gap)
		ereport(LOG,
				(errmsg("streams of this database have a gap: %s", reason),
				 errdetail("Changes that were committed before %X/%X and are not stored are lost to them.",
						   LSN_FORMAT_ARGS(progress->lsn)),
				 errhint("Their consumers have to read the tables anew.")));
}

/* ---- rows ---- */

static CatalogKey
row_of(int32 epoch)
{
	return (CatalogKey) {EPOCHS_TABLE, EPOCHS_INDEX,
		{{EPOCH_EPOCH, F_INT4EQ, Int32GetDatum(epoch)}}};
}

static void *
epoch_from_row(const Datum *values, const bool *isnull)
{
	StreamEpoch *epoch = palloc0_object(StreamEpoch);

	epoch->epoch = DatumGetInt32(values[EPOCH_EPOCH - 1]);
	epoch->started = DatumGetTimestampTz(values[EPOCH_STARTED - 1]);
	epoch->timeline = DatumGetInt32(values[EPOCH_TIMELINE - 1]);
	epoch->lsn = DatumGetLSN(values[EPOCH_LSN - 1]);
	if (!isnull[EPOCH_END_LSN - 1])
		epoch->end_lsn = DatumGetLSN(values[EPOCH_END_LSN - 1]);
	epoch->gap = DatumGetBool(values[EPOCH_GAP - 1]);
	epoch->reason = TextDatumGetCString(values[EPOCH_REASON - 1]);
	return epoch;
}

static int
compare_epochs(const ListCell *a, const ListCell *b)
{
	return ((StreamEpoch *) lfirst(a))->epoch - ((StreamEpoch *) lfirst(b))->epoch;
}

List *
stream_epochs(void)
{
	List	   *result = catalog_read((CatalogKey) {EPOCHS_TABLE}, epoch_from_row);

	list_sort(result, compare_epochs);
	return result;
}

static void
epoch_write(const StreamEpoch *epoch)
{
	Datum		values[EPOCH_NCOLUMNS];
	bool		isnull[EPOCH_NCOLUMNS] = {false};

	values[EPOCH_EPOCH - 1] = Int32GetDatum(epoch->epoch);
	values[EPOCH_STARTED - 1] = TimestampTzGetDatum(epoch->started);
	values[EPOCH_TIMELINE - 1] = Int32GetDatum(epoch->timeline);
	values[EPOCH_LSN - 1] = LSNGetDatum(epoch->lsn);
	values[EPOCH_END_LSN - 1] = LSNGetDatum(epoch->end_lsn);
	isnull[EPOCH_END_LSN - 1] = XLogRecPtrIsInvalid(epoch->end_lsn);
	values[EPOCH_GAP - 1] = BoolGetDatum(epoch->gap);
	values[EPOCH_REASON - 1] = CStringGetTextDatum(epoch->reason);
	if (!catalog_replace(row_of(epoch->epoch), values, isnull))
		catalog_insert(EPOCHS_TABLE, values, isnull);
}

void
epoch_delete(const StreamEpoch *epoch)
{
	catalog_delete(row_of(epoch->epoch));
}
