/*
 * stream.h
 *		Streams: every change of a table, once, in order, out of the
 *		write-ahead log.
 *
 * The output plugin "dynamo" turns the changes of tables with a stream into
 * stream records.  Any client of logical decoding may read them; a background
 * worker does, and stores them for the Streams API, which is what this header
 * is about.
 *
 * A record's place is its *position*: the epoch, the LSN of the commit, the
 * number within the transaction.  An epoch is a run of the worker's slot
 * without a break; it grows when the log can have gone back (a promotion, a
 * restore) or was lost, and opens new shards.
 */
#ifndef DYNAMO_STREAM_H
#define DYNAMO_STREAM_H

#include "access/xlogdefs.h"
#include "lib/stringinfo.h"

#include "storage/storage.h"

/* ---- positions (position.c) ---- */

typedef struct StreamPosition
{
	int32		epoch;
	XLogRecPtr	lsn;			/* of the commit */
	int32		n;				/* in the transaction, from 0 */
} StreamPosition;

extern int	position_compare(const StreamPosition *a, const StreamPosition *b);

/* A sequence number: 38 digits, in the order of positions. */
#define SEQUENCE_NUMBER_LENGTH	38
extern void sequence_number(const StreamPosition *position,
							char text[SEQUENCE_NUMBER_LENGTH + 1]);
/* False if it is none of ours. */
extern bool sequence_number_parse(Bytes text, StreamPosition *position);

/* arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>, palloc'd. */
extern char *stream_arn(const char *table_name, const char *label);

/* ---- records (record.c) ---- */

typedef enum StreamEvent
{
	STREAM_INSERT,
	STREAM_MODIFY,
	STREAM_REMOVE,
} StreamEvent;

typedef struct StreamRecord
{
	StreamEvent event;
	bool		expired;		/* removed by TTL */
	StreamPosition position;
	TimestampTz created;		/* when its transaction committed */
	int64		size;			/* of keys and images, by DynamoDB's rule */
	Datum		keys;			/* dynamo.item */
	Datum		new_image;		/* dynamo.item, or 0 */
	Datum		old_image;
} StreamRecord;

extern const char *stream_event_name(StreamEvent event);
/* The record as the Streams API shows it; arn (NULL: none) becomes eventSourceARN. */
extern void stream_record_append_json(StringInfo out, const StreamRecord *record,
									  StreamView view, const char *label, const char *arn);

/* ---- streams (stream_catalog.c, enable.c) ---- */

typedef enum StreamStatus
{
	STREAM_ENABLING,
	STREAM_ENABLED,
	STREAM_DISABLING,
	STREAM_DISABLED,
} StreamStatus;

/* A row of dynamo.stream_catalog.  An epoch of 0: not yet. */
typedef struct Stream
{
	int32		id;
	Oid			relid;			/* of the table, which may be gone */
	Oid			owner;			/* of the table when the stream was enabled */
	char	   *schema;
	char	   *table_name;		/* likewise: a table may be renamed */
	char	   *label;
	StreamView	view;
	KeySchema	key;
	int			shards;
	TimestampTz created;
	StreamPosition start;		/* changes that commit from here on are in it */
	TimestampTz ended;
	StreamPosition end;			/* and up to here */
	StreamPosition *trimmed;	/* by shard, the latest of its records that are gone; NULL: none are */
	TimestampTz truncated;		/* when the table was, in spite of it, for the last time; 0: never */
} Stream;

/* All streams; those of a relation, alive or not: by table and age. */
extern List *stream_list(void);
extern List *stream_list_of(Oid relid);
extern Stream *stream_by_id(int32 id);	/* NULL: none */
extern StreamStatus stream_status(const Stream *stream);
extern const char *stream_status_name(StreamStatus status);

/*
 * Enables or disables the stream of a table, as the current user, who must own
 * it; the table must not be open.  Raise ValidationException if there is one
 * already, or none, and if this server cannot have any.
 */
extern void stream_enable(Oid relid, StreamView view);
extern void stream_disable(Oid relid);

/* ---- shards and their records (shard.c, read.c) ---- */

/*
 * In each epoch a stream has a full set of shards; a key's records are in the
 * shard of the same number in all of them.
 */
typedef struct StreamShard
{
	int32		epoch;
	int			number;
	StreamPosition start;
	bool		closed;
	StreamPosition end;			/* if closed */
	bool		lost;			/* changes behind its end are in no shard */
	int32		parent_epoch;	/* 0: no parent */
} StreamShard;

/* StreamShard *, in the order of their ids. */
extern List *stream_shard_list(const Stream *stream);
extern char *stream_shard_id(const Stream *stream, int32 epoch, int number);
/* Up to where a server has records, or could have them: where LATEST begins. */
extern StreamPosition stream_latest_position(const StreamShard *shard);
/* Whether the shard had records from this position on that are not kept any more. */
extern bool stream_is_trimmed(const Stream *stream, const StreamShard *shard,
							  const StreamPosition *position);
/*
 * Between these two records are read, as they are now; the shards must be known
 * before, so that one that has ended is read to its end.
 */
extern void stream_read_begin(void);
extern void stream_read_end(void);
/*
 * At most so many records of a shard, and so many bytes of them (but at least one),
 * from a position on, which becomes that of what follows: StreamRecord *, all in
 * the current memory context.  *full tells that there may be more by now.  Raises
 * TrimmedDataAccessException if records from there on are gone, unless the position
 * is from_oldest, that is, stands for whatever is the oldest.
 */
extern List *stream_read(const Stream *stream, const StreamShard *shard,
						 StreamPosition *position, bool from_oldest, int limit, int64 max_bytes,
						 bool *full);
pg_noreturn extern void stream_raise_trimmed(void);

/* ---- the decoding worker (worker.c, lifecycle.c) ---- */

/*
 * Whether a table of this database has a stream, or had one that is not ended yet, and
 * streams are not switched off; or a slot is left to be dropped.
 */
extern bool stream_worker_is_wanted(void);
/* Whether this database has a slot of ours, which the worker drops where it is of no use. */
extern bool stream_slot_is_left(void);

/*
 * How the worker's process makes a transaction in which the extension is there:
 * false if it is not.  The context is current in it, and after it.  And whether
 * it is to make room for others, until it is started again.
 */
typedef struct StreamSteps
{
	bool		(*begin) (MemoryContext context);
	void		(*end) (void);
	bool		(*make_room) (void);
} StreamSteps;

extern void stream_worker_begin(const StreamSteps *steps);
/* False if there is nothing to decode. */
extern bool stream_worker_prepare(void);
/* Returns when there is nothing to decode, or no room; then the process is to end. */
extern void stream_worker_run(void);

typedef struct StreamWorkerState
{
	uint64		records;		/* stored since it began */
	uint64		lag;			/* bytes of log that are not decoded */
} StreamWorkerState;

/* False if the worker of this database does not run.  Needs no transaction. */
extern PGDLLEXPORT bool stream_worker_state(StreamWorkerState *state);

/* ---- start-up (wakeup.c) ---- */

extern void stream_init(void);
extern Size stream_shmem_size(void);
extern void stream_shmem_init(void);

/* On a standby, drops the slots that it has from its time as a primary (slot.c). */
extern void stream_drop_slots_of_standby(void);

#endif							/* DYNAMO_STREAM_H */
