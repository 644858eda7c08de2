/*
 * compat.h
 *		What differs between PostgreSQL 15 and 18, and nothing else.
 *
 * Callers are written once, against the newest form that fits all versions.
 * docs/architecture.md lists the calls that drift.
 */
#ifndef DYNAMO_COMPAT_H
#define DYNAMO_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "dynamo needs PostgreSQL 15 or later"
#endif

/* 16 moved VARDATA_ANY() and its kin out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 marks functions that do not return in front; that works before as well. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn						pg_attribute_noreturn()
#endif

/* 16 renamed relation files. */
#if PG_VERSION_NUM < 160000
#define RelFileLocator					RelFileNode
#define relation_set_new_filelocator	relation_set_new_filenode
#endif

/* 16 has the caller choose whether a datum is copied; before, it always was. */
#if PG_VERSION_NUM >= 160000
#define compat_tuplesort_getdatum(state, forward, value, isnull) \
	tuplesort_getdatum((state), (forward), true, (value), (isnull), NULL)
#else
#define compat_tuplesort_getdatum(state, forward, value, isnull) \
	tuplesort_getdatum((state), (forward), (value), (isnull), NULL)
#endif

/*
 * 16 made one function each of the checks of ownership and of privileges.  It is
 * told the catalog, so that what names those is included here: a caller that is
 * written on 15 need not think of it.
 */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#define compat_owns_relation(relid, role) \
	object_ownercheck(RelationRelationId, (relid), (role))
#define compat_owns_database(oid, role) \
	object_ownercheck(DatabaseRelationId, (oid), (role))
#define compat_owns_extension(oid, role) \
	object_ownercheck(ExtensionRelationId, (oid), (role))
#define compat_schema_aclcheck(schema, role, mode) \
	object_aclcheck(NamespaceRelationId, (schema), (role), (mode))
#define compat_function_aclcheck(function, role, mode) \
	object_aclcheck(ProcedureRelationId, (function), (role), (mode))
#else
#define compat_owns_relation(relid, role)	pg_class_ownercheck((relid), (role))
#define compat_owns_database(oid, role)		pg_database_ownercheck((oid), (role))
#define compat_owns_extension(oid, role)	pg_extension_ownercheck((oid), (role))
#define compat_schema_aclcheck(schema, role, mode) \
	pg_namespace_aclcheck((schema), (role), (mode))
#define compat_function_aclcheck(function, role, mode) \
	pg_proc_aclcheck((function), (role), (mode))
#endif

/* 18 asks whether a deferrable primary key will do; callers check that anyway. */
#if PG_VERSION_NUM >= 180000
#define compat_primary_key_index(rel)	RelationGetPrimaryKeyIndex((rel), false)
#else
#define compat_primary_key_index(rel)	RelationGetPrimaryKeyIndex(rel)
#endif

/*
 * What table_tuple_update() says of the indexes: before 16, whether they need
 * new entries; since then perhaps that only the summarizing ones do.
 */
#if PG_VERSION_NUM >= 160000
#define compat_index_needs_entry(index, update) \
	((update) == TU_All || \
	 ((update) == TU_Summarizing && (index)->rd_indam->amsummarizing))
#else
typedef bool TU_UpdateIndexes;
#define TU_None							false
#define TU_All							true
#define compat_index_needs_entry(index, update) (update)
#endif

/* 16 wants to know whether only summarizing indexes need an entry. */
#if PG_VERSION_NUM >= 160000
#define compat_insert_index_tuples(indexes, row, estate) \
	ExecInsertIndexTuples((indexes), (row), (estate), false, false, NULL, NIL, false)
#else
#define compat_insert_index_tuples(indexes, row, estate) \
	ExecInsertIndexTuples((indexes), (row), (estate), false, false, NULL, NIL)
#endif

/* 18 does not ask whether a portal runs once. */
#if PG_VERSION_NUM >= 180000
#define compat_portal_run(portal, receiver) \
	((void) PortalRun((portal), FETCH_ALL, true, (receiver), (receiver), NULL))
#else
#define compat_portal_run(portal, receiver) \
	((void) PortalRun((portal), FETCH_ALL, true, true, (receiver), (receiver), NULL))
#endif

/* 17 calls what numbers a process in a virtual transaction id otherwise. */
#if PG_VERSION_NUM >= 170000
#define compat_virtual_transaction_proc(vxid)	ProcNumberGetProc((vxid).procNumber)
#else
#define compat_virtual_transaction_proc(vxid)	BackendIdGetProc((vxid).backendId)
#endif

/* 17 asks whether to flush. */
#if PG_VERSION_NUM >= 170000
#define compat_log_logical_message(prefix, message, size) \
	LogLogicalMessage((prefix), (message), (size), true, false)
#else
#define compat_log_logical_message(prefix, message, size) \
	LogLogicalMessage((prefix), (message), (size), true)
#endif

/* 17 lets an index keep state between insertions, and end it. */
#if PG_VERSION_NUM >= 170000
#define compat_index_insert_cleanup(index, info)	index_insert_cleanup((index), (info))
#else
#define compat_index_insert_cleanup(index, info)	((void) 0)
#endif

/* 17 has a resource owner, or nobody, free a set of events; before, a context. */
#if PG_VERSION_NUM >= 170000
#define compat_wait_event_set(nevents)	CreateWaitEventSet(NULL, (nevents))
#else
#define compat_wait_event_set(nevents)	CreateWaitEventSet(TopMemoryContext, (nevents))
#endif

/*
 * 16 wants to know the table where a descent of a btree may change pages, which
 * one to read does not; 17 dropped "snapshot too old".
 */
#if PG_VERSION_NUM >= 170000
#define compat_bt_search(index, key, leaf) \
	_bt_search((index), NULL, (key), (leaf), BT_READ)
#elif PG_VERSION_NUM >= 160000
#define compat_bt_search(index, key, leaf) \
	_bt_search((index), NULL, (key), (leaf), BT_READ, NULL)
#else
#define compat_bt_search(index, key, leaf) \
	_bt_search((index), (key), (leaf), BT_READ, NULL)
#endif

/*
 * 16 made one function of adding a page to a relation, which is returned pinned
 * and locked; before, the caller keeps others from doing the same.
 */
#if PG_VERSION_NUM >= 160000
#define compat_lock_for_extension(rel)		((void) 0)
#define compat_unlock_for_extension(rel)	((void) 0)
#define compat_extend_relation(rel) \
	ExtendBufferedRel(BMR_REL(rel), MAIN_FORKNUM, NULL, EB_LOCK_FIRST)
#else
#define compat_lock_for_extension(rel)		LockRelationForExtension((rel), ExclusiveLock)
#define compat_unlock_for_extension(rel)	UnlockRelationForExtension((rel), ExclusiveLock)
#define compat_extend_relation(rel) \
	ReadBufferExtended((rel), MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, NULL)
#endif

/* 18 counts the searches of an index scan for EXPLAIN. */
#if PG_VERSION_NUM >= 180000
#define compat_index_beginscan(rel, index, snapshot, nkeys, norderbys) \
	index_beginscan((rel), (index), (snapshot), NULL, (nkeys), (norderbys))
#else
#define compat_index_beginscan(rel, index, snapshot, nkeys, norderbys) \
	index_beginscan((rel), (index), (snapshot), (nkeys), (norderbys))
#endif

/* 17 hands the tuples of a decoded change over without a buffer around them. */
#if PG_VERSION_NUM >= 170000
#define compat_change_tuple(tuple)	(tuple)
#else
#define compat_change_tuple(buffer)	((buffer) == NULL ? NULL : &(buffer)->tuple)
#endif

/* 16 lets TRUNCATE run as the table's owner. */
#if PG_VERSION_NUM >= 160000
#define compat_truncate(rels, relids) \
	ExecuteTruncateGuts((rels), (relids), NIL, DROP_RESTRICT, false, false)
#else
#define compat_truncate(rels, relids) \
	ExecuteTruncateGuts((rels), (relids), NIL, DROP_RESTRICT, false)
#endif

/* 17 may synchronize slots to standbys. */
#if PG_VERSION_NUM >= 170000
#define compat_slot_create(name, persistency) \
	ReplicationSlotCreate((name), true, (persistency), false, false, false)
#define compat_slot_is_synced(slot) ((slot)->data.synced)
#else
#define compat_slot_create(name, persistency) \
	ReplicationSlotCreate((name), true, (persistency), false)
#define compat_slot_is_synced(slot) false
#endif

/* 18 can refuse a slot that was invalidated. */
#if PG_VERSION_NUM >= 180000
#define compat_slot_acquire(name)	ReplicationSlotAcquire((name), true, false)
#else
#define compat_slot_acquire(name)	ReplicationSlotAcquire((name), true)
#endif

/* Whether the log that a slot needs is gone; 16 has other reasons beside that. */
#if PG_VERSION_NUM >= 160000
#define compat_slot_is_lost(slot)	((slot)->data.invalidated != RS_INVAL_NONE)
#else
#define compat_slot_is_lost(slot) \
	(XLogRecPtrIsInvalid((slot)->data.restart_lsn) || \
	 !XLogRecPtrIsInvalid((slot)->data.invalidated_at))
#endif

#endif							/* DYNAMO_COMPAT_H */
