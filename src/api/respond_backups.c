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
	append_cstring(out, "BackupStatus", description->status);
	append_cstring(out, "BackupType", "USER");
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
	append_cstring(out, "TableArn", table_arn(backup->table_name));
	append_integer(out, "TableSizeBytes", backup->size_bytes);
	append_key_schema(out, &backup->key);
	append_time(out, "TableCreationDateTime", settings->created);
	begin_member(out, "ProvisionedThroughput");
	appendStringInfoChar(out, '{');
	append_capacity_units(out, settings->read_capacity, settings->write_capacity);
	appendStringInfoChar(out, '}');
	append_on_demand_throughput(out, settings->max_read_request_units,
								settings->max_write_request_units);
	append_integer(out, "ItemCount", backup->item_count);
	append_cstring(out, "BillingMode", billing_mode_name(settings->billing_mode));
	appendStringInfoChar(out, '}');
}

/* The local indexes that the table had, or the others. */
static void
append_index_infos(StringInfo out, const TableBackup *backup, bool local)
{
	int			before = begin_indexes(out, local, '[');
	ListCell   *cell;

	foreach(cell, backup->indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (index->is_local != local)
			continue;
		separate(out);
		append_index_info(out, index);
	}
	end_indexes(out, before, '[');
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
		append_capacity_units(out, index->read_capacity, index->write_capacity);
		appendStringInfoChar(out, '}');
		append_on_demand_throughput(out, index->max_read_request_units,
									index->max_write_request_units);
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
	append_cstring(out, "TableArn", table_arn(backup->table_name));
	append_backup_arn(out, "BackupArn", backup);
	append_text(out, "BackupName", backup->name);
	append_time(out, "BackupCreationDateTime", backup->created);
	append_cstring(out, "BackupStatus", backup->pending ? "CREATING" : "AVAILABLE");
	append_cstring(out, "BackupType", "USER");
	append_integer(out, "BackupSizeBytes", backup->size_bytes);
	appendStringInfoChar(out, '}');
}

static void
append_backup_arn(StringInfo out, const char *name, const TableBackup *backup)
{
	append_cstring(out, name, backup_arn(backup->table_name, backup->id));
}
