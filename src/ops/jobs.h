/*
 * jobs.h
 *		What the operations that jobs do share with jobs.c.
 */
#ifndef DYNAMO_OPS_JOBS_H
#define DYNAMO_OPS_JOBS_H

#include "ops/ops.h"

/* Whether operations that take long are to be recorded as jobs. */
extern bool jobs_can_wait(void);
/* Records a backup that table_backup_prepare() has prepared. */
extern void job_defer_backup(DynamoTable *table, const TableBackup *backup);
/* Records a table that is to be made of a backup; raises if its name is taken. */
extern void job_defer_restore(const TableBackup *backup, Bytes target,
							  const TableSettings *settings);

/* Raises insufficient_privilege unless the current user is who has asked, or a member. */
extern void check_owns_job(const TableJob *job);

/* What a job does, as the role that has asked (backups.c). */
extern void run_backup_job(TableJob *job);
extern void run_restore_job(TableJob *job);

#endif							/* DYNAMO_OPS_JOBS_H */
