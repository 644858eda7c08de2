/*
 * extension_version.c
 *		Whether the objects of the extension are those that the library knows.
 *
 * They part ways when a new library is installed and the server started before ALTER
 * EXTENSION ... UPDATE, or that done before the server is started.  Then catalogs may have
 * other columns than the library reads and writes, so that is refused, and with it all
 * operations, until both are of one version.  What SQL does to the tables themselves
 * needs no catalog and goes on.
 *
 * A session looks once, and again after any change of a relation, since no version
 * changes catalogs without one; whoever looks has locked the catalog that he is going to
 * use.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "storage/storage_internal.h"

/* Those of the extension whose catalogs and functions this library can use. */
static const char *const known_versions[] = {CppAsString2(DYNAMO_VERSION)};

static bool known = false;		/* to be so, */
static uint64 known_since;		/* after so many invalidations */

static char *installed_version(void);
static bool is_known(const char *version);

bool
extension_version_fits(void)
{
	if (!known || known_since != relation_invalidations())
	{
		uint64		before = relation_invalidations();
		char	   *version = installed_version();

		/* (there is none while it is being dropped) */
		known = version == NULL || is_known(version);
		known_since = before;
	}
	return known;
}

void
check_extension_version(void)
{
	if (extension_version_fits())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("extension \"dynamo\" is of version %s in this database, the loaded library of version %s",
					installed_version(), CppAsString2(DYNAMO_VERSION)),
			 errhint("ALTER EXTENSION dynamo UPDATE brings it to the version that is installed; if that has been done, restart the server, which still has the library of before.")));
}

/* NULL if it is not installed. */
static char *
installed_version(void)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	char	   *version = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("dynamo"));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
	{
		bool		isnull;
		Datum		datum = heap_getattr(row, Anum_pg_extension_extversion,
										 RelationGetDescr(catalog), &isnull);

		version = TextDatumGetCString(datum);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return version;
}

static bool
is_known(const char *version)
{
	for (int i = 0; i < lengthof(known_versions); i++)
		if (strcmp(known_versions[i], version) == 0)
			return true;
	return false;
}

bool
extension_script_runs(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("dynamo", true);
}
