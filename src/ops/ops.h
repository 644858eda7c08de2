/*
 * ops.h
 *		The operations, on decoded requests: no JSON, no HTTP, no SQL arguments.
 *
 * A front door (api/) fills a request structure, whose members have been
 * checked against the shape already (required, length, range, pattern, enum),
 * calls the operation, and renders the result.  An operation checks what
 * concerns more than one member, then the table, then the keys, then the
 * condition, in that order, as DynamoDB does.
 *
 * A string that is absent has data NULL; a map that is absent is
 * NO_ATTRIBUTE_VALUE.  Everything is palloc'd in the current memory context.
 */
#ifndef DYNAMO_OPS_H
#define DYNAMO_OPS_H

#include "nodes/pg_list.h"

#include "common/limits.h"
#include "common/optional.h"
#include "expr/expr.h"
#include "storage/storage.h"
#include "stream/stream.h"
#include "value/value.h"

/* ---- one item, Query and Scan ---- */

/* Enums: 0 is "not given", the others in the service model's order. */
typedef enum ReturnValues
{
	RETURN_VALUES_NOT_GIVEN,
	RETURN_NONE,
	RETURN_ALL_OLD,
	RETURN_UPDATED_OLD,
	RETURN_ALL_NEW,
	RETURN_UPDATED_NEW,
} ReturnValues;

typedef enum ReturnOnConditionFailure
{
	ON_FAILURE_NOT_GIVEN,
	ON_FAILURE_ALL_OLD,
	ON_FAILURE_NONE,
} ReturnOnConditionFailure;

typedef enum ReturnCapacity
{
	CAPACITY_NOT_GIVEN,
	CAPACITY_INDEXES,
	CAPACITY_TOTAL,
	CAPACITY_NONE,
} ReturnCapacity;

typedef enum ReturnCollectionMetrics
{
	METRICS_NOT_GIVEN,
	METRICS_SIZE,
	METRICS_NONE,
} ReturnCollectionMetrics;

typedef enum Select
{
	SELECT_NOT_GIVEN,
	SELECT_ALL_ATTRIBUTES,
	SELECT_ALL_PROJECTED_ATTRIBUTES,
	SELECT_SPECIFIC_ATTRIBUTES,
	SELECT_COUNT,
} Select;

/*
 * Parts that several requests share.  Parameters from before expressions are
 * lists as expr.h takes them.
 */
typedef struct WriteOptions
{
	Bytes		condition_expression;
	OptionalList expected;
	ConditionalOperator conditional_operator;
	AttributeValue names;		/* ExpressionAttributeNames: M of S */
	AttributeValue values;		/* ExpressionAttributeValues: M */
	ReturnValues return_values;
	ReturnOnConditionFailure return_on_failure;
	ReturnCapacity return_capacity;
	ReturnCollectionMetrics return_metrics;
} WriteOptions;

typedef struct PutItemRequest
{
	Bytes		table_name;
	AttributeValue item;
	WriteOptions options;
} PutItemRequest;

typedef struct UpdateItemRequest
{
	Bytes		table_name;
	AttributeValue key;
	Bytes		update_expression;
	OptionalList attribute_updates;
	WriteOptions options;
} UpdateItemRequest;

typedef struct DeleteItemRequest
{
	Bytes		table_name;
	AttributeValue key;
	WriteOptions options;
} DeleteItemRequest;

typedef struct GetItemRequest
{
	Bytes		table_name;
	AttributeValue key;
	OptionalBool consistent_read;
	Bytes		projection_expression;
	OptionalList attributes_to_get;
	AttributeValue names;
	ReturnCapacity return_capacity;
} GetItemRequest;

/* Query and Scan; members that one of them lacks stay absent. */
typedef struct ReadRequest
{
	Bytes		table_name;
	Bytes		index_name;
	Select		select;
	OptionalInt limit;
	OptionalBool consistent_read;
	OptionalBool scan_index_forward;
	AttributeValue exclusive_start_key;
	Bytes		key_condition_expression;
	Bytes		filter_expression;
	Bytes		projection_expression;
	OptionalList key_conditions;
	OptionalList filter;		/* QueryFilter, ScanFilter */
	ConditionalOperator conditional_operator;
	OptionalList attributes_to_get;
	AttributeValue names;
	AttributeValue values;
	OptionalInt segment;
	OptionalInt total_segments;
	ReturnCapacity return_capacity;
} ReadRequest;

/* Transactions tell read from write units. */
typedef enum CapacityKind
{
	CAPACITY_OF_ANY_KIND,
	CAPACITY_OF_READS,
	CAPACITY_OF_WRITES,
} CapacityKind;

/* What one secondary index has consumed. */
typedef struct IndexUnits
{
	Bytes		name;
	bool		is_local;
	double		units;
} IndexUnits;

/* ConsumedCapacity of one table; not rendered unless asked for. */
typedef struct ConsumedCapacity
{
	ReturnCapacity detail;		/* CAPACITY_TOTAL, _INDEXES; else absent */
	Bytes		table_name;
	double		units;			/* of the table and its indexes */
	double		table_units;
	List	   *indexes;		/* of IndexUnits *, those that have consumed any, for _INDEXES */
	CapacityKind kind;
} ConsumedCapacity;

typedef struct WriteResult
{
	AttributeValue attributes;	/* M, or absent */
	ConsumedCapacity capacity;
	AttributeValue collection_key;	/* of ItemCollectionMetrics, or absent */
} WriteResult;

typedef struct GetItemResult
{
	AttributeValue item;		/* absent if there is none */
	DynamoItem *whole;			/* the same where nothing is projected, or NULL */
	ConsumedCapacity capacity;
} GetItemResult;

/*
 * Takes the items of a page, each an M, as they are found; an item is valid
 * during the call.  NULL where none is wanted (Select COUNT).
 */
typedef void (*ItemTaker)(void *arg, AttributeValue item);

typedef struct ReadResult
{
	int64		count;
	int64		scanned_count;
	AttributeValue last_evaluated_key;
	ConsumedCapacity capacity;
} ReadResult;

extern void op_put_item(const PutItemRequest *request, WriteResult *result);
extern void op_update_item(const UpdateItemRequest *request, WriteResult *result);
extern void op_delete_item(const DeleteItemRequest *request, WriteResult *result);
/*
 * The old item, as DynamoDB JSON, of a ConditionalCheckFailedException whose
 * request said ReturnValuesOnConditionCheckFailure=ALL_OLD; else NULL.  It is
 * the error's DETAIL, which no other such exception has.
 */
extern const char *condition_failure_item(const ErrorData *error);

extern void op_get_item(const GetItemRequest *request, GetItemResult *result);
extern void op_query(const ReadRequest *request, ItemTaker take, void *arg,
					 ReadResult *result);
extern void op_scan(const ReadRequest *request, ItemTaker take, void *arg,
					ReadResult *result);

/*
 * Query and Scan item by item, for set-returning SQL functions: no pages, only
 * the limit (max_items, counted after the filter).  The stream keeps its scan
 * open between the calls, in a child of the memory context that is current when
 * it begins; the request must live as long.  An item is valid until the next
 * call; NULL at the end, to which `to_end` says that it will be read.
 * read_stream_end() must be called, unless the transaction aborts.
 */
typedef struct ReadStream ReadStream;

extern ReadStream *read_stream_begin(const ReadRequest *request, bool is_query, bool to_end);
extern const DynamoItem *read_stream_next(ReadStream *stream);
/* The capacity that it has consumed so far. */
extern double read_stream_units(const ReadStream *stream);
extern void read_stream_end(ReadStream *stream);

/* ---- what a request concerns (request.c) ---- */

typedef struct RequestTable
{
	double		units;			/* consumed of it */
	int			length;
	char		name[MAX_TABLE_NAME_SIZE + 1];
} RequestTable;

/* Belongs to who counts requests, and need not be initialised. */
typedef struct RequestRecord
{
	const char *operation;		/* NULL: not known */
	int			ntables;
	RequestTable *tables;		/* that it names */

	RequestTable first;
	int			allocated;
	MemoryContext context;		/* for more than one table */
	struct RequestRecord *outer;
} RequestRecord;

/* A request begins, of which nothing is known but maybe its operation. */
extern PGDLLEXPORT void request_begin(RequestRecord *request, const char *operation);
/* From here on, until it is left, what is noted is noted of this request. */
extern PGDLLEXPORT void request_enter(RequestRecord *request);
extern PGDLLEXPORT void request_leave(RequestRecord *request);

extern void request_note_operation(const char *operation);
/* Of a request that is valid: its names can be names of tables. */
extern void request_note_table(Bytes name);
extern void request_note_units(Bytes table_name, double units);

/* ---- several items (batch.c) ---- */

/*
 * What BatchGetItem asks of one table.  The first two fields are the key in
 * RequestItems, which answers repeat as it was given.
 */
typedef struct BatchGetTable
{
	Bytes		table_name;
	Bytes		given_name;		/* the name or an ARN */
	List	   *keys;			/* of AttributeValue *, each an M */
	OptionalBool consistent_read;
	Bytes		projection_expression;
	OptionalList attributes_to_get;
	AttributeValue names;
} BatchGetTable;

typedef struct BatchGetRequest
{
	List	   *tables;			/* of BatchGetTable * */
	ReturnCapacity return_capacity;
} BatchGetRequest;

typedef struct BatchGetTableResult
{
	const BatchGetTable *request;
	List	   *items;			/* of AttributeValue *: those found, in the order asked for */
	List	   *unprocessed_keys;	/* of AttributeValue * */
	ConsumedCapacity capacity;
} BatchGetTableResult;

typedef struct BatchGetResult
{
	List	   *tables;			/* of BatchGetTableResult *, in the request's order */
} BatchGetResult;

/* One of BatchWriteItem's requests: exactly one of both; only item and key are set. */
typedef struct BatchWrite
{
	PutItemRequest *put;
	DeleteItemRequest *delete;
} BatchWrite;

typedef struct BatchWriteTable
{
	Bytes		table_name;		/* as above */
	Bytes		given_name;
	List	   *writes;			/* of BatchWrite * */
} BatchWriteTable;

typedef struct BatchWriteRequest
{
	List	   *tables;			/* of BatchWriteTable * */
	ReturnCapacity return_capacity;
	ReturnCollectionMetrics return_metrics;
} BatchWriteRequest;

/* Item collections that were written to in one table that has local indexes. */
typedef struct WrittenCollections
{
	Bytes		table_name;		/* as it was given */
	List	   *keys;			/* of AttributeValue *, each an M */
} WrittenCollections;

/* Everything is processed: nothing is throttled. */
typedef struct BatchWriteResult
{
	List	   *capacities;		/* of ConsumedCapacity *, one per table */
	List	   *collections;	/* of WrittenCollections * */
} BatchWriteResult;

/* All items are read in one snapshot, in the order of their keys. */
extern void op_batch_get_item(const BatchGetRequest *request, BatchGetResult *result);
/* Keys are written in the order of table and key, so batches do not deadlock. */
extern void op_batch_write_item(const BatchWriteRequest *request, BatchWriteResult *result);

/* ---- transactions (transact_write.c, transact_get.c) ---- */

/* Exactly one of the four; of the requests only what TransactWriteItem has is set. */
typedef struct TransactWrite
{
	DeleteItemRequest *condition_check;
	PutItemRequest *put;
	DeleteItemRequest *delete;
	UpdateItemRequest *update;
} TransactWrite;

typedef struct TransactWriteRequest
{
	List	   *actions;		/* of TransactWrite * */
	ReturnCapacity return_capacity;
	ReturnCollectionMetrics return_metrics;
	Bytes		client_request_token;
} TransactWriteRequest;

typedef struct TransactWriteResult
{
	List	   *capacities;		/* of ConsumedCapacity *, one per table */
	List	   *collections;	/* of WrittenCollections * */
} TransactWriteResult;

typedef struct TransactGet
{
	GetItemRequest *get;		/* required */
} TransactGet;

typedef struct TransactGetRequest
{
	List	   *gets;			/* of TransactGet * */
	ReturnCapacity return_capacity;
} TransactGetRequest;

typedef struct TransactGetResult
{
	List	   *items;			/* of AttributeValue *, by position; absent: no item */
	List	   *capacities;		/* of ConsumedCapacity *, one per table */
} TransactGetResult;

/*
 * Either all actions are done or TransactionCanceledException is raised.  What
 * the conditions have seen stays true until the caller's transaction ends.  A
 * ClientRequestToken that was used with the same actions in the last ten
 * minutes makes it do nothing; with other ones it raises
 * IdempotentParameterMismatchException.
 */
extern void op_transact_write_items(const TransactWriteRequest *request,
									TransactWriteResult *result);
/* All items are read in one snapshot. */
extern void op_transact_get_items(const TransactGetRequest *request,
								  TransactGetResult *result);

/*
 * CancellationReasons, a JSON array, of a TransactionCanceledException; else
 * NULL.  It is the error's DETAIL.
 */
extern const char *cancellation_reasons(const ErrorData *error);
/*
 * Whether the error ended a TransactWriteItems because of another transaction:
 * a deadlock, a lock timeout or a serialization failure at one of the actions.
 * Then DynamoDB would have cancelled the transaction for a TransactionConflict
 * of that action: sets message and reasons, palloc'd.  (SQL gets PostgreSQL's
 * error.)  Speaks of the operations since forget_transaction().
 */
extern bool transaction_conflict(const ErrorData *error, char **message, char **reasons);
extern void forget_transaction(void);

/* ---- tables ---- */

/* Enums of the service model, in its order; 0 is "not given". */
#define KEY_TYPE_HASH					1
#define KEY_TYPE_RANGE					2
#define ATTRIBUTE_TYPE_S				1
#define ATTRIBUTE_TYPE_N				2
#define ATTRIBUTE_TYPE_B				3
#define BILLING_MODE_PROVISIONED		1
#define BILLING_MODE_PAY_PER_REQUEST	2
#define TABLE_CLASS_STANDARD			1
#define TABLE_CLASS_INFREQUENT_ACCESS	2

typedef struct KeySchemaElement
{
	Bytes		attribute_name;
	int			key_type;		/* KEY_TYPE_... */
} KeySchemaElement;

typedef struct AttributeDefinition
{
	Bytes		attribute_name;
	int			attribute_type; /* ATTRIBUTE_TYPE_... */
} AttributeDefinition;

typedef struct ProvisionedThroughput
{
	OptionalInt read_capacity_units;
	OptionalInt write_capacity_units;
} ProvisionedThroughput;

typedef struct OnDemandThroughput
{
	OptionalInt max_read_request_units;
	OptionalInt max_write_request_units;
} OnDemandThroughput;

typedef struct WarmThroughput
{
	OptionalInt read_units_per_second;
	OptionalInt write_units_per_second;
} WarmThroughput;

#define PROJECTION_ALL		 1
#define PROJECTION_KEYS_ONLY 2
#define PROJECTION_INCLUDE	 3

typedef struct ProjectionRequest
{
	int			projection_type; /* PROJECTION_..., or 0 */
	OptionalList non_key_attributes; /* of Bytes * */
} ProjectionRequest;

/*
 * A secondary index in CreateTable, UpdateTable or RestoreTableFromBackup;
 * members that one of these lacks stay absent.
 */
typedef struct IndexRequest
{
	Bytes		index_name;
	List	   *key_schema;		/* of KeySchemaElement * */
	ProjectionRequest *projection;
	ProvisionedThroughput *provisioned_throughput;
	OnDemandThroughput *on_demand_throughput;
	WarmThroughput *warm_throughput;
} IndexRequest;

/* An element of GlobalSecondaryIndexUpdates: exactly one of the three. */
typedef struct IndexUpdate
{
	IndexRequest *update;
	IndexRequest *create;
	IndexRequest *delete;
} IndexUpdate;

typedef struct StreamSpecification
{
	OptionalBool enabled;
	int			view_type;		/* StreamView, or 0 */
} StreamSpecification;

typedef struct CreateTableRequest
{
	List	   *attribute_definitions;	/* of AttributeDefinition * */
	Bytes		table_name;
	List	   *key_schema;		/* of KeySchemaElement * */
	List	   *local_indexes;	/* of IndexRequest * */
	List	   *global_indexes;
	int			billing_mode;	/* BILLING_MODE_..., or 0 */
	ProvisionedThroughput *provisioned_throughput;
	OnDemandThroughput *on_demand_throughput;
	WarmThroughput *warm_throughput;
	int			table_class;	/* TABLE_CLASS_..., or 0 */
	OptionalBool deletion_protection;
	List	   *tags;			/* of Tag * */
	StreamSpecification *stream;	/* NULL: not given */
} CreateTableRequest;

typedef struct UpdateTableRequest
{
	Bytes		table_name;
	List	   *attribute_definitions;
	int			billing_mode;
	ProvisionedThroughput *provisioned_throughput;
	List	   *index_updates;	/* of IndexUpdate * */
	OnDemandThroughput *on_demand_throughput;
	WarmThroughput *warm_throughput;
	int			table_class;
	OptionalBool deletion_protection;
	StreamSpecification *stream;
} UpdateTableRequest;

typedef struct IndexDescription
{
	const IndexDefinition *index;
	const char *status;			/* "ACTIVE", ... */
	int64		item_count;
	int64		size_bytes;
} IndexDescription;

/* What TableDescription renders. */
typedef struct TableDescription
{
	Bytes		table_name;
	const char *status;			/* "ACTIVE", ... */
	KeySchema	key;
	TableSettings settings;
	bool		warming;		/* UpdateTable changes its warm throughput */
	List	   *indexes;		/* of IndexDescription * */
	int64		item_count;
	int64		size_bytes;
	StreamView	stream_view;	/* of the stream, if it is enabled; else 0 */
	const char *stream_label;	/* of the latest stream; NULL: it never had one */
} TableDescription;

extern void op_create_table(const CreateTableRequest *request, TableDescription *result);
extern void op_update_table(const UpdateTableRequest *request, TableDescription *result);
extern void op_describe_table(Bytes table_name, TableDescription *result);
extern void op_delete_table(Bytes table_name, TableDescription *result);

/* What a table or global index can serve at once (warm_throughput.c). */
extern WarmUnits warm_units(WarmUnits recorded, int64 read_capacity, int64 write_capacity);

typedef struct ListTablesResult
{
	List	   *names;			/* of Bytes * */
	Bytes		last_evaluated_name;
} ListTablesResult;

extern void op_list_tables(Bytes after, OptionalInt limit, ListTablesResult *result);

/* ---- features that a table does not have (service.c) ---- */

typedef struct PointInTimeSpecification
{
	OptionalBool enabled;
	OptionalInt recovery_period;	/* days */
} PointInTimeSpecification;

typedef struct ContinuousBackupsRequest
{
	Bytes		table_name;
	PointInTimeSpecification *specification;
} ContinuousBackupsRequest;

typedef struct ContributorInsightsRequest
{
	Bytes		table_name;		/* or data NULL, of a list */
	Bytes		index_name;		/* or data NULL */
	OptionalInt max_results;
	Bytes		next_token;
} ContributorInsightsRequest;

typedef struct ResourcePolicyRequest
{
	Bytes		resource_arn;
	Bytes		expected_revision_id;
} ResourcePolicyRequest;

typedef struct GlobalTableRequest
{
	Bytes		name;			/* that is described, or behind which a list begins */
	OptionalInt limit;
	Bytes		region;
} GlobalTableRequest;

/* Of an export or import, or a list of them. */
typedef struct TransferRequest
{
	Bytes		arn;			/* of what is described, or of the table */
	OptionalInt limit;
	Bytes		next_token;
} TransferRequest;

typedef struct IncrementalExport
{
	OptionalInt from;
	OptionalInt to;
	int			view_type;
} IncrementalExport;

typedef struct ExportRequest
{
	Bytes		table_name;
	OptionalInt time;
	Bytes		client_token;
	Bytes		bucket;
	Bytes		bucket_owner;
	Bytes		prefix;
	int			sse_algorithm;
	Bytes		sse_key_id;
	int			format;
	int			type;
	IncrementalExport *incremental;
} ExportRequest;

/* These return if the table is there: the feature is disabled. */
extern void op_describe_continuous_backups(Bytes table_name);
extern void op_describe_contributor_insights(const ContributorInsightsRequest *request);
extern void op_list_contributor_insights(const ContributorInsightsRequest *request);
extern void op_describe_kinesis_destination(Bytes table_name);
/* The status of the table, which has neither replicas nor a scaling of its own. */
extern const char *op_describe_replica_auto_scaling(Bytes table_name);
/* Raises PolicyNotFoundException. */
extern void op_get_resource_policy(const ResourcePolicyRequest *request);
/* Returns, unless a revision is to be deleted. */
extern void op_delete_resource_policy(const ResourcePolicyRequest *request);
/* Raise GlobalTableNotFoundException, ExportNotFoundException, ImportNotFoundException. */
extern void op_describe_global_table(const GlobalTableRequest *request);
extern void op_describe_export(const TransferRequest *request);
extern void op_describe_import(const TransferRequest *request);
/* Returns: the list is empty. */
extern void op_list_transfers(const TransferRequest *request);
/* Raises ContinuousBackupsUnavailableException if they shall be enabled. */
extern void op_update_continuous_backups(const ContinuousBackupsRequest *request);

/* ---- backups ---- */

#define BACKUP_TYPE_USER		1	/* in the service model's order */
#define BACKUP_TYPE_SYSTEM		2
#define BACKUP_TYPE_AWS_BACKUP	3
#define BACKUP_TYPE_ALL			4

typedef struct CreateBackupRequest
{
	Bytes		table_name;
	Bytes		backup_name;
} CreateBackupRequest;

typedef struct BackupRequest
{
	Bytes		backup_arn;
} BackupRequest;

typedef struct ListBackupsRequest
{
	Bytes		table_name;		/* data NULL: of all tables */
	OptionalInt limit;
	OptionalInt lower_bound;	/* TimestampTz, inclusive */
	OptionalInt upper_bound;	/* exclusive */
	Bytes		exclusive_start_backup_arn;
	int			backup_type;	/* BACKUP_TYPE_..., or 0 */
} ListBackupsRequest;

typedef struct RestoreRequest
{
	Bytes		target_table_name;
	Bytes		backup_arn;
	int			billing_mode;
	OptionalList global_indexes; /* of IndexRequest *: those to restore */
	OptionalList local_indexes;
	ProvisionedThroughput *provisioned_throughput;
	OnDemandThroughput *on_demand_throughput;
} RestoreRequest;

typedef struct BackupDescription
{
	TableBackup backup;
	const char *status;			/* "CREATING", "AVAILABLE", "DELETED" */
} BackupDescription;

typedef struct ListBackupsResult
{
	List	   *backups;		/* of TableBackup * */
	const TableBackup *last_evaluated;	/* NULL at the end */
} ListBackupsResult;

/* What RestoreTableToPointInTime has beside. */
typedef struct PointInTimeRestoreRequest
{
	RestoreRequest restore;		/* without backup_arn */
	Bytes		source_table;
	Bytes		source_table_by_arn;
	OptionalBool latest;
	OptionalInt time;
} PointInTimeRestoreRequest;

/* Raise PointInTimeRecoveryUnavailableException if the table is there. */
extern void op_restore_to_point_in_time(const PointInTimeRestoreRequest *request);
extern void op_export_table(const ExportRequest *request);

extern void op_create_backup(const CreateBackupRequest *request, BackupDescription *result);
extern void op_describe_backup(const BackupRequest *request, BackupDescription *result);
extern void op_delete_backup(const BackupRequest *request, BackupDescription *result);
extern void op_list_backups(const ListBackupsRequest *request, ListBackupsResult *result);
extern void op_restore_table_from_backup(const RestoreRequest *request,
										 TableDescription *result);

/* ---- loading (load_items.c) ---- */

typedef struct LoadRequest
{
	Bytes		table_name;
	const char *query;
	LoadConflict on_conflict;
} LoadRequest;

extern void op_load_items(const LoadRequest *request, LoadCounts *result);

/* ---- time to live (time_to_live.c) ---- */

typedef struct TimeToLiveSpecification
{
	OptionalBool enabled;
	Bytes		attribute_name;
} TimeToLiveSpecification;

typedef struct UpdateTimeToLiveRequest
{
	Bytes		table_name;
	TimeToLiveSpecification *specification;
} UpdateTimeToLiveRequest;

typedef enum TimeToLiveStatus
{
	TTL_DISABLED,
	TTL_ENABLING,
	TTL_ENABLED,
} TimeToLiveStatus;

typedef struct TimeToLive
{
	TimeToLiveStatus status;
	Bytes		attribute;		/* data NULL: disabled */
} TimeToLive;

extern void op_update_time_to_live(const UpdateTimeToLiveRequest *request);
extern void op_describe_time_to_live(Bytes table_name, TimeToLive *result);

/* ---- jobs (jobs.c) ---- */

/*
 * Set where CreateBackup and RestoreTableFromBackup are not to run at once, if
 * there is a worker for them.
 */
extern PGDLLEXPORT bool jobs_are_deferred;

/*
 * The steps of a job, each of which needs a transaction with an active
 * snapshot.  job_begin() returns the oldest job that can be run, palloc'd, or
 * NULL, and gives up those that cannot.  job_run() does it, or raises whatever
 * it raises.  job_fail() then records that; a job that was interrupted, or that
 * another transaction was in the way of, is to run again.
 */
extern TableJob *job_begin(void);
extern void job_run(TableJob *job);
extern void job_fail(TableJob *job, const ErrorData *error, bool interrupted);
/* Whether there is a job that can be run. */
extern bool job_is_waiting(void);

/* ---- tags ---- */

typedef struct TagResourceRequest
{
	Bytes		resource_arn;
	List	   *tags;			/* of Tag * */
} TagResourceRequest;

typedef struct UntagResourceRequest
{
	Bytes		resource_arn;
	OptionalList tag_keys;		/* of Bytes * */
} UntagResourceRequest;

typedef struct ListTagsRequest
{
	Bytes		resource_arn;
	Bytes		next_token;
} ListTagsRequest;

extern void op_tag_resource(const TagResourceRequest *request);
extern void op_untag_resource(const UntagResourceRequest *request);
/* Tag *, ordered by key. */
extern List *op_list_tags_of_resource(const ListTagsRequest *request);

/* ---- streams (streams.c) ---- */

#define SHARD_ITERATOR_TRIM_HORIZON	1	/* in the service model's order */
#define SHARD_ITERATOR_LATEST		2
#define SHARD_ITERATOR_AT			3
#define SHARD_ITERATOR_AFTER		4

typedef struct ListStreamsRequest
{
	Bytes		table_name;		/* data NULL: of all tables */
	OptionalInt limit;
	Bytes		exclusive_start;	/* an ARN */
} ListStreamsRequest;

typedef struct StreamSummary
{
	const char *arn;
	const char *table_name;
	const char *label;
} StreamSummary;

typedef struct ListStreamsResult
{
	List	   *streams;		/* of StreamSummary * */
	const char *last_evaluated_arn; /* NULL at the end */
} ListStreamsResult;

#define SHARD_FILTER_CHILD_SHARDS	1

typedef struct ShardFilter
{
	int			type;			/* SHARD_FILTER_..., or 0 */
	Bytes		shard_id;
} ShardFilter;

typedef struct DescribeStreamRequest
{
	Bytes		stream_arn;
	OptionalInt limit;
	Bytes		exclusive_start_shard_id;
	ShardFilter *filter;
} DescribeStreamRequest;

typedef struct StreamDescription
{
	Stream	   *stream;
	const char *table_name;
	const char *status;
	List	   *shards;			/* of StreamShard * */
	const char *last_evaluated_shard_id;	/* NULL at the end */
} StreamDescription;

typedef struct GetShardIteratorRequest
{
	Bytes		stream_arn;
	Bytes		shard_id;
	int			type;			/* SHARD_ITERATOR_... */
	Bytes		sequence_number;
} GetShardIteratorRequest;

typedef struct ShardIteratorResult
{
	const char *iterator;
} ShardIteratorResult;

typedef struct GetRecordsRequest
{
	Bytes		shard_iterator;
	OptionalInt limit;
} GetRecordsRequest;

typedef struct GetRecordsResult
{
	const Stream *stream;
	List	   *records;		/* of StreamRecord * */
	const char *next_iterator;	/* NULL: the shard is closed, and read to its end */
} GetRecordsResult;

extern void op_list_streams(const ListStreamsRequest *request, ListStreamsResult *result);
extern void op_describe_stream(const DescribeStreamRequest *request, StreamDescription *result);
extern void op_get_shard_iterator(const GetShardIteratorRequest *request,
								  ShardIteratorResult *result);
extern void op_get_records(const GetRecordsRequest *request, GetRecordsResult *result);

/* ---- all shards together (streams_merged.c) ---- */

/* What dynamo.read_stream() asks for: the records of all shards together. */
typedef struct ReadStreamRequest
{
	Bytes		stream;			/* an ARN, or the name of a table: its latest stream */
	Bytes		iterator;		/* a sequence number; TRIM_HORIZON, or data NULL: the oldest */
	int			limit;
} ReadStreamRequest;

typedef struct ReadStreamRecord
{
	const StreamRecord *record;
	const char *shard_id;
} ReadStreamRecord;

/* ReadStreamRecord *, in the order of their sequence numbers. */
extern List *op_read_stream(const ReadStreamRequest *request);
/* Behind it are changes that commit from now on.  False if there are no shards yet. */
extern bool op_stream_position(Bytes stream, StreamPosition *position);

/* ---- ARNs (arn.c) ---- */

typedef struct ResourceArn
{
	Bytes		region;
	Bytes		account;
	Bytes		table_name;
	Bytes		backup_id;		/* of a backup; else data NULL */
	Bytes		stream_label;	/* of a stream; else data NULL */
} ResourceArn;

/* palloc'd, of dynamo.region and dynamo.account_id */
extern char *table_arn(Bytes table_name);
extern char *index_arn(Bytes table_name, Bytes index_name);
extern char *backup_arn(Bytes table_name, Bytes backup_id);
/* False if it is no ARN of a table, backup or stream; the parts point into the text. */
extern bool parse_arn(Bytes text, ResourceArn *arn);
/* Whether it is of this region and account. */
extern bool arn_is_here(const ResourceArn *arn);

#endif							/* DYNAMO_OPS_H */
