/*
 * respond_backups.c
 *		Responses about backups.
 */
#include "postgres.h"

#include "api/respond.h"
#include "api/respond_members.h"

static void append_index_infos(StringInfo out, const TableBackup *backup, bool local);
static void append_index_info(StringInfo out, const IndexDefinition *index);
static void append_backup_details(StringInfo out, const BackupDescription *description);
static void append_source_table(StringInfo out, const TableBackup *backup);
static void append_backup_summary(StringInfo out, const TableBackup *backup);
static void append_backup_arn(StringInfo out, const char *name, const TableBackup *backup);

void
respond_backup_details(StringInfo out, const BackupDescription *description)
{
	appendStringInfoChar(out, '{');
	append_backup_details(out, description);
	appendStringInfoChar(out, '}');
}

void
respond_backup(StringInfo out, const BackupDescription *description)
{
	appendStringInfoString(out, "{\"BackupDescription\":");
	append_backup_description(out, description);
	appendStringInfoChar(out, '}');
}

void
append_backup_description(StringInfo out, const BackupDescription *description)
{
	appendStringInfoChar(out, '{');
	append_backup_details(out, description);
	append_source_table(out, &description->backup);
	begin_member(out, "SourceTableFeatureDetails");
	appendStringInfoChar(out, '{');
	append_index_infos(out, &description->backup, true);
	append_index_infos(out, &description->backup, false);
	appendStringInfoString(out, "}}");
}

static void
append_backup_details(StringInfo out, const BackupDescription *description)
{
	const TableBackup *backup = &description->backup;

	begin_member(out, "BackupDetails");
	appendStringInfoChar(out, '{');
	append_backup_arn(out, "BackupArn", backup);
	append_text(out, "BackupName", backup->name);
	append_integer(out, "BackupSizeBytes", backup->size_bytes);
	append_text(out, "BackupStatus", bytes_from_cstring(description->status));
	append_text(out, "BackupType", bytes_from_cstring("USER"));
	append_time(out, "BackupCreationDateTime", backup->created);
	appendStringInfoChar(out, '}');
}

/* The table as it was. */
static void
append_source_table(StringInfo out, const TableBackup *backup)
{
	const TableSettings *settings = &backup->settings;

	begin_member(out, "SourceTableDetails");
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", backup->table_name);
	append_table_id(out, &settings->table_id);
	append_text(out, "TableArn", bytes_from_cstring(table_arn(backup->table_name)));
	append_integer(out, "TableSizeBytes", backup->size_bytes);
	append_key_schema(out, &backup->key);
	append_time(out, "TableCreationDateTime", settings->created);
	begin_member(out, "ProvisionedThroughput");
	appendStringInfoChar(out, '{');
	append_integer(out, "ReadCapacityUnits", settings->read_capacity);
	append_integer(out, "WriteCapacityUnits", settings->write_capacity);
	appendStringInfoChar(out, '}');
	append_on_demand_throughput(out, settings);
	append_integer(out, "ItemCount", backup->item_count);
	append_text(out, "BillingMode", bytes_from_cstring(
					settings->billing_mode == BILLING_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED"));
	appendStringInfoChar(out, '}');
}

/* The local indexes that the table had, or the others. */
static void
append_index_infos(StringInfo out, const TableBackup *backup, bool local)
{
	bool		some = false;
	ListCell   *cell;

	foreach(cell, backup->indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (index->is_local != local)
			continue;
		if (!some)
		{
			begin_member(out, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
			appendStringInfoChar(out, '[');
		}
		some = true;
		separate(out);
		append_index_info(out, index);
	}
	if (some)
		appendStringInfoChar(out, ']');
}

static void
append_index_info(StringInfo out, const IndexDefinition *index)
{
	appendStringInfoChar(out, '{');
	append_text(out, "IndexName", index->name);
	append_key_schema(out, &index->key);
	append_projection(out, index);
	if (!index->is_local)
	{
		begin_member(out, "ProvisionedThroughput");
		appendStringInfoChar(out, '{');
		append_integer(out, "ReadCapacityUnits", index->read_capacity);
		append_integer(out, "WriteCapacityUnits", index->write_capacity);
		appendStringInfoChar(out, '}');
		append_request_units(out, index->max_read_request_units, index->max_write_request_units);
	}
	appendStringInfoChar(out, '}');
}

void
respond_list_backups(StringInfo out, const ListBackupsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"BackupSummaries\":[");
	foreach(cell, result->backups)
	{
		separate(out);
		append_backup_summary(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
	if (result->last_evaluated != NULL)
		append_backup_arn(out, "LastEvaluatedBackupArn", result->last_evaluated);
	appendStringInfoChar(out, '}');
}

static void
append_backup_summary(StringInfo out, const TableBackup *backup)
{
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", backup->table_name);
	append_table_id(out, &backup->settings.table_id);
	append_text(out, "TableArn", bytes_from_cstring(table_arn(backup->table_name)));
	append_backup_arn(out, "BackupArn", backup);
	append_text(out, "BackupName", backup->name);
	append_time(out, "BackupCreationDateTime", backup->created);
	append_text(out, "BackupStatus",
				bytes_from_cstring(backup->pending ? "CREATING" : "AVAILABLE"));
	append_text(out, "BackupType", bytes_from_cstring("USER"));
	append_integer(out, "BackupSizeBytes", backup->size_bytes);
	appendStringInfoChar(out, '}');
}

static void
append_backup_arn(StringInfo out, const char *name, const TableBackup *backup)
{
	append_text(out, name, bytes_from_cstring(backup_arn(backup->table_name, backup->id)));
}
