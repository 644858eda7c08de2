/*
 * respond_service.c
 *		Responses about the service, and about what its tables do not have.
 */
#include "postgres.h"

#include "common/limits.h"
#include "common/settings.h"
#include "api/respond.h"
#include "api/respond_members.h"

/* DynamoDB's defaults; nothing limits capacity here. */
void
respond_limits(StringInfo out)
{
	appendStringInfoChar(out, '{');
	append_integer(out, "AccountMaxReadCapacityUnits", MAX_ACCOUNT_CAPACITY);
	append_integer(out, "AccountMaxWriteCapacityUnits", MAX_ACCOUNT_CAPACITY);
	append_integer(out, "TableMaxReadCapacityUnits", MAX_TABLE_CAPACITY);
	append_integer(out, "TableMaxWriteCapacityUnits", MAX_TABLE_CAPACITY);
	appendStringInfoChar(out, '}');
}

void
respond_endpoints(StringInfo out)
{
	appendStringInfoString(out, "{\"Endpoints\":[{");
	append_cstring(out, "Address", psprintf("dynamodb.%s.amazonaws.com", dynamo_region));
	append_integer(out, "CachePeriodInMinutes", 1440);
	appendStringInfoString(out, "}]}");
}

void
respond_continuous_backups(StringInfo out)
{
	appendStringInfoString(out, "{\"ContinuousBackupsDescription\":{"
						   "\"ContinuousBackupsStatus\":\"DISABLED\","
						   "\"PointInTimeRecoveryDescription\":"
						   "{\"PointInTimeRecoveryStatus\":\"DISABLED\"}}}");
}

void
respond_contributor_insights(StringInfo out, const ContributorInsightsRequest *request)
{
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", request->table_name);
	if (request->index_name.data != NULL)
		append_text(out, "IndexName", request->index_name);
	append_cstring(out, "ContributorInsightsStatus", "DISABLED");
	appendStringInfoChar(out, '}');
}

void
respond_kinesis_destinations(StringInfo out, Bytes table_name)
{
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", table_name);
	begin_member(out, "KinesisDataStreamDestinations");
	appendStringInfoString(out, "[]}");
}

void
respond_replica_auto_scaling(StringInfo out, Bytes table_name, const char *table_status)
{
	appendStringInfoString(out, "{\"TableAutoScalingDescription\":{");
	append_text(out, "TableName", table_name);
	append_cstring(out, "TableStatus", table_status);
	begin_member(out, "Replicas");
	appendStringInfoString(out, "[]}}");
}
