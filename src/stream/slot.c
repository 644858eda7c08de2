/*
 * slot.c
 *		The decoding worker's replication slot.
 *
 * One permanent slot per database keeps the log that is not decoded yet.  Its
 * name has the epoch that began with it, dynamo_<database>_<epoch>, so that a
 * slot that was dropped and made again is never taken for the old one.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "replication/logical.h"
#include "replication/slot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "stream/stream_internal.h"

#define SLOT_PREFIX "dynamo"

void
slot_name(int32 epoch, char *name)
{
	snprintf(name, NAMEDATALEN, SLOT_PREFIX "_%u_%d", MyDatabaseId, epoch);
}

/*
 * Recent minor versions want output plugins to be listed.  This process only
 * ever uses ours.
 */
void
slot_allow_plugin(void)
{
	const char *listed = GetConfigOption("output_plugin_libraries", true, false);

	if (listed != NULL)
		SetConfigOption("output_plugin_libraries",
						listed[0] == '\0' ? OUTPUT_PLUGIN : psprintf("%s, " OUTPUT_PLUGIN, listed),
						PGC_SUSET, PGC_S_SESSION);
}

bool
slot_is_usable(const char *name, XLogRecPtr *confirmed)
{
	ReplicationSlot *slot;
	bool		usable;

	if (name[0] == '\0')
		return false;
	slot = SearchNamedReplicationSlot(name, true);
	if (slot == NULL)
		return false;
	SpinLockAcquire(&slot->mutex);
	usable = slot->in_use && slot->data.database == MyDatabaseId &&
		strcmp(NameStr(slot->data.name), name) == 0 &&
		strcmp(NameStr(slot->data.plugin), OUTPUT_PLUGIN) == 0 &&
		!XLogRecPtrIsInvalid(slot->data.restart_lsn) && !compat_slot_is_lost(slot);
	*confirmed = slot->data.confirmed_flush;
	SpinLockRelease(&slot->mutex);
	return usable;
}

/*
 * Creates a slot and waits until the log can be decoded from some point on,
 * which it returns: the transactions in progress have to end before that.  Not
 * in a transaction.
 */
XLogRecPtr
slot_create(const char *name)
{
	XLogReaderRoutine reader = {
		.page_read = read_local_xlog_page,
		.segment_open = wal_segment_open,
		.segment_close = wal_segment_close,
	};
	LogicalDecodingContext *context;
	XLogRecPtr	start;

	CheckLogicalDecodingRequirements();
	compat_slot_create(name, RS_EPHEMERAL);
	context = CreateInitDecodingContext(OUTPUT_PLUGIN, NIL, false, InvalidXLogRecPtr,
										&reader, NULL, NULL, NULL);
	DecodingContextFindStartpoint(context);
	start = MyReplicationSlot->data.confirmed_flush;
	FreeDecodingContext(context);
	ReplicationSlotPersist();
	ReplicationSlotRelease();
	return start;
}

/* What slot_name() makes: prefix, database, digits. */
static bool
is_our_name(const char *name, Oid database)
{
	char		prefix[NAMEDATALEN];
	int			length = snprintf(prefix, sizeof(prefix), SLOT_PREFIX "_%u_", database);

	return strncmp(name, prefix, length) == 0 && name[length] != '\0' &&
		name[length + strspn(name + length, "0123456789")] == '\0';
}

/* Whether a slot is one of ours, and none that somebody has called alike; of this database, or of any. */
static bool
is_ours(const ReplicationSlot *slot, Oid database)
{
	return slot->in_use && OidIsValid(slot->data.database) &&
		(!OidIsValid(database) || slot->data.database == database) &&
		is_our_name(NameStr(slot->data.name), slot->data.database) &&
		strcmp(NameStr(slot->data.plugin), OUTPUT_PLUGIN) == 0;
}

/* The names of those but one, and how many they are. */
static int
list_slots(Oid database, const char *kept, NameData *names)
{
	int			n = 0;

	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	for (int i = 0; i < max_replication_slots; i++)
	{
		const ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];

		if (is_ours(slot, database) && strcmp(NameStr(slot->data.name), kept) != 0)
			names[n++] = slot->data.name;
	}
	LWLockRelease(ReplicationSlotControlLock);
	return n;
}

bool
stream_slot_is_left(void)
{
	NameData   *names = palloc(max_replication_slots * sizeof(NameData));
	int			n = list_slots(MyDatabaseId, "", names);

	pfree(names);
	return n > 0;
}

/* Drops our slots of this database but the one of this name, which may be "". */
void
slot_drop_others(const char *kept)
{
	NameData   *names = palloc(max_replication_slots * sizeof(NameData));
	int			n = list_slots(MyDatabaseId, kept, names);

	for (int i = 0; i < n; i++)
		ReplicationSlotDrop(NameStr(names[i]), true);
	pfree(names);
}

/*
 * A server that was a primary still has its slots when it follows another: nobody
 * reads them there, and they would keep the log until the disk is full.  After its
 * next promotion a new epoch begins, with a slot of its own.
 */
void
stream_drop_slots_of_standby(void)
{
	NameData   *names;
	int			n;

	if (!RecoveryInProgress())
		return;
	names = palloc(max_replication_slots * sizeof(NameData));
	n = list_slots(InvalidOid, "", names);
	for (int i = 0; i < n; i++)
	{
		const ReplicationSlot *slot = SearchNamedReplicationSlot(NameStr(names[i]), true);

		/* (an error would end the launcher) */
		if (slot == NULL || slot->active_pid != 0 || compat_slot_is_synced(slot))
			continue;
		ReplicationSlotDrop(NameStr(names[i]), true);
		ereport(LOG,
				(errmsg("dropped replication slot \"%s\", which is of no use to a standby",
						NameStr(names[i]))));
	}
	pfree(names);
}

/* How much log the slot holds back, in bytes. */
uint64
slot_lag(void)
{
	XLogRecPtr	restart;
	XLogRecPtr	now = GetXLogInsertRecPtr();

	SpinLockAcquire(&MyReplicationSlot->mutex);
	restart = MyReplicationSlot->data.restart_lsn;
	SpinLockRelease(&MyReplicationSlot->mutex);
	return now > restart ? now - restart : 0;
}
