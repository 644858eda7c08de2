/*
 * backups.c
 *		CreateBackup, DescribeBackup, ListBackups, DeleteBackup,
 *		RestoreTableFromBackup.
 *
 * A backup, or a table restored from one, is there when the transaction that
 * made it has committed; where that is to be done by a job (jobs.c), it is
 * CREATING until then.  Only who owns the table makes a backup, and only who
 * made it (or is a member of that role) describes, deletes or restores it.
 *
 * These functions run for as long as the table is large.  They need no more
 * than a transaction with an active snapshot.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "common/compat.h"
#include "common/errors.h"
#include "ops/jobs.h"
#include "ops/tables.h"

static bool find_backup(Bytes id, TableBackup *backup);
pg_noreturn static void raise_backup_not_found(Bytes arn);
pg_noreturn static void raise_backup_in_use(Bytes arn);
static void find_own_backup(Bytes arn, LOCKMODE lockmode, TableBackup *backup);
static Bytes start_backup_id(Bytes arn);
static List *all_backups(void);
static bool contains_backup(const List *backups, Bytes id);
static int	compare_backups(const ListCell *a, const ListCell *b);
static bool is_wanted(const ListBackupsRequest *request, const TableBackup *backup);
static void check_target_is_free(Bytes name);
static void restored_settings(const RestoreRequest *request, const TableBackup *backup,
							  TableSettings *settings);
static List *restored_indexes(const RestoreRequest *request, const TableBackup *backup,
							  BillingMode mode);
static const IndexRequest *find_override(const List *overrides, Bytes name);
static void check_overrides(const OptionalList *overrides, const TableBackup *backup, bool local);
static bool is_override_of(const IndexRequest *override, const IndexDefinition *index, bool local);
static void set_restored_throughput(const IndexRequest *override, BillingMode mode,
									IndexDefinition *index);
static void restore_backup(const TableBackup *backup, Bytes target,
						   const TableSettings *settings);

void
op_create_backup(const CreateBackupRequest *request, BackupDescription *result)
{
	DynamoTable *table;

	existing_source_table(request->table_name);
	table = open_own_table(request->table_name, AccessShareLock);
	table_backup_prepare(table, request->backup_name, &result->backup);
	if (jobs_can_wait())
		job_defer_backup(table, &result->backup);
	else
		table_backup_make(table, &result->backup);
	dynamo_table_close(table);
	result->status = "CREATING";
}

void
op_describe_backup(const BackupRequest *request, BackupDescription *result)
{
	find_own_backup(request->backup_arn, NoLock, &result->backup);
	result->status = result->backup.pending ? "CREATING" : "AVAILABLE";
}

void
op_delete_backup(const BackupRequest *request, BackupDescription *result)
{
	find_own_backup(request->backup_arn, ExclusiveLock, &result->backup);
	if (job_reads_backup(result->backup.id))
		raise_backup_in_use(request->backup_arn);
	table_backup_drop(&result->backup);
	result->status = "DELETED";
}

/*
 * The backup of an ARN, with this lock.  Raises BackupNotFoundException,
 * insufficient_privilege, BackupInUseException.
 */
static void
find_own_backup(Bytes text, LOCKMODE lockmode, TableBackup *backup)
{
	ResourceArn arn;

	if (!parse_arn(text, &arn) || !arn_is_here(&arn) || arn.backup_id.data == NULL ||
		!find_backup(arn.backup_id, backup) ||
		!bytes_equal(arn.table_name, backup->table_name))
		raise_backup_not_found(text);
	if (!backup->pending && !compat_owns_relation(backup->relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, bytes_to_cstring(backup->id));
	if (lockmode == NoLock)
		return;
	if (backup->pending || !table_backup_lock(backup, lockmode))
		raise_backup_in_use(text);
	/* It may have been deleted in the meantime. */
	if (get_rel_name(backup->relid) == NULL)
		raise_backup_not_found(text);
}

/*
 * Or what a job is to make; looked for between two looks for the backup, which
 * may have become ready in between.
 */
static bool
find_backup(Bytes id, TableBackup *backup)
{
	TableJob   *job;

	if (table_backup_find(id, backup))
		return true;
	job = job_making_backup(id);
	if (job == NULL)
		return table_backup_find(id, backup);
	check_owns_job(job);
	*backup = job->backup;
	backup->item_count = 0;
	return true;
}

static void
raise_backup_not_found(Bytes arn)
{
	ereport(ERROR, (errcode(ERRCODE_BACKUP_NOT_FOUND),
					errmsg_internal("Backup not found: %.*s", arn.len, arn.data)));
}

static void
raise_backup_in_use(Bytes arn)
{
	ereport(ERROR, (errcode(ERRCODE_BACKUP_IN_USE),
					errmsg_internal("Backup is in use: %.*s", arn.len, arn.data)));
}

/* ---- listing ---- */

void
op_list_backups(const ListBackupsRequest *request, ListBackupsResult *result)
{
	int			limit = request->limit.given ? request->limit.value : MAX_LIST_BACKUPS;
	Bytes		after = start_backup_id(request->exclusive_start_backup_arn);
	ListCell   *cell;

	memset(result, 0, sizeof(*result));
	foreach(cell, all_backups())
	{
		const TableBackup *backup = lfirst(cell);

		if (!is_wanted(request, backup) || bytes_compare(backup->id, after) <= 0)
			continue;
		if (list_length(result->backups) == limit)
		{
			result->last_evaluated = llast(result->backups);
			return;
		}
		result->backups = lappend(result->backups, lfirst(cell));
	}
}

/* The id in ExclusiveStartBackupArn, or "", which is before all others. */
static Bytes
start_backup_id(Bytes arn)
{
	ResourceArn start;

	if (arn.data == NULL)
		return (Bytes) {"", 0};
	if (!parse_arn(arn, &start) || start.backup_id.data == NULL)
		validation_error("Invalid ExclusiveStartBackupArn: %.*s", arn.len, arn.data);
	return start.backup_id;
}

/*
 * And those that jobs are to make, asked for first: one that is made meanwhile
 * is in both lists.
 */
static List *
all_backups(void)
{
	List	   *jobs = job_list_backups();
	List	   *backups = table_backup_list();
	ListCell   *cell;

	foreach(cell, jobs)
	{
		TableBackup *backup = &((TableJob *) lfirst(cell))->backup;

		backup->item_count = 0;
		if (!contains_backup(backups, backup->id))
			backups = lappend(backups, backup);
	}
	list_sort(backups, compare_backups);
	return backups;
}

static bool
contains_backup(const List *backups, Bytes id)
{
	ListCell   *cell;

	foreach(cell, backups)
		if (bytes_equal(((const TableBackup *) lfirst(cell))->id, id))
			return true;
	return false;
}

static int
compare_backups(const ListCell *a, const ListCell *b)
{
	return bytes_compare(((const TableBackup *) lfirst(a))->id,
						 ((const TableBackup *) lfirst(b))->id);
}

static bool
is_wanted(const ListBackupsRequest *request, const TableBackup *backup)
{
	if (request->backup_type == BACKUP_TYPE_SYSTEM ||
		request->backup_type == BACKUP_TYPE_AWS_BACKUP)
		return false;
	if (request->table_name.data != NULL &&
		!bytes_equal(request->table_name, backup->table_name))
		return false;
	if (request->lower_bound.given && backup->created < request->lower_bound.value)
		return false;
	return !request->upper_bound.given || backup->created < request->upper_bound.value;
}

/* ---- restoring ---- */

void
op_restore_table_from_backup(const RestoreRequest *request, TableDescription *result)
{
	TableBackup backup = {0};

	memset(result, 0, sizeof(*result));
	find_own_backup(request->backup_arn, ShareLock, &backup);
	check_target_is_free(request->target_table_name);
	restored_settings(request, &backup, &result->settings);
	backup.indexes = restored_indexes(request, &backup, result->settings.billing_mode);
	if (jobs_can_wait())
		job_defer_restore(&backup, request->target_table_name, &result->settings);
	else
		restore_backup(&backup, request->target_table_name, &result->settings);

	result->table_name = request->target_table_name;
	result->key = backup.key;
	result->indexes = future_indexes(backup.indexes);
	result->status = "CREATING";
}

static void
check_target_is_free(Bytes name)
{
	if (OidIsValid(dynamo_table_lookup(name)) || job_making_table(name) != NULL)
		ereport(ERROR, (errcode(ERRCODE_TABLE_ALREADY_EXISTS),
						errmsg_internal("Table already exists: %.*s", name.len, name.data)));
}

/* As of a table that is created now with the backup's settings, or the request's. */
static void
restored_settings(const RestoreRequest *request, const TableBackup *backup,
				  TableSettings *settings)
{
	const TableSettings *old = &backup->settings;
	bool		was_on_demand = old->billing_mode == BILLING_PAY_PER_REQUEST;
	ProvisionedThroughput throughput = {
		{true, old->read_capacity}, {true, old->write_capacity}
	};
	OnDemandThroughput on_demand = {
		{old->max_read_request_units != 0, old->max_read_request_units},
		{old->max_write_request_units != 0, old->max_write_request_units}
	};
	CreateTableRequest create = {
		.billing_mode = request->billing_mode != 0 ? request->billing_mode :
		was_on_demand ? BILLING_MODE_PAY_PER_REQUEST : BILLING_MODE_PROVISIONED,
		.provisioned_throughput = request->provisioned_throughput,
		.on_demand_throughput = request->on_demand_throughput,
		.table_class = old->infrequent_access ? TABLE_CLASS_INFREQUENT_ACCESS : 0,
	};

	if (create.provisioned_throughput == NULL && !was_on_demand &&
		create.billing_mode == BILLING_MODE_PROVISIONED)
		create.provisioned_throughput = &throughput;
	if (create.on_demand_throughput == NULL && was_on_demand &&
		create.billing_mode == BILLING_MODE_PAY_PER_REQUEST)
		create.on_demand_throughput = &on_demand;
	initial_settings(&create, settings);
	settings->restored = settings->created;
	settings->source_backup = bytes_from_cstring(psprintf("%s/backup/%s",
														  bytes_to_cstring(backup->table_name),
														  bytes_to_cstring(backup->id)));
}

/*
 * Those of the backup, or those of them that the request lists; with the backup's
 * throughput, as far as the billing mode has it, or the request's.
 */
static List *
restored_indexes(const RestoreRequest *request, const TableBackup *backup, BillingMode mode)
{
	List	   *indexes = NIL;
	ListCell   *cell;

	check_overrides(&request->global_indexes, backup, false);
	check_overrides(&request->local_indexes, backup, true);
	foreach(cell, backup->indexes)
	{
		IndexDefinition *index = lfirst(cell);
		const OptionalList *overrides = index->is_local ?
			&request->local_indexes :
			&request->global_indexes;
		const IndexRequest *override = find_override(overrides->elements, index->name);

		if (overrides->given && override == NULL)
			continue;
		if (!index->is_local)
			set_restored_throughput(override, mode, index);
		indexes = lappend(indexes, index);
	}
	return indexes;
}

static const IndexRequest *
find_override(const List *overrides, Bytes name)
{
	ListCell   *cell;

	foreach(cell, overrides)
	{
		const IndexRequest *override = lfirst(cell);

		if (bytes_equal(override->index_name, name))
			return override;
	}
	return NULL;
}

/* Raises unless each index of the request is one of the backup. */
static void
check_overrides(const OptionalList *overrides, const TableBackup *backup, bool local)
{
	ListCell   *cell;

	foreach(cell, overrides->elements)
	{
		const IndexRequest *override = lfirst(cell);
		bool		found = false;
		ListCell   *index;

		foreach(index, backup->indexes)
			found = found || is_override_of(override, lfirst(index), local);
		if (!found)
			validation_error("One or more parameter values were invalid: "
							 "%sSecondaryIndexOverride must match an index of the backup: %.*s",
							 local ? "Local" : "Global",
							 override->index_name.len, override->index_name.data);
	}
}

static bool
is_override_of(const IndexRequest *override, const IndexDefinition *index, bool local)
{
	const KeySchema *key = &index->key;
	ListCell   *cell;

	if (index->is_local != local || !bytes_equal(index->name, override->index_name) ||
		list_length(override->key_schema) != key->nhash + key->nrange)
		return false;
	foreach(cell, override->key_schema)
	{
		const KeySchemaElement *element = lfirst(cell);
		int			i = foreach_current_index(cell);

		if (!bytes_equal(element->attribute_name, key->attributes[i].name) ||
			(element->key_type == KEY_TYPE_HASH) != (i < key->nhash))
			return false;
	}
	return true;
}

static void
set_restored_throughput(const IndexRequest *override, BillingMode mode, IndexDefinition *index)
{
	ProvisionedThroughput throughput = {
		{true, index->read_capacity}, {true, index->write_capacity}};
	IndexRequest request = {.index_name = index->name};
	bool		is_given = override != NULL && (override->provisioned_throughput != NULL ||
												override->on_demand_throughput != NULL ||
												override->warm_throughput != NULL);

	if (is_given)
		request = *override;
	else if (mode == BILLING_PROVISIONED && index->read_capacity > 0)
		request.provisioned_throughput = &throughput;
	if (mode == BILLING_PROVISIONED)
		index->max_read_request_units = index->max_write_request_units = 0;
	set_index_throughput(&request, mode, index);
	set_index_warm_throughput(&request, NO_WARM_UNITS, index);
}

static void
restore_backup(const TableBackup *backup, Bytes target, const TableSettings *settings)
{
	DynamoTable *table;
	ListCell   *cell;
	Oid			relid;

	relid = dynamo_table_create(target, &backup->key, settings, backup->indexes);
	table = dynamo_table_open(target, ShareRowExclusiveLock,
							  ACL_SELECT | ACL_INSERT | ACL_UPDATE);
	table_backup_restore(backup, table);
	dynamo_table_close(table);
	foreach(cell, backup->indexes)
		table_index_build(relid, lfirst(cell));
}

/* ---- what a job does ---- */

void
run_backup_job(TableJob *job)
{
	TableBackup backup;
	DynamoTable *table;

	existing_source_table(job->table_name);
	table = open_own_table(job->table_name, AccessShareLock);
	/* It may have become another table meanwhile. */
	table_backup_prepare(table, job->backup.name, &backup);
	backup.id = job->backup.id;
	backup.created = job->backup.created;
	table_backup_make(table, &backup);
	dynamo_table_close(table);
}

void
run_restore_job(TableJob *job)
{
	TableBackup backup;

	if (!table_backup_find(job->backup.id, &backup) ||
		!compat_owns_relation(backup.relid, GetUserId()) ||
		!table_backup_lock(&backup, ShareLock) || get_rel_name(backup.relid) == NULL)
		raise_backup_not_found(job->backup.id);
	backup.indexes = job->backup.indexes;
	restore_backup(&backup, job->table_name, &job->backup.settings);
}
