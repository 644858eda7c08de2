/*
 * http_load.c
 *		A load generator for the endpoint: keep-alive connections, one request
 *		at a time on each.
 *
 *		http_load PORT CONNECTIONS SECONDS OPERATION BODY
 *
 * In BODY, "@" stands for a number from 1 to 10000 that changes with each
 * request, and "%" for another one.  Prints requests per second, the median and the 99th percentile of
 * the latency in microseconds, and how many replies were not 200.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define KEYS		10000
#define MAX_SAMPLES	(1 << 22)
#define BUFFER		(1 << 20)

typedef struct Client
{
	int			fd;
	size_t		got;
	double		sent_at;
	char		buffer[BUFFER];
} Client;

static const char *operation;
static const char *body_template;
static float *samples;
static int	nsamples;
static long nfailed;
static uint64_t seed = 88172645463325252ULL;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static unsigned
random_key(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % KEYS + 1;
}

static void
send_request(Client *client)
{
	char		body[8192];
	char		request[16384];
	size_t		n = 0;
	unsigned	key = random_key();
	int			length;

	for (const char *c = body_template; *c != '\0' && n < sizeof(body) - 16; c++)
	{
		if (*c == '@')
			n += sprintf(body + n, "%u", key);
		else if (*c == '%')
			n += sprintf(body + n, "%u", random_key());
		else
			body[n++] = *c;
	}
	length = snprintf(request, sizeof(request),
					  "POST / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept-Encoding: identity\r\n"
					  "X-Amz-Target: DynamoDB_20120810.%s\r\n"
					  "Content-Type: application/x-amz-json-1.0\r\n"
					  "User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1 Botocore/1.29.27\r\n"
					  "X-Amz-Date: 20250101T000000Z\r\n"
					  "Authorization: AWS4-HMAC-SHA256 Credential=x/20250101/us-east-1/dynamodb/aws4_request, "
					  "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=%064d\r\n"
					  "Content-Length: %zu\r\n\r\n%.*s",
					  operation, 0, n, (int) n, body);
	client->got = 0;
	client->sent_at = now();
	if (write(client->fd, request, length) != length)
		exit(1);
}

/* True when the reply is complete. */
static int
take_reply(Client *client)
{
	ssize_t		n = read(client->fd, client->buffer + client->got, BUFFER - 1 - client->got);
	char	   *end;
	char	   *length;

	if (n <= 0)
	{
		fprintf(stderr, "a connection was closed\n");
		exit(1);
	}
	client->got += n;
	client->buffer[client->got] = '\0';
	end = strstr(client->buffer, "\r\n\r\n");
	length = strcasestr(client->buffer, "content-length:");
	if (end == NULL || length == NULL ||
		client->got < (size_t) (end + 4 - client->buffer) + strtoul(length + 15, NULL, 10))
		return 0;
	if (strncmp(client->buffer, "HTTP/1.1 200", 12) != 0)
		nfailed++;
	return 1;
}

static int
compare(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	int			nclients;
	int			epoll = epoll_create1(0);
	double		start;
	double		seconds;

	if (argc != 6)
		return 2;
	nclients = atoi(argv[2]);
	seconds = atof(argv[3]);
	operation = argv[4];
	body_template = argv[5];
	samples = malloc(MAX_SAMPLES * sizeof(float));
	seed += getpid();
	for (int i = 0; i < nclients; i++)
	{
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
		Client	   *client = calloc(1, sizeof(Client));
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
		int			on = 1;

		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		client->fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (connect(client->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		{
			perror("connect");
			return 1;
		}
		epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
		send_request(client);
	}
	for (start = now(); now() - start < seconds;)
	{
		struct epoll_event events[64];
		int			n = epoll_wait(epoll, events, 64, 100);

		for (int i = 0; i < n; i++)
		{
			Client	   *client = events[i].data.ptr;

			if (!take_reply(client))
				continue;
			if (nsamples < MAX_SAMPLES)
				samples[nsamples++] = now() - client->sent_at;
			send_request(client);
		}
	}
	seconds = now() - start;
	if (nsamples == 0)
		return 1;
	qsort(samples, nsamples, sizeof(float), compare);
	printf("%.0f requests/s, p50 %.0f us, p99 %.0f us, %ld failed\n", nsamples / seconds,
		   samples[nsamples / 2] * 1e6, samples[(long) (nsamples * 0.99)] * 1e6, nfailed);
	return 0;
}
