/*
 * background.h
 *		Asking for work that a worker of this database is to do.
 *
 * Any layer may ask; the worker layer, which fills in the functions below when
 * the library is preloaded, sees to it that somebody does it.
 */
#ifndef DYNAMO_BACKGROUND_H
#define DYNAMO_BACKGROUND_H

typedef enum BackgroundWork
{
	WORK_DISCOVERY,				/* look whether there is any of the others to do */
	WORK_JOBS,					/* dynamo.job_queue */
	WORK_STREAMS,				/* decoding the changes of tables with a stream */
	WORK_TTL,					/* items to expire */
	WORK_INDEXES,				/* dynamo.table_indexes: those that are not ACTIVE */
	LAST_WORK_INDEXES = WORK_INDEXES + 3, /* the same, while others wait for something */
	BACKGROUND_WORKS,
} BackgroundWork;

#define MAX_INDEX_BUILDERS (LAST_WORK_INDEXES - WORK_INDEXES + 1)

typedef struct BackgroundWorkers
{
	bool		(*available) (void);
	void		(*request) (BackgroundWork work);
	void		(*interrupt) (BackgroundWork work, Oid subject);
	void		(*cancel) (BackgroundWork work, Oid subject);
} BackgroundWorkers;

extern PGDLLEXPORT BackgroundWorkers background_workers;

/* Whether workers look after this database, now or, if this is a standby, after promotion. */
static inline bool
background_work_available(void)
{
	return background_workers.available != NULL && background_workers.available();
}

/*
 * Has the worker for this kind of work started, if it does not run, when the
 * current transaction commits.  Without workers nothing happens.
 */
static inline void
background_work_request(BackgroundWork work)
{
	if (background_workers.request != NULL)
		background_workers.request(work);
}

/*
 * Has the worker for this kind of work give up what it is doing to a relation, if
 * it does anything to that, when the current transaction commits: it will look anew
 * what there is to do.
 */
static inline void
background_work_interrupt(BackgroundWork work, Oid subject)
{
	if (background_workers.interrupt != NULL)
		background_workers.interrupt(work, subject);
}

/*
 * The same at once, for whoever wants the relation's lock: the worker tries again
 * what it was doing, a second later.
 */
static inline void
background_work_cancel(BackgroundWork work, Oid subject)
{
	if (background_workers.cancel != NULL)
		background_workers.cancel(work, subject);
}

#endif							/* DYNAMO_BACKGROUND_H */
