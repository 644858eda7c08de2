/*
 * row_internal.h
 *		What the files that read and write rows share.
 *
 *		row_access.c	what a session remembers of a table
 *		row_rewrite.c	tables that were rewritten after a snapshot was taken
 *		row_lookup.c	the row of a key, by the primary key's index
 *		row_partition.c	the same in partitions
 *		row_read.c		get
 *		row_write.c		conditional write, directly
 *		row_index.c		index entries of a new row version
 *		row_hold.c		keys without row, kept so until the transaction ends
 *		row_scan.c		ranges and whole tables in key order
 *		row_direct_scan.c	scans directly
 *		row_sql.c		get and write by SQL
 *		row_sql_statements.c	their statements
 *		row_sql_scan.c	scans by SQL
 */
#ifndef DYNAMO_ROW_INTERNAL_H
#define DYNAMO_ROW_INTERNAL_H

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/snapshot.h"

#include "common/compat.h"
#include "storage/clustering.h"
#include "storage/storage_internal.h"

/* ---- what a session remembers of a table (row_access.c) ---- */

/* A column that orders an index. */
typedef struct KeyColumn
{
	AttrNumber	column;
	AttributeType type;
	Oid			type_oid;
	Oid			collation;
	FmgrInfo	operators[BTMaxStrategyNumber + 1]; /* by btree strategy */
	FmgrInfo	order;			/* btree's comparison function */
} KeyColumn;

/*
 * An index in whose order rows are read: part i is its column i + 1.  The parts
 * of its partition key come first, and no two rows have all parts alike.
 */
typedef struct KeyIndex
{
	Oid			oid;			/* InvalidOid: rows cannot be looked up here */
	int			nhash;
	int			nkeys;
	KeyColumn	keys[MAX_INDEX_PARTS];
	Bitmapset  *not_null;		/* columns without which a row is not in the index */
	bool		is_old;			/* every snapshot to come is younger */
} KeyIndex;

/* An index that gets an entry for each new row version that is not HOT. */
typedef struct RowIndex
{
	Oid			oid;
	IndexInfo  *info;			/* without any state of execution: copy it */
	bool		needs_estate;	/* has expressions, or a predicate of another kind */
	bool		only_derived;	/* only derived columns, no expressions */
	bool		is_sparse;		/* has a predicate that all of not_null are not NULL */
	Bitmapset  *not_null;
} RowIndex;

/* A walk through all that is below a table, which found nothing rewritten (row_rewrite.c). */
typedef struct RewriteWalk
{
	uint64		news;			/* relation_news when it began */
	TransactionId xmax;			/* of its snapshot; InvalidTransactionId: there was no walk */
	uint32		nrunning;		/* transactions that ran then, below xmax */
} RewriteWalk;

typedef struct TableAccess
{
	MemoryContext context;		/* holds all of it */
	AttrNumber	item_column;
	KeyIndex	primary;		/* the primary key */
	List	   *secondary;		/* of IndexDefinition *, in the order of their names */
	int			nindexes;		/* 0 unless the relation is plain */
	RowIndex   *indexes;		/* the primary key's first */
	struct SqlStatements *sql;	/* by row_sql_statements.c, NULL before the first use */
	RewriteWalk walk;			/* the last one */
} TableAccess;

/*
 * What is remembered of an open table; read-only but for `sql` and `walk`.  Valid until
 * the end of the transaction, even if it is invalidated before.
 */
extern TableAccess *table_access(DynamoTable *table);

/*
 * Raises serialization_failure if the active snapshot is from before an index was
 * there: its rows may have had other keys then, or no columns for them.
 */
extern void check_index_age(KeyIndex *index);

/* ---- tables that were rewritten (row_rewrite.c) ---- */

/*
 * Whether the table, or one below it, was rewritten or truncated after the active
 * snapshot was taken, so that it shows no rows but the transaction's own: for readers
 * that have found nothing, or no more than their own rows may be.
 */
extern bool was_rewritten(DynamoTable *table);
/* Raises serialization_failure if it was. */
extern void check_rewrite(DynamoTable *table);
/* Whether rows of the table may be in partitions, or others that inherit from it. */
extern bool has_children(Relation rel);

/* ---- the row of a key (row_lookup.c) ---- */

typedef struct RowLookup
{
	Relation	rel;
	const TableAccess *access;
	Relation	index;
	Datum		key[MAX_KEY_ATTRIBUTES];
	TupleTableSlot *slot;		/* the row found */
	bool		probed;			/* `probe` says where it is or would go */
	KeyProbe	probe;
	bool		nowait;			/* for whoever is changing the row */
	bool		busy;			/* somebody is, and was not waited for */
} RowLookup;

/* Opens the primary key's index with this lock. */
extern void row_lookup_begin(RowLookup *lookup, DynamoTable *table,
							 const ItemKey *key, LOCKMODE lockmode);
/* The same for several keys: the caller sets `key` before each search. */
extern void row_lookup_open(RowLookup *lookup, DynamoTable *table, LOCKMODE lockmode);
/* Closes the index; its lock is kept. */
extern void row_lookup_end(RowLookup *lookup);

/*
 * Finds the row that an MVCC snapshot sees.  The slot pins its page until it is
 * cleared.
 */
extern bool row_find_in_snapshot(RowLookup *lookup, Snapshot snapshot);
/*
 * Finds the latest version of the row, waiting for transactions that are about
 * to change it.  Without one there was none at some moment during the call.  If
 * it is not to wait and would have to, it sets `busy`.
 */
extern bool row_find_latest(RowLookup *lookup);
/*
 * Locks the latest version of the row, if there is one, against writers; sets
 * `busy` and returns false if others are in the way.
 */
extern bool row_try_lock(RowLookup *lookup);
/*
 * Finds the row that the active snapshot, which must be the transaction's, sees;
 * it is also the latest version.  Raises serialization_failure if another
 * transaction has changed it, or has added one that the snapshot does not see.
 */
extern bool row_find_serializable(RowLookup *lookup);
/*
 * Whether the index holds, for the key just inserted as *self (NULL: not yet),
 * another row that is there or may come to be.
 */
extern bool row_find_conflict(RowLookup *lookup, ItemPointer self);

pg_noreturn extern void serialization_failure(void);

/* The item of a row, as stored. */
extern Datum slot_item(TupleTableSlot *slot, AttrNumber item_column);
/* Raises an error if it is NULL, which is so only where somebody dropped the NOT NULL. */
extern void check_item_is_there(bool isnull);
/* The size of a stored item by DynamoDB's rule, of which no more is detoasted than its head. */
extern int stored_item_size(Datum stored);
/* A detoasted copy of a stored item, palloc'd. */
extern DynamoItem *copy_item(Datum stored);

/* ---- the row of a key in partitions (row_partition.c) ---- */

/* Whether a partition of the table, foreign ones aside, has a row of the key. */
extern bool partitions_have_row(Relation parent, const TableAccess *access,
								const Datum *key, Snapshot snapshot);

/* ---- deciding (row_write.c) ---- */

/* The caller's decision and the memory it runs in. */
typedef struct Decision
{
	WriteDecision decide;
	void	   *arg;
	MemoryContext caller;		/* of the first call */
	MemoryContext retry;		/* of the later ones; NULL before */
	int			calls;
} Decision;

extern void decision_begin(Decision *decision, WriteDecision decide, void *arg);
/* The memory context of the next call, emptied: `old` is to be made in it. */
extern MemoryContext decision_next_context(Decision *decision);
/* Runs in the context that decision_next_context() has returned. */
extern WriteVerdict decision_run(Decision *decision, MemoryContext context,
								 const DynamoItem *old, DynamoItem **new_item);
/* Whether two items are the same bytes. */
extern bool items_equal(const DynamoItem *a, const DynamoItem *b);

/* After as many lost rounds a writer locks the row before it decides. */
#define MAX_LOST_ROUNDS 3

/* ---- index entries (row_index.c) ---- */

/*
 * Inserts the entry of a new row into the primary key's index.  True if no other
 * row has the key; otherwise one may have, see row_find_conflict().
 */
extern bool primary_entry_insert(RowLookup *lookup, TupleTableSlot *row);
/* Inserts the entries of a new row into all other indexes. */
extern void secondary_entries_insert(RowLookup *lookup, TupleTableSlot *row);
/* Inserts the entries that a new version of a row needs, whose derived columns
 * have changed so.
 */
extern void version_entries_insert(RowLookup *lookup, TupleTableSlot *row,
								   TU_UpdateIndexes update, const Bitmapset *changed);

/* ---- keys without row (row_hold.c) ---- */

/*
 * Keeps others from inserting the key looked up until the transaction ends.
 * False if a row of the key has come to be: look it up again.  The index must
 * be open with RowExclusiveLock.
 */
extern bool row_hold_absent(RowLookup *lookup, const ItemKey *key);

/* ---- ranges (row_scan.c) ---- */

/* A comparison of one part of the index with a constant. */
typedef struct KeyComparison
{
	int			part;
	StrategyNumber strategy;
	Datum		value;
} KeyComparison;

/*
 * The rows of a scan: all comparisons hold, and if nstart > 0, the parts of the
 * index from start_part on compare, as a row, to start[] by start_strategy.
 */
typedef struct KeyConditions
{
	bool		empty;			/* no row can match */
	int			ncomparisons;
	KeyComparison comparisons[MAX_KEY_ATTRIBUTES + 4];
	int			start_part;		/* the first that is not fixed */
	int			nstart;
	StrategyNumber start_strategy;
	Datum		start[MAX_INDEX_PARTS];
} KeyConditions;

/* Which rows a scan returns, and how; the part that both ways have in common. */
typedef struct ScanShape
{
	int			nhash;
	int			total_segments;	/* 0: all rows */
	int			segment;
	bool		backward;
	int64		limit;			/* no more rows are asked for; 0: not known */
	AttributeType hash_types[MAX_HASH_ATTRIBUTES];
} ScanShape;

/*
 * Whether a row with this partition key belongs to the scan's segment.  Depends
 * on nothing but the key's values.  Allocates in the current memory context.
 */
extern bool in_segment(const ScanShape *shape, const Datum *partition_key);

/* ---- ranges directly (row_direct_scan.c) ---- */

typedef struct DirectScan DirectScan;

/* In the current memory context, which is to be that of all calls. */
extern DirectScan *direct_scan_begin(DynamoTable *table, const KeyIndex *index,
									 const ScanShape *shape,
									 const KeyConditions *conditions);
/* The item as stored, valid until the next call; false at the end. */
extern bool direct_scan_next(DirectScan *scan, Datum *item);
extern void direct_scan_end(DirectScan *scan);

/* ---- by SQL (row_sql.c, row_sql_scan.c) ---- */

extern DynamoItem *sql_get_item(DynamoTable *table, const ItemKey *key);
extern void sql_write_item(DynamoTable *table, const ItemKey *key, bool hold,
						   WriteDecision decide, void *arg);
extern bool sql_refresh_columns(DynamoTable *table, const ItemKey *key, bool wait);

typedef struct SqlScan SqlScan;

/* In the current memory context, which is to be that of all calls. */
extern SqlScan *sql_scan_begin(DynamoTable *table, const KeyIndex *index,
							   const ScanShape *shape, const KeyConditions *conditions);
/*
 * The item as stored, valid until the next call; false at the end.  Uses and may
 * empty `item_context`.
 */
extern bool sql_scan_next(SqlScan *scan, MemoryContext item_context, Datum *item);
extern void sql_scan_end(SqlScan *scan);

/* ---- statements (row_sql_statements.c) ---- */

/* The statements of one key; their parameters are the key's parts, then: */
typedef enum KeyStatement
{
	STATEMENT_SELECT,			/* - */
	STATEMENT_LOCK,				/* - */
	STATEMENT_INSERT,			/* new item */
	STATEMENT_INSERT_ALL,		/* new item, its other derived columns */
	STATEMENT_UPDATE,			/* old item, new item */
	STATEMENT_UPDATE_ALL,		/* old item, new item, its other derived columns */
	STATEMENT_DELETE,			/* old item */
	STATEMENT_SHARE,			/* old item */
} KeyStatement;

/* Executes a statement of one key, within SPI: the number of rows. */
extern uint64 sql_execute_key(DynamoTable *table, TableAccess *access, KeyStatement kind,
							  Datum *parameters, const char *nulls, bool read_only);
/* Whether statements that store an item are to supply all derived columns. */
extern bool sql_supplies_columns(Relation rel);
/* Frees what is remembered of a table's statements. */
extern void sql_statements_free(struct SqlStatements *sql);

/* Names in statements, quoted. */
extern void append_table_name(StringInfo sql, Relation rel);
extern void append_column_name(StringInfo sql, Relation rel, AttrNumber column);
/*
 * How to plan a statement that compares these columns with parameters, of which the
 * first have to be equal: CURSOR_OPT_GENERIC_PLAN if it is for all partitions,
 * CURSOR_OPT_CUSTOM_PLAN if it is for one, 0 if that is the planner's to say.
 */
extern int sql_plan_options(Relation rel, const KeyColumn *keys, int nfixed, int ncompared);
/*
 * A plan for the statement, kept with the table under the statement's text, on which
 * the options depend.
 */
extern struct _SPI_plan *sql_kept_plan(TableAccess *access, const char *statement,
									   int nargs, Oid *argtypes, int options);

/* Tells the watcher, if there is one. */
static inline void
watch_rows(const DynamoTable *table, AttributeValue partition, bool write)
{
	if (row_watcher != NULL)
		row_watcher(table, partition, write);
}

#endif							/* DYNAMO_ROW_INTERNAL_H */
