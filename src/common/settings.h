/*
 * settings.h
 *		The settings of the extension; docs/reference.md describes each.
 */
#ifndef DYNAMO_SETTINGS_H
#define DYNAMO_SETTINGS_H

extern PGDLLEXPORT char *dynamo_schema; /* where tables are made and looked up */
extern PGDLLEXPORT char *dynamo_region; /* for ARNs */
extern char *dynamo_account_id;	/* for ARNs */
extern int	dynamo_expression_cache_size;	/* parsed expressions a backend keeps */

extern int	dynamo_clock_offset;	/* seconds, for tests */
/* Whether indexes are made and deleted by a worker, if there is one. */
extern bool dynamo_online_index_builds;

extern void settings_init(void);
/* When every layer has defined its settings: any other "dynamo." is refused. */
extern void settings_reserve_prefix(void);

#endif							/* DYNAMO_SETTINGS_H */
