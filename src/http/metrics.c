/*
 * metrics.c
 *		The counters in Prometheus' text format.
 */
#include "postgres.h"

#include "http/http.h"
#include "stream/stream.h"

static const char *const outcome_names[OUTCOMES] = {
	"success", "condition_failed", "conflict", "denied", "client_error", "server_error",
};

static void label_value(StringInfo text, const char *value);
static void render_requests(StringInfo text, const RequestStatistics *rows, int n);
static void render_units(StringInfo text, const RequestStatistics *rows, int n);
static void render_latency(StringInfo text, const RequestStatistics *rows, int n);
static void render_expired(StringInfo text, const RequestStatistics *rows, int n);
static void render_connections(StringInfo text);
static void render_streams(StringInfo text);

void
metrics_render(StringInfo text)
{
	int			n;
	RequestStatistics *rows = statistics_read(&n);

	render_requests(text, rows, n);
	render_units(text, rows, n);
	render_latency(text, rows, n);
	render_expired(text, rows, n);
	render_connections(text);
	render_streams(text);
	for (int i = 0; i < n; i++)
	{
		pfree(unconstify(char *, rows[i].schema));
		pfree(unconstify(char *, rows[i].table));
		pfree(unconstify(char *, rows[i].operation));
	}
	if (rows != NULL)
		pfree(rows);
}

static void
head(StringInfo text, const char *name, const char *type, const char *help)
{
	appendStringInfo(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* (tables and operations have no characters that would need escaping) */
static void
sample(StringInfo text, const char *name, const RequestStatistics *row)
{
	appendStringInfo(text, "%s{schema=", name);
	label_value(text, row->schema);
	appendStringInfo(text, ",table=\"%s\",operation=\"%s\"", row->table, row->operation);
}

static void
label_value(StringInfo text, const char *value)
{
	appendStringInfoChar(text, '"');
	for (; *value != '\0'; value++)
	{
		if (*value == '\n')
		{
			appendStringInfoString(text, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			appendStringInfoChar(text, '\\');
		appendStringInfoChar(text, *value);
	}
	appendStringInfoChar(text, '"');
}

static void
render_requests(StringInfo text, const RequestStatistics *rows, int n)
{
	head(text, "dynamo_requests_total", "counter", "Requests by outcome.");
	for (int i = 0; i < n; i++)
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
		{
			if (rows[i].outcomes[outcome] == 0)
				continue;
			sample(text, "dynamo_requests_total", &rows[i]);
			appendStringInfo(text, ",outcome=\"%s\"} " UINT64_FORMAT "\n",
							 outcome_names[outcome], rows[i].outcomes[outcome]);
		}
}

static void
render_units(StringInfo text, const RequestStatistics *rows, int n)
{
	head(text, "dynamo_consumed_capacity_units_total", "counter", "Consumed capacity units.");
	for (int i = 0; i < n; i++)
	{
		if (rows[i].consumed_units == 0)
			continue;
		sample(text, "dynamo_consumed_capacity_units_total", &rows[i]);
		appendStringInfo(text, "} %.1f\n", rows[i].consumed_units);
	}
}

static void
render_latency(StringInfo text, const RequestStatistics *rows, int n)
{
	head(text, "dynamo_request_seconds", "histogram", "Time that requests took to execute.");
	for (int i = 0; i < n; i++)
	{
		uint64		count = 0;

		if (rows[i].operation[0] == '\0')
			continue;

		for (int bucket = 0; bucket < LATENCY_BUCKETS; bucket++)
		{
			count += rows[i].latency[bucket];
			sample(text, "dynamo_request_seconds_bucket", &rows[i]);
			if (bucket < LATENCY_BUCKETS - 1)
				appendStringInfo(text, ",le=\"%g\"} ", latency_bounds[bucket] / 1e6);
			else
				appendStringInfoString(text, ",le=\"+Inf\"} ");
			appendStringInfo(text, UINT64_FORMAT "\n", count);
		}
		sample(text, "dynamo_request_seconds_sum", &rows[i]);
		appendStringInfo(text, "} %.6f\n", rows[i].total_time / 1e6);
		sample(text, "dynamo_request_seconds_count", &rows[i]);
		appendStringInfo(text, "} " UINT64_FORMAT "\n", count);
	}
}

/* A counter of the operation "". */
static void
render_table_counter(StringInfo text, const char *name, const RequestStatistics *row, uint64 count)
{
	if (count == 0)
		return;
	appendStringInfo(text, "%s{schema=", name);
	label_value(text, row->schema);
	appendStringInfo(text, ",table=\"%s\"} " UINT64_FORMAT "\n", row->table, count);
}

static void
render_expired(StringInfo text, const RequestStatistics *rows, int n)
{
	head(text, "dynamo_ttl_deleted_items_total", "counter", "Items that have expired.");
	for (int i = 0; i < n; i++)
		render_table_counter(text, "dynamo_ttl_deleted_items_total", &rows[i],
							 rows[i].expired_items);
	head(text, "dynamo_ttl_failed_items_total", "counter",
		 "Times that an expired item could not be deleted.");
	for (int i = 0; i < n; i++)
		render_table_counter(text, "dynamo_ttl_failed_items_total", &rows[i],
							 rows[i].failed_items);
}

static void
render_connections(StringInfo text)
{
	head(text, "dynamo_endpoint_connections", "gauge", "Open connections by worker.");
	for (int i = 0; i < endpoint_worker_count(WORKER_ENDPOINT); i++)
		appendStringInfo(text, "dynamo_endpoint_connections{worker=\"%d\"} %u\n", i,
						 pg_atomic_read_u32(&endpoint_shared->workers[i].connections));
}

/* Of the endpoint's database, while its decoding worker runs. */
static void
render_streams(StringInfo text)
{
	StreamWorkerState state;
	bool		running = stream_worker_state(&state);

	head(text, "dynamo_stream_worker", "gauge", "Whether changes are being decoded.");
	appendStringInfo(text, "dynamo_stream_worker %d\n", running ? 1 : 0);
	if (!running)
		return;
	head(text, "dynamo_stream_records_total", "counter", "Stream records since the worker began.");
	appendStringInfo(text, "dynamo_stream_records_total " UINT64_FORMAT "\n", state.records);
	head(text, "dynamo_stream_lag_bytes", "gauge", "Log that is not decoded yet.");
	appendStringInfo(text, "dynamo_stream_lag_bytes " UINT64_FORMAT "\n", state.lag);
}
