/*
 * service.c
 *		What the service says of a feature that tables do not have:
 *		DescribeContinuousBackups, UpdateContinuousBackups.
 *
 * Restoring to a point in time is PostgreSQL's matter (base backups and
 * archived WAL, of the whole server), so no table has it, and asking for it is
 * an error rather than a promise.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/tables.h"

void
op_describe_continuous_backups(Bytes table_name)
{
	existing_source_table(table_name);
	dynamo_table_close(dynamo_table_open(table_name, AccessShareLock, ACL_SELECT));
}

void
op_update_continuous_backups(const ContinuousBackupsRequest *request)
{
	existing_source_table(request->table_name);
	dynamo_table_close(open_own_table(request->table_name, AccessShareLock));
	if (request->specification->enabled.value)
		ereport(ERROR,
				(errcode(ERRCODE_CONTINUOUS_BACKUPS_UNAVAILABLE),
				 errmsg_internal("Continuous backups are not available for table: %.*s",
								 request->table_name.len, request->table_name.data),
				 errhint("Point-in-time recovery of the whole server needs base backups and "
						 "archived WAL; CreateBackup keeps a copy of one table.")));
}
