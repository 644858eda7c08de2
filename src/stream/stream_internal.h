/*
 * stream_internal.h
 *		What the files of the stream layer share, and nobody else sees.
 */
#ifndef DYNAMO_STREAM_INTERNAL_H
#define DYNAMO_STREAM_INTERNAL_H

#include "nodes/pg_list.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "utils/relcache.h"
#include "utils/tuplestore.h"

#include "common/compat.h"
#include "stream/stream.h"

/* ---- streamed relations, as a decoding session knows them (source.c) ---- */

typedef struct StreamSource
{
	Oid			relid;
	bool		valid;
	bool		streamed;		/* otherwise nothing below is set */
	MemoryContext context;
	TableStream stream;
	KeySchema	key;
	AttrNumber	key_columns[MAX_KEY_ATTRIBUTES];
	AttrNumber	item_column;
	const char *schema;
	const char *relname;
	bool		wanted;			/* by the client's options; set by the plugin */
	int			target;			/* set by collect.c; -1: not yet */
} StreamSource;

/*
 * What is known of a relation under the historic snapshot of a change; valid
 * until the next call.  *is_new tells that it has been looked up just now.
 */
extern StreamSource *stream_source(Relation rel, bool *is_new);
/* Forgets all: another session may look at another time. */
extern void stream_sources_reset(void);

/* ---- the output plugin (plugin.c) ---- */

#define OUTPUT_PLUGIN	"dynamo"

/*
 * In the process of the decoding worker records go there, instead of being
 * written as text; the second is called at the end of a transaction that had
 * any, the third for a table that loses its items without records, at a position.
 */
typedef struct StreamSink
{
	void		(*record) (StreamSource *source, const StreamRecord *record);
	void		(*commit) (XLogRecPtr end_lsn);
	void		(*truncate) (StreamSource *source, const StreamPosition *position);
} StreamSink;

extern const StreamSink *stream_sink;
extern int32 stream_sink_epoch; /* that its records belong to */

/* The shard that the records of a key are in. */
extern int	stream_shard(const DynamoItem *keys, const KeySchema *key, int nshards);

/* ---- catalogs (stream_catalog.c) ---- */

/* Sets the number. */
extern void stream_insert(Stream *stream);
/*
 * Inserts the stream that an open relation has; without a start it is ENABLING.
 * False if the relation is no table.
 */
extern bool stream_enter(Relation rel, const TableStream *present, TimestampTz created,
						 StreamPosition start);
extern void stream_update(const Stream *stream);
extern void stream_delete(const Stream *stream);
extern bool stream_follow_table(Stream *stream);
extern Stream *stream_of_label(Oid relid, const char *label);	/* NULL: none */

/* ---- settings (settings.c) ---- */

extern bool stream_decoding;
extern int	stream_shards;
extern int	stream_retention;	/* s */
extern int	stream_max_lag;		/* MB; -1: any */

extern void stream_settings_init(void);

/* ---- shared memory (wakeup.c) ---- */

typedef struct StreamDatabase
{
	Oid			database;		/* InvalidOid: free */
	PGPROC	   *worker;			/* NULL: not running */
	pg_atomic_uint64 committed; /* up to where changes have been committed */
	pg_atomic_uint32 changes;	/* of the set of streams, so far */

	/* written by the worker alone */
	XLogRecPtr	decoded;
	XLogRecPtr	confirmed;
	uint64		nrecords;
	uint64		nbatches;
	TimestampTz last_stored;

	/* its progress as committed, under the lock; epoch 0: none yet */
	int32		epoch;
	XLogRecPtr	stored;
} StreamDatabase;

/* The set of streams is changed by this transaction. */
extern void stream_note_change(void);
/* The worker's entry, until the process ends. */
extern StreamDatabase *stream_attach(void);
extern StreamDatabase *stream_database(Oid database);	/* NULL: has no worker */

/* ---- the store (store.c) ---- */

#define STREAM_PARTITIONS	26	/* stream.sql makes them */

/* Columns of dynamo.stream_records. */
enum
{
	RECORD_LSN = 1,
	RECORD_CREATED,
	RECORD_STREAM,
	RECORD_EPOCH,
	RECORD_N,
	RECORD_SIZE,
	RECORD_SHARD,
	RECORD_PARTITION,
	RECORD_EVENT,
	RECORD_KEYS,
	RECORD_NEW_IMAGE,
	RECORD_OLD_IMAGE,
	RECORD_NCOLUMNS = RECORD_OLD_IMAGE,
};

#define EVENT_EXPIRED	0x10	/* in the column event, beside StreamEvent */

/* The row of dynamo.stream_progress. */
typedef struct StreamProgress
{
	char		slot[NAMEDATALEN];	/* "": none */
	int32		epoch;
	XLogRecPtr	lsn;			/* all that commits before it is stored */
	int			partition;
	TimestampTz last_record;	/* not in the row */
} StreamProgress;

typedef struct StreamPartition
{
	int			number;
	TimestampTz started;
	StreamPosition first;		/* its records are from here on */
} StreamPartition;

/* False if there is none yet. */
extern bool progress_read(StreamProgress *progress);
extern void progress_write(const StreamProgress *progress);
/*
 * The same for readers, while a worker runs: epoch and lsn as of its last commit.
 * Reading the row would mean to pass over all its versions.
 */
extern void stream_publish_progress(const StreamProgress *progress);
extern bool stream_published_progress(StreamProgress *progress);
/* In the order of their records: StreamPartition *. */
extern List *stream_partitions(void);
extern Oid	stream_partition_oid(int number);
extern Oid	stream_partition_index(Relation rel);
/* Empties partitions all of whose records are too old. */
extern void store_trim(const StreamProgress *progress);
/* A shard has lost what it had up to here; stream_update() is to follow. */
extern void stream_note_trimmed(Stream *stream, int shard, const StreamPosition *position);
/*
 * Stores records, which have the columns above but for the number of a target in
 * place of the stream, with the progress.
 */
extern void store_records(StreamProgress *progress, const StreamPosition *first,
						  Tuplestorestate *records, TupleDesc desc,
						  int32 (*stream_number) (int target));

/* ---- epochs (epoch.c) ---- */

typedef struct StreamEpoch
{
	int32		epoch;
	TimestampTz started;
	int32		timeline;
	XLogRecPtr	lsn;
	XLogRecPtr	end_lsn;		/* 0: it is the present one */
	bool		gap;			/* before it */
	const char *reason;
} StreamEpoch;

/* The oldest first: StreamEpoch *. */
extern List *stream_epochs(void);
extern StreamEpoch *epoch_at_present(void); /* NULL: there is none yet */
/* Why it cannot go on; NULL if it can. */
extern const char *epoch_end_reason(void);
extern int32 epoch_number_after(int32 previous);
/*
 * Begins an epoch with the progress's number, slot and position; the one before
 * it has ended at this position.
 */
extern void epoch_begin(const StreamProgress *progress, XLogRecPtr end_of_previous, bool gap,
						const char *reason);
extern void epoch_delete(const StreamEpoch *epoch);

/* ---- streams that come and go (lifecycle.c) ---- */

/* Whether a table of this database has a stream, or had one that is not ended yet. */
extern bool stream_is_wanted(void);
/* Whether a stream had been enabled before, so that a missing slot means a gap. */
extern bool stream_has_started(void);
/*
 * Makes the catalog follow the tables, in a transaction of the worker, and forgets
 * what is too old.  All log before `decoded` is stored.  False if there is no
 * stream any more.
 */
extern bool lifecycle_update(const StreamProgress *progress, XLogRecPtr decoded);
/* To be called when that has committed. */
extern void lifecycle_updated(XLogRecPtr decoded);
/* Whether a stream waits for its end, which comes with further updates. */
extern bool lifecycle_is_ending(void);

/* ---- the slot (slot.c) ---- */

extern void slot_name(int32 epoch, char *name);
extern void slot_allow_plugin(void);
/* *confirmed is then up to where it has been told that all is stored. */
extern bool slot_is_usable(const char *name, XLogRecPtr *confirmed);
extern XLogRecPtr slot_create(const char *name);
extern void slot_drop_others(const char *kept);
extern uint64 slot_lag(void);

/* ---- what the worker has decoded and not yet stored (collect.c) ---- */

/* In a transaction; collected_forget() is to follow it, outside. */
extern void collect_begin(MemoryContext context);
/* Records, of whole transactions, that wait to be stored. */
extern uint64 collected_records(void);
extern uint64 collected_bytes(void);
/* Whether there is anything to store. */
extern bool collected_any(void);
/* Stores them with the progress, in the present transaction. */
extern void collected_store(StreamProgress *progress);
/* Not in a transaction. */
extern void collected_forget(void);
extern const StreamSink collecting_sink;
/* Streams may have other names by now. */
extern void collected_names_changed(void);

#endif							/* DYNAMO_STREAM_INTERNAL_H */
