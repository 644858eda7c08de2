/*
 * functions_backups.c
 *		The SQL functions about backups.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "api/functions.h"
#include "api/respond.h"

/* create_backup(): the ARN of the backup. */
COUNTED_FUNCTION(dynamo_create_backup, "CreateBackup")
{
	static TypedFunction function = {&create_backup_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"BackupName", ARGUMENT_TEXT},
	}};
	CreateBackupRequest request = {0};
	BackupDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_create_backup(&request, &result);
	PG_RETURN_TEXT_P(cstring_to_text(backup_arn(result.backup.table_name, result.backup.id)));
}

COUNTED_FUNCTION(dynamo_delete_backup, "DeleteBackup")
{
	static TypedFunction function = {&delete_backup_shape, {
		{"BackupArn", ARGUMENT_TEXT},
	}};
	BackupRequest request = {0};
	BackupDescription result = {0};
	StringInfoData json;

	read_arguments(fcinfo, &function, &request);
	op_delete_backup(&request, &result);
	initStringInfo(&json);
	append_backup_description(&json, &result);
	return text_from_buffer(&json);
}

COUNTED_FUNCTION(dynamo_restore_table_from_backup, "RestoreTableFromBackup")
{
	static TypedFunction function = {&restore_table_from_backup_shape, {
		{"TargetTableName", ARGUMENT_TEXT},
		{"BackupArn", ARGUMENT_TEXT},
	}};
	RestoreRequest request = {0};
	TableDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_restore_table_from_backup(&request, &result);
	PG_RETURN_OID(dynamo_table_lookup(request.target_table_name));
}

/* list_backups(): the ARNs of all backups, of one table or of all. */
COUNTED_FUNCTION(dynamo_list_backups, "ListBackups")
{
	static TypedFunction function = {&list_backups_shape, {
		{"TableName", ARGUMENT_TEXT},
	}};
	ListBackupsRequest request = {0};
	ListBackupsResult result = {0};

	read_arguments(fcinfo, &function, &request);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	do
	{
		ListCell   *cell;

		op_list_backups(&request, &result);
		foreach(cell, result.backups)
		{
			const TableBackup *backup = lfirst(cell);

			return_text(fcinfo, bytes_from_cstring(backup_arn(backup->table_name, backup->id)));
		}
		if (result.last_evaluated != NULL)
			request.exclusive_start_backup_arn =
				bytes_from_cstring(backup_arn(result.last_evaluated->table_name,
											  result.last_evaluated->id));
	} while (result.last_evaluated != NULL);
	return (Datum) 0;
}
