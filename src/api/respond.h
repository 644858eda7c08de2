/*
 * respond.h
 *		Responses: results of operations as JSON.
 *
 * Each appends one JSON object to `out`, whose members come in the order of
 * DynamoDB's service model; absent ones are left out.
 */
#ifndef DYNAMO_RESPOND_H
#define DYNAMO_RESPOND_H

#include "lib/stringinfo.h"

#include "ops/ops.h"

/* ---- items (respond_items.c) ---- */

extern void respond_write(StringInfo out, const WriteResult *result);
extern void respond_get_item(StringInfo out, const GetItemResult *result);
extern void respond_read_begin(StringInfo out, bool with_items);
extern void respond_read_item(void *out, AttributeValue item); /* an ItemTaker */
extern void respond_read_end(StringInfo out, bool with_items, const ReadResult *result);
extern void respond_batch_get(StringInfo out, const BatchGetResult *result);
extern void respond_batch_write(StringInfo out, const BatchWriteResult *result);
extern void respond_transact_write(StringInfo out, const TransactWriteResult *result);
extern void respond_transact_get(StringInfo out, const TransactGetResult *result);

/* ---- tables (respond_tables.c) ---- */

extern void respond_list_tables(StringInfo out, const ListTablesResult *result);
/* The description as the one member of this name: "Table", "TableDescription". */
extern void respond_table(StringInfo out, const char *name,
						  const TableDescription *table);
extern void append_table_description(StringInfo out, const TableDescription *table);
extern void append_time_to_live_description(StringInfo out, const TimeToLive *time_to_live);
extern void append_time_to_live_specification(StringInfo out,
											  const TimeToLiveSpecification *specification);
extern void respond_time_to_live(StringInfo out, const TimeToLive *time_to_live);
extern void respond_time_to_live_update(StringInfo out,
										const TimeToLiveSpecification *specification);
/* A list of Tag *. */
extern void respond_tags(StringInfo out, const List *tags);

/* ---- the service (respond_service.c) ---- */

extern void respond_limits(StringInfo out);
extern void respond_endpoints(StringInfo out);
extern void respond_continuous_backups(StringInfo out);
extern void respond_contributor_insights(StringInfo out,
										 const ContributorInsightsRequest *request);
extern void respond_kinesis_destinations(StringInfo out, Bytes table_name);
extern void respond_replica_auto_scaling(StringInfo out, Bytes table_name,
										 const char *table_status);

/* ---- backups (respond_backups.c) ---- */

extern void respond_backup_details(StringInfo out, const BackupDescription *description);
extern void respond_backup(StringInfo out, const BackupDescription *description);
extern void append_backup_description(StringInfo out, const BackupDescription *description);
extern void respond_list_backups(StringInfo out, const ListBackupsResult *result);

/* ---- streams (respond_streams.c) ---- */

extern void respond_list_streams(StringInfo out, const ListStreamsResult *result);
extern void respond_stream(StringInfo out, const StreamDescription *description);
extern void respond_shard_iterator(StringInfo out, const ShardIteratorResult *result);
extern void respond_records(StringInfo out, const GetRecordsResult *result);

#endif							/* DYNAMO_RESPOND_H */
