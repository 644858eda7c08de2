/*
 * storage.h
 *		Tables and rows: the only layer that knows relations and tuples.
 *
 * A DynamoDB table is a relation with one column per key attribute, the whole
 * item in column "item", a primary key, access method "dynamo" and the
 * maintenance trigger, whose arguments are the table's definition.  Above this
 * header there are names, keys and items.
 *
 * Rows are reached in one of two ways that behave alike: *directly* (index and
 * table access methods, no planner) where the relation is a plain dynamo table,
 * and *by SQL* where the executor must see the access (row-level security,
 * user triggers, CHECK constraints, partitions, foreign relations).
 */
#ifndef DYNAMO_STORAGE_H
#define DYNAMO_STORAGE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "storage/lockdefs.h"
#include "utils/acl.h"
#include "utils/relcache.h"
#include "utils/uuid.h"

#include "value/value.h"

extern void storage_init(void);

/* ---- rows of the extension's own catalogs (catalog.c) ---- */

/* The table or index dynamo.<relname>; raises undefined_table. */
extern Oid	catalog_oid(const char *relname);
/* The table, if the extension is of the library's version; else raises. */
extern Relation catalog_open(const char *relname, LOCKMODE mode);
extern void check_extension_version(void);

#define MAX_CATALOG_KEY 2

/*
 * Rows of a catalog: those that have these values in columns of an index, in its
 * order; without an index in none.  Columns with an `equal` of 0 do not count.
 */
typedef struct CatalogKey
{
	const char *table;
	const char *index;
	struct
	{
		AttrNumber	column;
		RegProcedure equal;
		Datum		value;
	}			columns[MAX_CATALOG_KEY];
} CatalogKey;

/* Makes an element out of the columns of a row; NULL: none. */
typedef void *(*CatalogReader) (const Datum *values, const bool *isnull);

extern List *catalog_read(CatalogKey key, CatalogReader reader);
extern void catalog_insert(const char *table, Datum *values, bool *isnull);
/* Of one row; false if there is none. */
extern bool catalog_replace(CatalogKey key, Datum *values, bool *isnull);
extern void catalog_delete(CatalogKey key);

/* ---- definitions (definition.c, table_settings.c, ddl.c) ---- */

/* What a derived column is for; the words of the trigger's arguments. */
typedef enum DerivedRole
{
	DERIVED_HASH,				/* a part of the primary key */
	DERIVED_RANGE,
	DERIVED_INDEX,				/* a key attribute of secondary indexes */
	DERIVED_TTL,				/* bigint: the time at which the item expires */
} DerivedRole;

/*
 * A column whose value is what the item says of one attribute.  A part of the
 * primary key is never NULL; the others are where the attribute is missing or
 * is none that an index can hold (derived_datum()).
 */
typedef struct DerivedColumn
{
	Bytes		attribute;
	AttributeType type;			/* S, N or B; of TTL's: N */
	DerivedRole role;
	AttrNumber	column;
} DerivedColumn;

/* What a relation's maintenance trigger says of it; cached, read-only. */
typedef struct TableDefinition
{
	Oid			relid;
	KeySchema	key;
	AttrNumber	key_columns[MAX_KEY_ATTRIBUTES];	/* in the schema's order */
	int			nderived;
	DerivedColumn *derived;		/* all: those of the key, in its order, first */
	AttrNumber	item_column;
	/* The unique btree over exactly the key columns; InvalidOid: none. */
	Oid			primary_index;
	/*
	 * The relation is an ordinary table of access method dynamo that has the
	 * key columns and the item, and nothing else that an executor must see to:
	 * no other column, trigger, rule, constraint or child.
	 */
	bool		plain;
} TableDefinition;

/*
 * The definition of an open relation, or NULL if it is no dynamo table.  Stays
 * in memory until the end of the transaction, and true for as long as the
 * relation is locked, except that REINDEX CONCURRENTLY may replace the primary
 * index: ask again for each operation.
 */
extern const TableDefinition *table_definition(Relation rel);

typedef enum BillingMode
{
	BILLING_PAY_PER_REQUEST,
	BILLING_PROVISIONED,
} BillingMode;

/* What is recorded of a table beside its definition (dynamo.table_settings). */
/* What can be read and written at once, per second. */
typedef struct WarmUnits
{
	int64		reads;
	int64		writes;
} WarmUnits;

typedef struct TableSettings
{
	pg_uuid_t	table_id;
	TimestampTz created;		/* 0: unknown */
	BillingMode billing_mode;
	TimestampTz billing_mode_changed;	/* 0: never */
	int64		read_capacity;	/* units per second, 0 when on demand */
	int64		write_capacity;
	TimestampTz last_increase;	/* of the provisioned capacity, 0: never */
	TimestampTz last_decrease;
	int64		max_read_request_units; /* OnDemandThroughput, 0: none */
	int64		max_write_request_units;
	WarmUnits	warm;			/* recorded of the warm throughput, 0: what comes by itself */
	bool		deletion_protection;
	bool		infrequent_access;	/* table class STANDARD_INFREQUENT_ACCESS */
	TimestampTz restored;		/* from a backup, 0: never */
	bool		unclustered;	/* rows go where heap puts them */
	Bytes		source_backup;	/* that, as the end of its ARN: table/backup/id */
} TableSettings;

typedef struct Tag
{
	Bytes		key;
	Bytes		value;
} Tag;

typedef enum IndexProjection
{
	PROJECT_ALL,
	PROJECT_KEYS_ONLY,
	PROJECT_INCLUDE,
} IndexProjection;

typedef enum IndexStatus
{
	INDEX_ACTIVE,
	INDEX_CREATING,
	INDEX_DELETING,
} IndexStatus;

/* A secondary index, as dynamo.table_indexes has it. */
typedef struct IndexDefinition
{
	Bytes		name;
	bool		is_local;
	KeySchema	key;
	IndexProjection projection;
	List	   *non_key_attributes; /* of Bytes *, for PROJECT_INCLUDE */
	IndexStatus status;
	bool		backfilling;	/* CREATING: its columns are being filled */
	int64		read_capacity;	/* units per second, 0 when on demand */
	int64		write_capacity;
	TimestampTz last_increase;	/* of the provisioned capacity, 0: never */
	TimestampTz last_decrease;
	int64		max_read_request_units; /* OnDemandThroughput, 0: none */
	int64		max_write_request_units;
	WarmUnits	warm;			/* recorded of the warm throughput, as in TableSettings */

	/* of an open table */
	const struct KeyIndex *order;	/* how its rows are found; NULL: a column lacks */
	const int  *key_columns;	/* of the key's parts, in TableDefinition.derived */
} IndexDefinition;

/* ---- open tables ---- */

typedef struct DynamoTable
{
	const char *name;			/* DynamoDB's name */
	Relation	rel;
	const TableDefinition *definition;
	bool		direct;			/* rows may be reached without the executor */
	struct TableAccess *access; /* the row code's own cached state */
} DynamoTable;

/*
 * Opens the table of this name in dynamo.schema with a lock and checks that
 * the current user has the privileges (ACL_SELECT, ...) on it and USAGE of the
 * schema.  Raises ResourceNotFoundException ("Requested resource not found"),
 * or insufficient_privilege as PostgreSQL words it; ACL_INSERT, ACL_UPDATE and
 * ACL_DELETE also raise read_only_sql_transaction on a standby or in a
 * read-only transaction.  The result is palloc'd.
 */
extern DynamoTable *dynamo_table_open(Bytes name, LOCKMODE lockmode, AclMode privileges);
/*
 * The same by the relation's number, whatever schema it is in, for somebody who
 * acts as its owner; NULL if there is none (any more).
 */
extern DynamoTable *dynamo_table_open_relation(Oid relid, LOCKMODE lockmode);
/* Closes the relation; its lock is kept until the transaction ends. */
extern void dynamo_table_close(DynamoTable *table);
/* Of any relation; InvalidOid: it is gone. */
extern Oid	relation_owner(Oid relid);
/* InvalidOid if dynamo.schema has no table of this name; takes no lock. */
extern Oid	dynamo_table_lookup(Bytes name);

/*
 * The secondary indexes of an open table, by name: IndexDefinition *, read-only,
 * in memory until the end of the transaction.  Without a catalog lookup but for
 * the first in a session.
 */
extern const List *table_indexes(DynamoTable *table);
/* NULL if it has no such index. */
extern const IndexDefinition *table_index(DynamoTable *table, Bytes name);
/* As PostgreSQL estimates them, and the size of the btree. */
extern void index_statistics(DynamoTable *table, const IndexDefinition *index,
							 int64 *item_count, int64 *bytes);

/*
 * Control plane.  Creating makes dynamo.schema if it does not exist.  All run
 * as the current user and need the privileges that CREATE TABLE, DROP TABLE
 * and ALTER TABLE (ownership) need.  dynamo_table_create() raises
 * ResourceInUseException if the name is taken; the btrees of its indexes are left
 * for table_index_build(), which may come after the table's items.
 */
extern Oid dynamo_table_create(Bytes name, const KeySchema *key,
							   const TableSettings *settings,
							   const List *indexes);
/*
 * Checks that the name is free and the current user may create the table, and
 * keeps others from taking the name until the transaction ends.
 */
extern void dynamo_table_reserve(Bytes name);
extern void dynamo_table_drop(DynamoTable *table);
/*
 * Keeps others from changing what is recorded of a table (settings, tags, indexes)
 * until the transaction ends.  Asked for before any lock on the table itself.
 */
extern void table_record_lock(Oid relid);
extern void table_settings_read(Oid relid, TableSettings *settings);
extern void table_settings_write(DynamoTable *table, const TableSettings *settings);
/* Tags (dynamo.table_tags): lists of Tag *, ordered by key where they are read. */
extern List *table_tags_read(Oid relid);
extern void table_tags_write(Oid relid, const List *tags);
/*
 * Names of the tables in dynamo.schema that sort after `after` (data NULL:
 * all), by bytes, at most `limit` (a list of Bytes *); *more says whether there
 * are others behind them.
 */
extern List *dynamo_table_list(Bytes after, int limit, bool *more);
/*
 * The steps of adding an index to a table that is there, for its owner; nobody of
 * this session may have the table open, but for table_fill_derived().
 *
 *	table_index_record()		its columns and its row in the catalog; from now on
 *								writers fill the columns
 *	table_fill_derived()		in the rows that are there; see below
 *	table_index_build()			the btree, unless one that serves is there
 *	index_catalog_update()		status ACTIVE
 *
 * Removing takes the row, the btree and the columns that nothing else needs.  All
 * may be repeated, and an index that was not built be removed.
 */
extern void table_index_record(Oid relid, const IndexDefinition *index);
extern void table_index_add_columns(Oid relid, const IndexDefinition *index);
extern void table_index_build(Oid relid, const IndexDefinition *index);
extern void table_index_remove(Oid relid, const IndexDefinition *index);
/* Rows of dynamo.table_indexes: IndexDefinition *, by name, palloc'd. */
extern List *index_catalog_read(Oid relid);
extern void index_catalog_insert(Oid relid, const IndexDefinition *index);
extern void index_catalog_update(Oid relid, const IndexDefinition *index);
/* "ACTIVE" etc., "ALL" etc. */
extern const char *index_status_name(IndexStatus status);
extern const char *index_projection_name(IndexProjection projection);
/*
 * Whether an attribute's value (absent: no) is one that the key of an index can be,
 * by which its item is in the index.
 */
extern bool can_be_index_key(AttributeType type, AttributeValue value);
/*
 * Raises ValidationException if the btree of the index cannot hold the entry of an
 * item with such keys.
 */
extern void check_index_entry(const IndexDefinition *index, const KeySchema *table_key,
							  AttributeValue item);
/* Whether an attribute is a part of the key. */
extern bool key_schema_has(const KeySchema *key, Bytes attribute);

/* As PostgreSQL estimates them (reltuples), and the relation's size. */
extern void table_statistics(DynamoTable *table, int64 *item_count, int64 *bytes);

/* ---- derived columns of a table with items (ddl.c, column_fill.c) ---- */

/*
 * Adds derived columns to a table and takes others away (lists of DerivedColumn
 * *, of which attribute, type and role are read; roles INDEX and TTL only); what
 * is there or gone already is passed over.  New columns are NULL in the rows that
 * are there; those written from now on are filled.
 *
 * For a caller who owns the table, as ALTER TABLE is: it takes AccessExclusiveLock,
 * and nobody of this session may have the table open.
 */
extern void table_change_derived(Oid relid, List *added, List *dropped);

/* How far table_fill_derived() has come. */
typedef struct FillPosition
{
	bool		started;
	ItemKey		last;			/* the last key looked at, palloc'd */
	int64		examined;		/* items so far */
} FillPosition;

typedef enum FillResult
{
	FILL_COMPLETE,				/* there are no more items */
	FILL_LIMIT,
	FILL_BUSY,					/* another transaction is changing the next one */
} FillResult;

/*
 * Fills the derived columns of rows that were there before those were, in the
 * order of the key, from `position` (zeros at first) on, which is moved.  Rows that
 * others write meanwhile are filled by them, and waited for as by any writer.
 * Needs the privileges of a write.
 *
 * With a limit it looks at so many items, or at what fits into a tenth of a second,
 * and waits for nobody once it has changed a row: those that it has changed are
 * not locked for longer.
 *
 * Do it before the index is built: an update of a column without index is HOT.
 */
extern FillResult table_fill_derived(DynamoTable *table, FillPosition *position, int limit);

/* ---- indexes that a worker makes or deletes (index_builds.c, index_online.c) ---- */

typedef enum BuildPhase
{
	BUILD_ADD_COLUMNS,			/* columns of the index are to be added */
	BUILD_FILL,					/* and filled */
	BUILD_BTREE,				/* made, or removed if one is left over */
	BUILD_DROP_BTREE,			/* the index is to be deleted */
	BUILD_DROP_COLUMNS,
} BuildPhase;

/*
 * An index that is CREATING or DELETING, and how far that is; or the btree of a
 * table's time to live, whose name is empty and of which there is no more than
 * that.
 */
typedef struct IndexBuild
{
	Oid			relid;
	IndexDefinition index;
	BuildPhase	phase;
	DynamoItem *last_key;		/* in BUILD_FILL: up to here; an item of it alone, or NULL */
	int64		items_done;
	int64		items_total;	/* estimate */
	TimestampTz started;		/* 0: not yet */
	TimestampTz next_attempt;	/* not before; 0: now */
	int			waiting_for;	/* pid of who keeps it from going on, or 0 */
	int			attempts;		/* that have failed, in a row */
	Bytes		error;			/* of the last one; data NULL: none */
} IndexBuild;

/* All there are to do, of all tables: IndexBuild *. */
extern List *index_build_list(void);
/* NULL if the index is ready, or gone. */
extern IndexBuild *index_build_find(Oid relid, Bytes name);
/* The name under which the btree of time to live is built. */
#define TTL_BUILD ((Bytes) {"", 0})
extern bool index_build_is_waiting(void);
/* Records how far a build is. */
extern void index_build_write(const IndexBuild *build);

/* Has a worker make or delete an index, when the transaction has committed. */
extern void index_build_request_create(Oid relid, IndexDefinition *index);
extern void index_build_request_delete(Oid relid, const IndexDefinition *index);
/* Has a worker fill the column of time to live, which is there, and make the btree. */
extern void index_build_request_ttl(Oid relid);

/*
 * What is next for a build: sets its phase.  In BUILD_BTREE and BUILD_DROP_BTREE
 * that is a utility command which must run outside of transaction blocks, made in
 * the current memory context; in BUILD_BTREE none (NULL) if the btree is there.
 */
extern Node *index_build_plan(IndexBuild *build);
/*
 * One step of a phase each, in a transaction of somebody who acts as the table's
 * owner.  Adding and dropping columns wait for AccessExclusiveLock, as long as
 * lock_timeout lets them.  The last two of them end the build.
 */
extern void index_build_add_columns(IndexBuild *build);
extern void index_build_fill(IndexBuild *build, int limit);
extern void index_build_activate(IndexBuild *build);
extern void index_build_drop_columns(IndexBuild *build);
/* Somebody whose lock keeps columns from being added or dropped, or 0. */
extern int	index_build_blocker(const IndexBuild *build);

/* ---- streams (stream_trigger.c) ---- */

/* In the order of the service model. */
typedef enum StreamView
{
	STREAM_NEW_IMAGE = 1,
	STREAM_OLD_IMAGE,
	STREAM_NEW_AND_OLD_IMAGES,
	STREAM_KEYS_ONLY,
} StreamView;

extern const char *stream_view_name(StreamView view);
extern bool stream_view_by_name(const char *name, StreamView *view);
extern bool stream_view_has_old(StreamView view);
extern bool stream_view_has_new(StreamView view);

/* What a relation says of the stream that its changes go into. */
typedef struct TableStream
{
	char		label[32];		/* the end of its ARN: when it was enabled */
	StreamView	view;
	int			shards;
	char		identity_before;	/* relreplident */
} TableStream;

/* False if there is none.  Takes no lock; the second looks into the catalog. */
extern bool table_stream(Relation rel, TableStream *stream);
extern bool table_stream_of(Oid relid, TableStream *stream);
/* The relations that may have a stream. */
extern List *streamed_relations(void);
/*
 * As the current user, who must own the table; it must not be open.  Enabling
 * sets identity_before.
 */
extern void table_stream_enable(Oid relid, TableStream *stream);
extern void table_stream_disable(Oid relid, const TableStream *stream);
/*
 * The key and the item's column of a relation, from its trigger alone: no locks
 * are taken and no index is looked at, so that an output plugin may ask.  False if
 * trigger and columns do not fit.
 */
extern bool table_key_columns(Relation rel, KeySchema *key, AttrNumber *columns,
							  AttrNumber *item_column);
/*
 * The key attribute that a column holds, palloc'd; absent if that is nothing that
 * a key can be.  The datum may be toasted.
 */
extern AttributeValue key_value(Datum datum, AttributeType type);
/* A key as an array of text: name, type and HASH or RANGE of each attribute. */
extern Datum key_schema_datum(const KeySchema *key);
extern void key_schema_from_datum(Datum datum, KeySchema *key);
/* DynamoDB's name of a relation: palloc'd. */
extern Bytes table_full_name(Oid relid, const char *relname);

/*
 * Marks (stream_mark.c): what the present transaction says of its changes to whoever
 * decodes it.  Nothing is written without logical decoding.  Reading gives what a
 * logical message of the transaction says, false if it is no mark.
 */
extern void stream_mark_write(const char *prefix, const char *text);
extern bool stream_mark_read(const char *prefix, TransactionId xid, Bytes content, Bytes *text);

/* What follows changes no item, and no stream shall tell of it, until a mark that says "end". */
#define BACKFILL_MARK "dynamo.backfill"
#define BACKFILL_END  "end"
/* Its deletions are nobody's but time's. */
#define TTL_MARK	  "dynamo.ttl"

/* Set when a row of a table with a stream is written; never unset here. */
extern bool streamed_row_written;
/* The name, the owner or the like of a table with a stream is changed by this transaction. */
extern bool streamed_table_altered;

/* ---- time to live (time_to_live.c, expire.c) ---- */

/* The attribute that holds the time at which an item expires; data NULL: none does. */
extern Bytes table_ttl_attribute(const TableDefinition *definition);
/* The btree over the column of that, or InvalidOid if it is not there, or not valid. */
extern Oid table_ttl_index(Relation rel);
/*
 * The steps of turning it on, for a table that has none, as those of adding an
 * index: record, then table_fill_derived() and build, or a worker's
 * (index_build_request_ttl()).  And of turning it off.  Nobody of this session may
 * have the table open.  The first and the last take AccessExclusiveLock, and ask
 * for it again and again rather than have others queue behind them for long.
 */
extern void table_ttl_record(Oid relid, Bytes attribute);
extern void table_ttl_build(Oid relid);
extern void table_ttl_remove(Oid relid);
/* The relations, of all schemas, of tables whose items expire; partitions are not listed. */
extern List *ttl_table_list(void);

/*
 * Expiring, for a worker that acts as the table's owner.  Opens a table for that;
 * NULL if it is no table any more, its items do not expire, or somebody is in the
 * way.
 */
extern DynamoTable *ttl_table_open(Oid relid);

/* A look for expired items: those whose time is from `oldest` to `latest`. */
typedef struct TtlScan
{
	int64		oldest;
	int64		latest;
	bool		complete;		/* there are no more */
	int			looked_at;		/* by the last call */

	/* how far it is; zeros at the beginning */
	Oid			part;			/* a partition, or the table */
	int64		time;			/* all before it have been looked at, */
	ItemPointerData row;		/* and of that time those up to this row */
} TtlScan;

/*
 * Deletes expired items, the oldest first, of at most so many that are looked at;
 * moves the scan, also where it ends in an error.  An item that somebody else has
 * locked or is changing stays, for the next look.  Returns how many have been deleted.
 *
 * A transaction that deletes any begins with a TTL_MARK.
 */
extern int	ttl_table_expire(DynamoTable *table, TtlScan *scan, int limit);

/* ---- backups (backup.c) ---- */

typedef struct TableBackup
{
	Oid			relid;			/* of the copy, which belongs to who made it */
	Bytes		id;				/* the end of its ARN */
	Bytes		name;
	Bytes		table_name;
	KeySchema	key;
	TableSettings settings;		/* of the table */
	List	   *indexes;		/* of the table: IndexDefinition * */
	TimestampTz created;
	int64		item_count;
	int64		size_bytes;		/* of the items, by DynamoDB's rule */
	bool		pending;		/* a job is to make it */
} TableBackup;

/*
 * A backup in two steps, for a caller who owns the table.  The first checks
 * what can be known, and says all of the new backup but what it will hold; the
 * second copies the items of the table, as they are at one moment.  Needs the
 * privileges of CREATE TABLE in the schema of the backups, which is
 * dynamo.schema with "_backups" behind it, made if need be.
 */
extern void table_backup_prepare(DynamoTable *table, Bytes name, TableBackup *backup);
extern void table_backup_make(DynamoTable *table, TableBackup *backup);
/*
 * Told, where set, how many items of a backup have been copied or restored so
 * far; by raising an error it stops that.
 */
typedef void (*BackupWatcher) (int64 items);
extern PGDLLEXPORT BackupWatcher backup_watcher;
/* As DynamoDB makes them: unique, and in the order of time. */
extern Bytes new_backup_id(TimestampTz now);
/* False if there is no such backup of a table in dynamo.schema. */
extern bool table_backup_find(Bytes id, TableBackup *backup);
/* All of dynamo.schema, ordered by id, which is by time: TableBackup *. */
extern List *table_backup_list(void);
/*
 * ShareLock to restore, ExclusiveLock to delete, kept to the end of the
 * transaction.  Does not wait: false if others are in the way.  Raises
 * read_only_sql_transaction on a standby.
 */
extern bool table_backup_lock(const TableBackup *backup, LOCKMODE lockmode);
/* Stores the items in a table of the same key. */
extern void table_backup_restore(const TableBackup *backup, DynamoTable *table);
extern void table_backup_drop(const TableBackup *backup);

/* ---- jobs (job.c) ---- */

typedef enum JobOperation
{
	JOB_BACKUP,					/* CreateBackup */
	JOB_RESTORE,				/* RestoreTableFromBackup */
} JobOperation;

typedef enum JobState
{
	JOB_WAITING,
	JOB_RUNNING,				/* or it was, when the server crashed */
	JOB_FAILED,
} JobState;

/* A row of dynamo.job_queue. */
typedef struct TableJob
{
	Bytes		id;				/* in the order of time */
	JobOperation operation;
	Oid			role;			/* that has asked */
	char	   *schema;			/* dynamo.schema */
	Bytes		table_name;		/* of the table to copy, or to make */

	/*
	 * The backup to make, as table_backup_prepare() has left it; or, with the
	 * settings of the new table, the one to restore, of which only id, key and
	 * number of items are known.
	 */
	TableBackup backup;

	JobState	state;
	int			attempts;
	TimestampTz started;		/* 0: not yet */
	int			pid;			/* while it runs, else 0 */
	Bytes		error;			/* of the last attempt; data NULL: none */
} TableJob;

/* Records a job; sets its role, schema and state. */
extern void job_insert(TableJob *job);
extern void job_update(const TableJob *job);
extern void job_delete(const TableJob *job);
/* All of them, of all schemas and states, the oldest first: TableJob *. */
extern List *job_list(void);
/* Whether it has failed long ago. */
extern bool job_is_forgettable(const TableJob *job);
/* Those of dynamo.schema that have not failed. */
extern List *job_list_backups(void);
extern List *job_list_restores(void);
extern TableJob *job_making_backup(Bytes id);	/* NULL: none */
extern TableJob *job_making_table(Bytes name);
extern bool job_reads_table(Bytes name);
extern bool job_reads_backup(Bytes id);

/* ---- rows (row_read.c, row_write.c, row_scan.c, row_sql.c) ---- */

/*
 * Told, where set, which rows are about to be read or written: those of one
 * partition, or of any (NO_ATTRIBUTE_VALUE).  May not raise.  Transactions on
 * several items (table_write_item_held() and its like) do not tell.
 */
typedef void (*RowWatcher) (const DynamoTable *table, AttributeValue partition,
							bool write);
extern RowWatcher row_watcher;

/*
 * The item of this key as the caller's snapshot sees it, or NULL.  Detoasted
 * (maybe packed) and palloc'd.
 */
extern DynamoItem *table_get_item(DynamoTable *table, const ItemKey *key);

typedef enum WriteVerdict
{
	WRITE_NOTHING,				/* leave the table as it is */
	WRITE_ITEM,					/* store *new_item */
	WRITE_DELETE,				/* delete the item */
} WriteVerdict;

/*
 * Decides what becomes of the item of a key, given its current version (NULL:
 * none).  Called again with the next version whenever another transaction was
 * faster, so it may only allocate and raise; the memory context it runs in is
 * reset between the calls, and survives the last one.
 */
typedef WriteVerdict (*WriteDecision) (void *arg, const DynamoItem *old,
									   DynamoItem **new_item);

/*
 * Writes the item of one key: calls `decide` on exactly the version that is
 * then replaced.  A new item must have the key `key`.  An item equal to the old
 * one is not written.  Under READ COMMITTED no writer is lost and none starves;
 * under REPEATABLE READ and above a concurrent change raises
 * serialization_failure.
 */
extern void table_write_item(DynamoTable *table, const ItemKey *key,
							 WriteDecision decide, void *arg);

/*
 * The same for a write that others of the transaction depend on: what `decide`
 * has seen stays true until the transaction ends, even if nothing is written.
 * An item that is left as it is gets locked in share mode; a key without item
 * is held, so that whoever inserts it waits.
 */
extern void table_write_item_held(DynamoTable *table, const ItemKey *key,
								  WriteDecision decide, void *arg);

/*
 * Records that the current transaction uses a ClientRequestToken of the current
 * user for a request with this digest.  Waits for a transaction in progress
 * that uses it too.  False if one with the same digest has committed in the last
 * ten minutes; raises IdempotentParameterMismatchException if one with another
 * digest has.  (transaction_tokens.c)
 */
extern bool transaction_token_claim(Bytes token, Bytes digest);

/* Query, and Scan (range.nequal = 0 and no bounds), in key order. */
typedef struct ItemScanSpec
{
	KeyRange	range;
	const IndexDefinition *index; /* NULL: the table itself */
	bool		backward;
	bool		has_start;		/* ExclusiveStartKey is given */
	AttributeValue start_after[MAX_INDEX_PARTS]; /* it, in the order of the index */
	int			segment;		/* parallel scan; total_segments 0: none */
	int			total_segments;
	int64		limit;			/* no more items will be asked for; 0: not known */
} ItemScanSpec;

/* To which of so many segments of a parallel scan the item of this key belongs. */
extern int	key_segment(const KeySchema *schema, const ItemKey *key, int total_segments);

typedef struct ItemScan ItemScan;

/*
 * Everything of the scan lives in a child of the current memory context; the
 * snapshot it reads is the active one, registered until the scan ends.
 */
extern ItemScan *table_scan_begin(DynamoTable *table, const ItemScanSpec *spec);
/* Goes to the next item; false at the end. */
extern bool table_scan_advance(ItemScan *scan);
/* The item that the scan stands on, valid until it goes on. */
extern const DynamoItem *table_scan_item(ItemScan *scan);
/* Its size, for which it need not be detoasted. */
extern int table_scan_item_size(ItemScan *scan);
/* Goes to the next item and returns it; NULL at the end. */
extern const DynamoItem *table_scan_next(ItemScan *scan);
extern void table_scan_end(ItemScan *scan);

/* ---- loading many items (bulk_load.c, bulk_query.c) ---- */

/* What becomes of an item whose key the table, or an earlier item, has. */
typedef enum LoadConflict
{
	LOAD_ERROR,					/* unique_violation */
	LOAD_SKIP,					/* the earlier one stays */
	LOAD_REPLACE,				/* the later one counts */
} LoadConflict;

/* Each item that was added is one of these. */
typedef struct LoadCounts
{
	int64		loaded;
	int64		skipped;
	int64		replaced;		/* by itself, or itself by a later one */
} LoadCounts;

typedef struct TableLoad TableLoad;

/*
 * Loads items into a table that is locked with ShareRowExclusiveLock, in any
 * order.  Items are copied; some are stored at once, all when table_load_finish()
 * returns.  What is raised in between names the item by its number.  Everything
 * is in the current memory context; the progress is that of a COPY.
 */
extern TableLoad *table_load_begin(DynamoTable *table, LoadConflict on_conflict);
extern void table_load_add(TableLoad *load, const DynamoItem *item);
extern void table_load_finish(TableLoad *load, LoadCounts *counts);

/*
 * A statement of the caller that returns one column of type dynamo.item or
 * jsonb (plain JSON): prepared, with what is wrong with it raised; then run with
 * the privileges of the current user, each row's item handed to the consumer in
 * a memory context that is reset after it.  A row is not NULL.
 */
typedef struct ItemQuery ItemQuery;
typedef void (*ItemConsumer)(void *arg, const DynamoItem *item);
extern ItemQuery *item_query_prepare(const char *text);
extern void item_query_run(ItemQuery *query, ItemConsumer consume, void *arg);

/* ---- the access method's contract (contract.c) ---- */

/*
 * Raises DynamoDB's error if the item breaks a rule of size: the item at most
 * 400 KB, partition keys 1 to 2048 bytes, sort keys 1 to 1024.
 */
extern void check_item_limits(const KeySchema *key, const DynamoItem *item);
/* The key attributes of an item; an absent one is NO_ATTRIBUTE_VALUE. */
extern void item_key(const KeySchema *key, AttributeValue item, ItemKey *result);
/* A map of these attributes and no others. */
extern AttributeValue item_key_map(const KeySchema *schema, const ItemKey *key);

#endif							/* DYNAMO_STORAGE_H */
