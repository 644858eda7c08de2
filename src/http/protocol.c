/*
 * protocol.c
 *		HTTP: what libmicrohttpd calls, and what it leaves to us.
 *
 * The library parses requests and writes replies.  It is lenient where
 * leniency lets one request hide in another (request smuggling), so headers
 * are checked once more: one Content-Length, or one Transfer-Encoding, no
 * control characters, names that are tokens.  Requests must be meant for us:
 * X-Amz-Target cannot be sent by a web page of another origin (we answer no
 * preflight), and a Host that is no name of this machine says that a name was
 * made to point here.
 *
 * The handler is called with the headers, then with pieces of the body, then
 * once without any: then the request runs.
 */
#include "postgres.h"

#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>
#include <zlib.h>

#include "utils/builtins.h"

#include "common/errors.h"
#include "common/settings.h"
#include "http/http.h"

#define MAX_HEADER_BYTES	(16 * 1024)
#define MAX_HEADERS			100
/* Room for such headers, the library's list of them, and a reply's (it clears all that after each request). */
#define CONNECTION_MEMORY	(24 * 1024)
#define LIBRARY_CONNECTIONS	32768	/* endpoint_max_connections is the limit */

/* How much of a body that is too large is read, so that the client gets to see the reply. */
#define DISCARD_FACTOR		1.5

bool		exchanges_resumed = false;

static StringInfoData scratch;	/* bodies of replies made here */

static size_t
max_body(void)
{
	return (size_t) endpoint_max_body * 1024;
}

/* ---- replies ---- */

struct MHD_Response *
make_response(const char *request_id, Bytes body)
{
	char		checksum[16];
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body.len, unconstify(char *, body.data),
										MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		return NULL;
	checksum[pg_ultoa_n(crc32(0, (const Bytef *) body.data, body.len), checksum)] = '\0';
	MHD_add_response_header(response, "Content-Type", "application/x-amz-json-1.0");
	MHD_add_response_header(response, "x-amzn-RequestId", request_id);
	MHD_add_response_header(response, "x-amz-crc32", checksum);
	return response;
}

/* Queues the reply; the reference to the response is given up. */
static enum MHD_Result
answer(Exchange *exchange, int status, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	exchange->answered = true;
	connection_enter(exchange->connection, PHASE_REPLY);
	result = MHD_queue_response(exchange->connection->mhd, status, response);
	MHD_destroy_response(response);
	return result;
}

/* A reply of which nothing but its name is known, after which the connection is closed if asked. */
static enum MHD_Result
answer_error(Exchange *exchange, int status, const char *type, const char *message, bool close)
{
	struct MHD_Response *response;

	resetStringInfo(&scratch);
	aws_simple_error(&scratch, type, message, status);
	response = make_response(exchange->request_id, (Bytes) {scratch.data, scratch.len});
	if (response != NULL && close)
		MHD_add_response_header(response, "Connection", "close");
	return answer(exchange, status, response);
}

static enum MHD_Result
answer_text(Exchange *exchange, int status, const char *type, Bytes text)
{
	struct MHD_Response *response = make_response(exchange->request_id, text);

	if (response != NULL)
	{
		MHD_del_response_header(response, "Content-Type", "application/x-amz-json-1.0");
		MHD_add_response_header(response, "Content-Type", type);
	}
	return answer(exchange, status, response);
}

/* ---- headers ---- */

typedef struct Headers
{
	Exchange   *exchange;
	int			count;
	int			hosts;
	int			lengths;
	int			encodings;
	bool		chunked;
	bool		malformed;
	bool		bad_target;
	bool		unknown_coding;
	bool		foreign_host;
	uint64		length;
} Headers;

static bool
is_token(const char *name, size_t length)
{
	static const bool token[256] = {
		['0' ... '9'] = true,['A' ... 'Z'] = true,['a' ... 'z'] = true,
		['!'] = true,['#'] = true,['$'] = true,['%'] = true,['&'] = true,['\''] = true,
		['*'] = true,['+'] = true,['-'] = true,['.'] = true,['^'] = true,['_'] = true,
		['`'] = true,['|'] = true,['~'] = true,
	};
	bool		good = length > 0;

	for (size_t i = 0; i < length; i++)
		good &= token[(unsigned char) name[i]];
	return good;
}

/* In eight bytes: is any of them below ' ', or 127?  (Exact; a tab counts.) */
static bool
any_control(uint64 bytes)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	uint64		deletes = bytes ^ (ones * 127);

	return (((bytes - ones * ' ') & ~bytes) | ((deletes - ones) & ~deletes)) & (ones * 128);
}

static bool
has_control_characters(const char *value, size_t length)
{
	size_t		i = 0;

	for (uint64 bytes; i + sizeof(bytes) <= length; i += sizeof(bytes))
	{
		memcpy(&bytes, value + i, sizeof(bytes));
		if (any_control(bytes))
			break;
	}
	for (; i < length; i++)
		if (((unsigned char) value[i] < ' ' && value[i] != '\t') || value[i] == 127)
			return true;
	return false;
}

static void
take_length(Headers *headers, const char *value)
{
	char	   *end;

	headers->lengths++;
	errno = 0;
	headers->length = strtoull(value, &end, 10);
	if (!isdigit((unsigned char) value[0]) || *end != '\0' || errno != 0)
		headers->malformed = true;
}

static void
take_encoding(Headers *headers, const char *value)
{
	headers->encodings++;
	headers->chunked = strcasecmp(value, "chunked") == 0;
}

static void
take_coding(Headers *headers, const char *value)
{
	if (strcasecmp(value, "gzip") == 0)
		headers->exchange->gzipped = true;
	else if (strcasecmp(value, "identity") != 0 && value[0] != '\0')
		headers->unknown_coding = true;
}

static void
take_target(Headers *headers, const char *value)
{
	if (!aws_parse_target(value, headers->exchange->operation))
	{
		headers->exchange->operation[0] = '\0';
		headers->bad_target = true;
	}
}

/* Loopback names and addresses, with any port. */
static void
take_host(Headers *headers, const char *value)
{
	size_t		length = strcspn(value, value[0] == '[' ? "]" : ":");
	static const char suffix[] = ".localhost";
	size_t		suffix_length = strlen(suffix);

	headers->hosts++;
	if ((length == strlen("localhost") && strncasecmp(value, "localhost", length) == 0) ||
		(length > suffix_length &&
		 strncasecmp(value + length - suffix_length, suffix, suffix_length) == 0) ||
		(strncmp(value, "127.", 4) == 0 && strspn(value, "0123456789.") == length) ||
		strncmp(value, "[::1]", 5) == 0)
		return;
	headers->foreign_host = true;
}

#define KNOWN(name, take) {name, sizeof(name) - 1, take}

static const struct
{
	const char *name;
	size_t		length;
	void		(*take) (Headers *headers, const char *value);
} known_headers[] = {
	KNOWN("Host", take_host),
	KNOWN("X-Amz-Target", take_target),
	KNOWN("Content-Length", take_length),
	KNOWN("Content-Encoding", take_coding),
	KNOWN("Transfer-Encoding", take_encoding),
};

static enum MHD_Result
take_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_length,
			const char *value, size_t value_length)
{
	Headers    *headers = arg;

	headers->count++;
	if (value == NULL)
		value = "";
	if (!is_token(name, name_length) || has_control_characters(value, value_length))
		headers->malformed = true;
	for (int i = 0; i < lengthof(known_headers); i++)
		if (name_length == known_headers[i].length &&
			strncasecmp(name, known_headers[i].name, name_length) == 0)
			known_headers[i].take(headers, value);
	return MHD_YES;
}

static bool
framing_is_ambiguous(const Headers *headers)
{
	return headers->malformed || headers->hosts != 1 ||
		headers->lengths + headers->encodings > 1 ||
		(headers->encodings > 0 && !headers->chunked);
}

/* The first call for a request: its headers are complete, its body is still to come. */
static enum MHD_Result
begin_exchange(Exchange *exchange, struct MHD_Connection *mhd)
{
	Headers		headers = {.exchange = exchange};

	exchange->begun = true;
	MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, take_header, &headers);
	if (framing_is_ambiguous(&headers))
		return answer_error(exchange, MHD_HTTP_BAD_REQUEST, "SerializationException",
							"The headers of the request are malformed", true);
	if (headers.count > MAX_HEADERS ||
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size >
		MAX_HEADER_BYTES)
		return answer_error(exchange, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
							"RequestHeaderTooLargeException", NULL, true);
	if (headers.foreign_host)
		return answer_error(exchange, MHD_HTTP_FORBIDDEN, "AccessDeniedException",
							"The Host of the request is none of this server's", true);
	if (headers.length > max_body())
		return answer_error(exchange, MHD_HTTP_CONTENT_TOO_LARGE,
							"RequestEntityTooLargeException", NULL, true);
	if (headers.unknown_coding)
		return answer_error(exchange, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
							"UnsupportedMediaTypeException", NULL, true);
	if (headers.bad_target)
		return answer_error(exchange, MHD_HTTP_BAD_REQUEST, "UnknownOperationException", NULL,
							headers.length > 0 || headers.chunked);
	if (headers.length > 0)
	{
		exchange->allocated = headers.length;
		exchange->body = malloc(exchange->allocated);
		if (exchange->body == NULL)
			return MHD_NO;
	}
	return MHD_YES;
}

/* ---- the body ---- */

/*
 * Body without Content-Length that grows too large: read on to its end, so that
 * the client gets an answer, but not for ever.
 */
static enum MHD_Result
discard(Exchange *exchange, size_t length)
{
	static const char reply[] = "HTTP/1.1 413 Content Too Large\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";

	exchange->too_large = true;
	exchange->discarded += length;
	free(exchange->body);
	exchange->body = NULL;
	exchange->allocated = 0;
	if (exchange->length + exchange->discarded <= max_body() * DISCARD_FACTOR)
		return MHD_YES;
	(void) !send(exchange->connection->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	return MHD_NO;
}

static enum MHD_Result
take_body(Exchange *exchange, const char *data, size_t length)
{
	if (exchange->too_large || exchange->length + length > max_body())
		return discard(exchange, length);
	if (exchange->length + length > exchange->allocated)
	{
		size_t		allocated = (exchange->length + length) * 2;
		char	   *body = realloc(exchange->body, allocated);

		if (body == NULL)
			return MHD_NO;
		exchange->body = body;
		exchange->allocated = allocated;
	}
	memcpy(exchange->body + exchange->length, data, length);
	exchange->length += length;
	return MHD_YES;
}

/* ---- the request ---- */

static enum MHD_Result
run_exchange(Exchange *exchange)
{
	Call		call = {
		.operation = exchange->operation,
		.request_id = exchange->request_id,
		.body = {exchange->body ? exchange->body : "", exchange->length},
		.gzipped = exchange->gzipped,
		.may_wait = endpoint_slow_workers == 0,
		.timeout = endpoint_request_timeout,
	};
	struct MHD_Response *response;

	if (exchange->too_large)
		return answer_error(exchange, MHD_HTTP_CONTENT_TOO_LARGE,
							"RequestEntityTooLargeException", NULL, true);
	if (exchange->operation[0] == '\0')
		return answer_error(exchange, MHD_HTTP_BAD_REQUEST, "UnknownOperationException", NULL,
							false);
	execute_call(&call);
	if (call.must_wait)
	{
		if (lane_submit(exchange))
			return MHD_YES;
		return answer_error(exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
							"ServiceUnavailableException",
							"The item is locked, and no more requests can wait for it", false);
	}
	response = make_response(exchange->request_id, call.reply);
	if (response == NULL || flush_is_durable(call.lsn))
		return answer(exchange, call.status, response);
	exchange_park(exchange);
	flush_hold(exchange, call.status, response, call.lsn);
	return MHD_YES;
}

void
exchange_park(Exchange *exchange)
{
	exchange->parked = true;
	connection_enter(exchange->connection, PHASE_NONE);
	MHD_suspend_connection(exchange->connection->mhd);
}

void
exchange_resume(Exchange *exchange, int status, struct MHD_Response *response)
{
	struct MHD_Connection *mhd = exchange->connection->mhd;

	exchange->parked = false;
	if (answer(exchange, status, response) != MHD_YES)
	{
		exchange->answered = true;
		shutdown(exchange->connection->fd, SHUT_RDWR);
	}
	MHD_resume_connection(mhd);
	exchanges_resumed = true;
}

void
exchange_resume_unavailable(Exchange *exchange)
{
	resetStringInfo(&scratch);
	aws_simple_error(&scratch, "ServiceUnavailableException",
					 "The server is shutting down", MHD_HTTP_SERVICE_UNAVAILABLE);
	exchange_resume(exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
					make_response(exchange->request_id, (Bytes) {scratch.data, scratch.len}));
}

void
exchange_resume_failed(Exchange *exchange, const char *message)
{
	ErrorData	error = {.sqlerrcode = ERRCODE_DYNAMO_INTERNAL, .message = unconstify(char *, message)};
	RequestOutcome outcome;
	int			status;

	resetStringInfo(&scratch);
	status = aws_error(&scratch, &error, &outcome);
	exchange_resume(exchange, status,
					make_response(exchange->request_id, (Bytes) {scratch.data, scratch.len}));
}

/* The health check and the counters; everything else is nothing that we have. */
static enum MHD_Result
answer_get(Exchange *exchange, const char *url, const char *method)
{
	static const char unknown[] = "<UnknownOperationException/>\n";
	bool		reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	resetStringInfo(&scratch);
	if (reads && strcmp(url, "/") == 0)
	{
		appendStringInfo(&scratch, "healthy: dynamodb.%s.amazonaws.com ", dynamo_region);
		return answer_text(exchange, MHD_HTTP_OK, "text/plain",
						   (Bytes) {scratch.data, scratch.len});
	}
	if (reads && strcmp(url, "/metrics") == 0)
	{
		metrics_render(&scratch);
		return answer_text(exchange, MHD_HTTP_OK, "text/plain; version=0.0.4",
						   (Bytes) {scratch.data, scratch.len});
	}
	return answer_text(exchange, MHD_HTTP_NOT_FOUND, "text/xml",
					   bytes_from_cstring(unknown));
}

/* ---- what the library calls ---- */

static void *
on_request_line(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	Exchange   *exchange = calloc(1, sizeof(Exchange));

	if (exchange == NULL)
		return NULL;
	exchange->connection =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	aws_make_request_id(exchange->request_id);
	connection_enter(exchange->connection, PHASE_RECEIVE);
	return exchange;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
		   const char *version, const char *data, size_t *length, void **context)
{
	Exchange   *exchange = *context;

	if (exchange == NULL)
		return MHD_NO;			/* no memory */
	if (!exchange->begun)
		return begin_exchange(exchange, mhd);
	if (exchange->answered || exchange->parked)
	{
		*length = 0;
		return MHD_YES;			/* a request never runs twice */
	}
	if (*length > 0)
	{
		size_t		taken = *length;

		*length = 0;
		return take_body(exchange, data, taken);
	}
	connection_enter(exchange->connection, PHASE_NONE);
	if (strcmp(method, "POST") != 0)
		return answer_get(exchange, url, method);
	return run_exchange(exchange);
}

static void
on_completed(void *arg, struct MHD_Connection *mhd, void **context,
			 enum MHD_RequestTerminationCode code)
{
	Exchange   *exchange = *context;

	if (exchange == NULL)
		return;
	*context = NULL;
	Assert(!exchange->parked);
	connection_enter(exchange->connection, PHASE_IDLE);
	free(exchange->body);
	free(exchange);
}

static void
on_connection(void *arg, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		*context = connection_open(mhd);
		if (*context == NULL)
			ereport(FATAL,
					(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	else
		connection_close(*context);
}

/* An inconsistency inside the library: nothing can be trusted any more. */
static void
on_panic(void *arg, const char *file, unsigned int line, const char *reason)
{
	ereport(FATAL,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("libmicrohttpd: %s (%s:%u)", reason ? reason : "panic", file, line)));
}

static void pg_attribute_printf(2, 0)
on_log(void *arg, const char *format, va_list arguments)
{
	char		message[512];

	vsnprintf(message, sizeof(message), format, arguments);
	message[strcspn(message, "\n")] = '\0';
	ereport(DEBUG1, (errmsg_internal("libmicrohttpd: %s", message)));
}

struct MHD_Daemon *
protocol_start(void)
{
	struct MHD_Daemon *daemon;

	initStringInfo(&scratch);
	MHD_set_panic_func(on_panic, NULL);
	daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
							  MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
							  0, NULL, NULL, on_request, NULL,
							  MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
							  MHD_OPTION_URI_LOG_CALLBACK, on_request_line, NULL,
							  MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
							  MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
							  MHD_OPTION_CONNECTION_TIMEOUT, 0u,
							  MHD_OPTION_CONNECTION_LIMIT, (unsigned int) LIBRARY_CONNECTIONS,
							  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY,
							  MHD_OPTION_STRICT_FOR_CLIENT, 0,
							  MHD_OPTION_END);
	if (daemon == NULL)
		ereport(FATAL, (errmsg("libmicrohttpd does not start")));
	return daemon;
}
