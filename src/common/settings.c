/*
 * settings.c
 *		The settings of the extension.
 *
 * All of them are prefixed "dynamo." and may be set without preloading the
 * library: PostgreSQL keeps a placeholder until it is loaded.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "common/settings.h"

#define MAX_REGION 63			/* a label of a host name */

char	   *dynamo_schema = NULL;
char	   *dynamo_region = NULL;
char	   *dynamo_account_id = NULL;
int			dynamo_expression_cache_size = 0;
int			dynamo_clock_offset = 0;
bool		dynamo_online_index_builds = true;

/* An account id is twelve digits; anything else would make broken ARNs. */
static bool
check_account_id(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) == 12 && strspn(*newval, "0123456789") == 12)
		return true;
	GUC_check_errdetail("An AWS account id has twelve digits.");
	return false;
}

/* Whatever else would make broken ARNs, and host names. */
static bool
check_region(char **newval, void **extra, GucSource source)
{
	size_t		len = strlen(*newval);

	if (len > 0 && len <= MAX_REGION &&
		strspn(*newval, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return true;
	GUC_check_errdetail("The name of an AWS region has 1 to %d lower-case letters, digits and hyphens.",
						MAX_REGION);
	return false;
}

/*
 * An identifier that is too long is truncated; a setting may name what is to be
 * made, and had better not be another name than what was asked for.
 */
static bool
check_schema(char **newval, void **extra, GucSource source)
{
	size_t		len = strlen(*newval);

	if (len > 0 && len < NAMEDATALEN)
		return true;
	if (len == 0)
		GUC_check_errdetail("The schema of the tables needs a name.");
	else
		GUC_check_errdetail("The name of a schema has at most %d bytes.", NAMEDATALEN - 1);
	return false;
}

void
settings_init(void)
{
	DefineCustomStringVariable("dynamo.schema",
							   "Schema in which tables are created and looked up.",
							   NULL, &dynamo_schema, "dynamodb",
							   PGC_USERSET, 0, check_schema, NULL, NULL);
	DefineCustomStringVariable("dynamo.region",
							   "AWS region that the ARNs of tables name.",
							   NULL, &dynamo_region, "us-east-1",
							   PGC_USERSET, 0, check_region, NULL, NULL);
	DefineCustomStringVariable("dynamo.account_id",
							   "AWS account that the ARNs of tables name.",
							   NULL, &dynamo_account_id, "000000000000",
							   PGC_USERSET, 0, check_account_id, NULL, NULL);
	DefineCustomIntVariable("dynamo.expression_cache_size",
							"Number of parsed expressions that a session keeps.",
							"0 turns the cache off.",
							&dynamo_expression_cache_size, 256, 0, 65536,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.clock_offset",
							"Puts the clock of whatever expires on by so much: for tests.",
							NULL, &dynamo_clock_offset, 0, INT_MIN, INT_MAX,
							PGC_SUSET, GUC_UNIT_S | GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomBoolVariable("dynamo.online_index_builds",
							 "Secondary indexes are added and deleted by a background worker, while others write the table.",
							 "If off, or without the worker, in the transaction that asks for it.",
							 &dynamo_online_index_builds, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

void
settings_reserve_prefix(void)
{
	MarkGUCPrefixReserved("dynamo");
}
