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

#endif							/* DYNAMO_COMPAT_H */
