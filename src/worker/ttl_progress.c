/*
 * ttl_progress.c
 *		What a worker of expiry leaves to the next one of its database.
 *
 * Workers come and go: they make room for others, and now and then for new ones.
 * One that began with the oldest items again might never come to those behind
 * items that cannot be deleted.  So each leaves, in shared memory, what it knows of
 * the tables that it has not done with, and the next one takes that away.  After a
 * restart there is nothing, and the oldest come first.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "worker/databases.h"

/* (InvalidOid, InvalidOid: a free one) */
static LeftTtlProgress *
find_left(Oid database, Oid relid)
{
	for (int i = 0; i < MAX_LEFT_TTL_PROGRESS; i++)
	{
		LeftTtlProgress *left = &databases_shared->left_ttl_progress[i];

		if (left->database == database && left->relid == relid)
			return left;
	}
	return NULL;
}

static void
clear_left(LeftTtlProgress *left)
{
	memset(left, 0, sizeof(*left));
}

void
ttl_progress_leave(Oid relid, const TtlProgress *progress)
{
	LeftTtlProgress *left;

	LWLockAcquire(&databases_shared->lock, LW_EXCLUSIVE);
	left = find_left(MyDatabaseId, relid);
	if (left == NULL)
		left = find_left(InvalidOid, InvalidOid);
	if (left != NULL)
	{
		left->database = MyDatabaseId;
		left->relid = relid;
		left->progress = *progress;
	}
	LWLockRelease(&databases_shared->lock);
}

bool
ttl_progress_take(Oid relid, TtlProgress *progress)
{
	LeftTtlProgress *left;

	LWLockAcquire(&databases_shared->lock, LW_EXCLUSIVE);
	left = find_left(MyDatabaseId, relid);
	if (left != NULL)
	{
		*progress = left->progress;
		clear_left(left);
	}
	LWLockRelease(&databases_shared->lock);
	return left != NULL;
}

void
ttl_progress_forget(Oid database)
{
	LWLockAcquire(&databases_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_LEFT_TTL_PROGRESS; i++)
		if (databases_shared->left_ttl_progress[i].database == database)
			clear_left(&databases_shared->left_ttl_progress[i]);
	LWLockRelease(&databases_shared->lock);
}
