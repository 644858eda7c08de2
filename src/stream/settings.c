/*
 * settings.c
 *		The settings of streams.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "stream/stream_internal.h"

bool		stream_decoding = true;
int			stream_shards = 0;
int			stream_retention = 0;
int			stream_max_lag = 0;

void
stream_settings_init(void)
{
	DefineCustomBoolVariable("dynamo.stream_decoding",
							 "Whether streams are decoded, and can be enabled.",
							 "Without it a database has no worker for streams, and no replication slot.",
							 &stream_decoding, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_shards",
							"Number of shards of a stream that is enabled.",
							"Streams that exist keep theirs.",
							&stream_shards, 4, 1, MAX_STREAM_SHARDS,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_retention",
							"How long stream records are kept.",
							NULL,
							&stream_retention, SECS_PER_DAY, 1, 7 * SECS_PER_DAY,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_max_lag",
							"Log that streams may hold back before they give up and have a gap.",
							"-1 means no limit.",
							&stream_max_lag, -1, -1, MAX_KILOBYTES,
							PGC_SIGHUP, GUC_UNIT_MB, NULL, NULL, NULL);
}
