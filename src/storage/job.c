/*
 * job.c
 *		dynamo.job_queue: copies of tables that a worker is to make.
 *
 * A row stands for a backup that is to be made of a table, or for a table that
 * is to be made of a backup.  Nothing else of either exists until the job's
 * transaction commits, which makes it whole and takes the row away: a job that
 * dies has left nothing behind and can be run again.  A row whose job has
 * failed stays for some days, to be seen.
 *
 * Rows are inserted by who asks, and from then on written by the one worker of
 * the job lane; as in catalog.c with simple heap access, without privileges of
 * anybody.  The name of a table that is to be made is taken: dynamo.schema has
 * no other of it (ddl.c asks here, both under the lock of the name).
 *
 * Not dumped: what is in a dump is what was there.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "common/settings.h"
#include "storage/storage_internal.h"

#define JOBS_TABLE		"job_queue"
#define JOBS_INDEX		"job_queue_pkey"
#define DAYS_FAILURES_STAY	7

/* Columns of dynamo.job_queue, as storage.sql makes them. */
enum
{
	JOBS_ID = 1,
	JOBS_OPERATION,
	JOBS_ROLE,
	JOBS_SCHEMA,
	JOBS_TABLE_NAME,
	JOBS_BACKUP_NAME,
	JOBS_BACKUP_ID,
	JOBS_KEY_SCHEMA,
	JOBS_SETTINGS,
	JOBS_INDEXES,
	JOBS_ITEMS,
	JOBS_REQUESTED,
	JOBS_STATE,
	JOBS_ATTEMPTS,
	JOBS_STARTED,
	JOBS_PID,
	JOBS_ERROR,
	JOBS_NCOLUMNS = JOBS_ERROR,
};

static const char *const operations[] = {
	[JOB_BACKUP] = "CreateBackup",
	[JOB_RESTORE] = "RestoreTableFromBackup",
};

static const char *const states[] = {
	[JOB_WAITING] = "WAITING",
	[JOB_RUNNING] = "RUNNING",
	[JOB_FAILED] = "FAILED",
};

static void row_from_job(const TableJob *job, Datum *values, bool *isnull);
static void *job_from_row(const Datum *values, const bool *isnull);

/* ---- writing ---- */

void
job_insert(TableJob *job)
{
	Datum		values[JOBS_NCOLUMNS];
	bool		isnull[JOBS_NCOLUMNS];

	job->schema = pstrdup(dynamo_schema);
	job->role = GetUserId();
	job->state = JOB_WAITING;
	row_from_job(job, values, isnull);
	catalog_insert(JOBS_TABLE, values, isnull);
}

static CatalogKey
row_of(const TableJob *job)
{
	return (CatalogKey) {JOBS_TABLE, JOBS_INDEX,
		{{JOBS_ID, F_TEXTEQ, text_datum(job->id)}}};
}

void
job_update(const TableJob *job)
{
	Datum		values[JOBS_NCOLUMNS];
	bool		isnull[JOBS_NCOLUMNS];

	row_from_job(job, values, isnull);
	(void) catalog_replace(row_of(job), values, isnull);
}

void
job_delete(const TableJob *job)
{
	catalog_delete(row_of(job));
}

/* ---- reading ---- */

static int
compare_ids(const ListCell *a, const ListCell *b)
{
	return bytes_compare(((const TableJob *) lfirst(a))->id, ((const TableJob *) lfirst(b))->id);
}

List *
job_list(void)
{
	List	   *jobs = catalog_read((CatalogKey) {JOBS_TABLE}, job_from_row);

	list_sort(jobs, compare_ids);
	return jobs;
}

/* Those in dynamo.schema that have not failed. */
static List *
jobs_here(JobOperation operation)
{
	List	   *jobs = NIL;
	ListCell   *cell;

	foreach(cell, job_list())
	{
		TableJob   *job = lfirst(cell);

		if (job->state != JOB_FAILED && job->operation == operation &&
			strcmp(job->schema, dynamo_schema) == 0)
			jobs = lappend(jobs, job);
	}
	return jobs;
}

List *
job_list_backups(void)
{
	return jobs_here(JOB_BACKUP);
}

List *
job_list_restores(void)
{
	return jobs_here(JOB_RESTORE);
}

TableJob *
job_making_backup(Bytes id)
{
	ListCell   *cell;

	foreach(cell, jobs_here(JOB_BACKUP))
		if (bytes_equal(((TableJob *) lfirst(cell))->backup.id, id))
			return lfirst(cell);
	return NULL;
}

TableJob *
job_making_table(Bytes name)
{
	ListCell   *cell;

	foreach(cell, jobs_here(JOB_RESTORE))
		if (bytes_equal(((TableJob *) lfirst(cell))->table_name, name))
			return lfirst(cell);
	return NULL;
}

bool
job_reads_table(Bytes name)
{
	ListCell   *cell;

	foreach(cell, jobs_here(JOB_BACKUP))
		if (bytes_equal(((TableJob *) lfirst(cell))->table_name, name))
			return true;
	return false;
}

bool
job_reads_backup(Bytes id)
{
	ListCell   *cell;

	foreach(cell, jobs_here(JOB_RESTORE))
		if (bytes_equal(((TableJob *) lfirst(cell))->backup.id, id))
			return true;
	return false;
}

bool
job_is_forgettable(const TableJob *job)
{
	return job->state == JOB_FAILED &&
		job->backup.created < GetCurrentTimestamp() - DAYS_FAILURES_STAY * USECS_PER_DAY;
}

/* ---- rows and structures ---- */

static void
row_from_job(const TableJob *job, Datum *values, bool *isnull)
{
	memset(isnull, false, JOBS_NCOLUMNS * sizeof(bool));
	values[JOBS_ID - 1] = text_datum(job->id);
	values[JOBS_OPERATION - 1] = CStringGetTextDatum(operations[job->operation]);
	values[JOBS_ROLE - 1] = ObjectIdGetDatum(job->role);
	values[JOBS_SCHEMA - 1] = CStringGetTextDatum(job->schema);
	values[JOBS_TABLE_NAME - 1] = catalog_text(job->table_name, &isnull[JOBS_TABLE_NAME - 1]);
	values[JOBS_BACKUP_NAME - 1] = catalog_text(job->backup.name, &isnull[JOBS_BACKUP_NAME - 1]);
	values[JOBS_BACKUP_ID - 1] = catalog_text(job->backup.id, &isnull[JOBS_BACKUP_ID - 1]);
	values[JOBS_KEY_SCHEMA - 1] = key_schema_datum(&job->backup.key);
	values[JOBS_SETTINGS - 1] = table_settings_datum(&job->backup.settings);
	values[JOBS_INDEXES - 1] = index_list_datum(job->backup.indexes);
	values[JOBS_ITEMS - 1] = Int64GetDatum(job->backup.item_count);
	values[JOBS_REQUESTED - 1] = TimestampTzGetDatum(job->backup.created);
	values[JOBS_STATE - 1] = CStringGetTextDatum(states[job->state]);
	values[JOBS_ATTEMPTS - 1] = Int32GetDatum(job->attempts);
	values[JOBS_STARTED - 1] = TimestampTzGetDatum(job->started);
	isnull[JOBS_STARTED - 1] = job->started == 0;
	values[JOBS_PID - 1] = Int32GetDatum(job->pid);
	isnull[JOBS_PID - 1] = job->pid == 0;
	values[JOBS_ERROR - 1] = catalog_text(job->error, &isnull[JOBS_ERROR - 1]);
}

static void *
job_from_row(const Datum *values, const bool *isnull)
{
	TableJob   *job = palloc0_object(TableJob);

	job->id = catalog_bytes(values[JOBS_ID - 1], isnull[JOBS_ID - 1]);
	job->operation = catalog_word(JOBS_TABLE, values[JOBS_OPERATION - 1], operations,
								  lengthof(operations));
	job->role = DatumGetObjectId(values[JOBS_ROLE - 1]);
	job->schema = TextDatumGetCString(values[JOBS_SCHEMA - 1]);
	job->table_name = catalog_bytes(values[JOBS_TABLE_NAME - 1], isnull[JOBS_TABLE_NAME - 1]);
	job->backup.table_name = job->table_name;
	job->backup.name = catalog_bytes(values[JOBS_BACKUP_NAME - 1], isnull[JOBS_BACKUP_NAME - 1]);
	job->backup.id = catalog_bytes(values[JOBS_BACKUP_ID - 1], isnull[JOBS_BACKUP_ID - 1]);
	job->backup.pending = true;
	key_schema_from_datum(values[JOBS_KEY_SCHEMA - 1], &job->backup.key);
	table_settings_from_datum(values[JOBS_SETTINGS - 1], &job->backup.settings);
	job->backup.indexes = index_list_from_datum(values[JOBS_INDEXES - 1]);
	job->backup.item_count = DatumGetInt64(values[JOBS_ITEMS - 1]);
	job->backup.created = DatumGetTimestampTz(values[JOBS_REQUESTED - 1]);
	job->state = catalog_word(JOBS_TABLE, values[JOBS_STATE - 1], states, lengthof(states));
	job->attempts = DatumGetInt32(values[JOBS_ATTEMPTS - 1]);
	job->started = isnull[JOBS_STARTED - 1] ? 0 : DatumGetTimestampTz(values[JOBS_STARTED - 1]);
	job->pid = isnull[JOBS_PID - 1] ? 0 : DatumGetInt32(values[JOBS_PID - 1]);
	job->error = catalog_bytes(values[JOBS_ERROR - 1], isnull[JOBS_ERROR - 1]);
	return job;
}
