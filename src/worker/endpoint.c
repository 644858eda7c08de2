/*
 * endpoint.c
 *		What the endpoint needs before its workers exist: sockets and shared
 *		memory.
 *
 * The listening sockets are opened once, in the postmaster, and inherited: a
 * worker that dies takes neither the port nor the connections in the backlog
 * with it.  The socket pairs over which workers hand connections to each other
 * are made there too, since every worker needs its end of all of them.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/dsa.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "worker/worker.h"

EndpointShared *endpoint_shared = NULL;
int			endpoint_listen_sockets[MAX_LISTEN_SOCKETS];
int			endpoint_nlisten = 0;
int			endpoint_handover[MAX_ENDPOINT_WORKERS][2];

#define LISTEN_BACKLOG 511

static bool listen_on(const char *address);
static int	open_listen_socket(const struct sockaddr *address, socklen_t length);
static bool open_handover_sockets(void);
static void close_listen_sockets(void);
static void drain_handover_sockets(void);

/*
 * Opens all sockets.  False, with a message in the log, if that fails; the
 * server then runs without an endpoint.
 */
bool
endpoint_open_sockets(void)
{
	char	   *addresses = pstrdup(endpoint_listen_addresses);
	List	   *list;
	ListCell   *cell;

	if (!SplitGUCList(addresses, ',', &list))
		return false;			/* (the setting's check does not let it get here) */
	foreach(cell, list)
	{
		if (!listen_on(lfirst(cell)))
		{
			ereport(LOG,
					(errcode_for_socket_access(),
					 errmsg("the endpoint could not listen on \"%s\", port %d: %m",
							(char *) lfirst(cell), endpoint_port),
					 errhint("Is another server using dynamo.endpoint_port? There is no endpoint until a restart succeeds.")));
			close_listen_sockets();
			return false;
		}
	}
	return open_handover_sockets();
}

/* False with errno set. */
static bool
listen_on(const char *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint_port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint_port)};
	int			fd;

	if (strcmp(address, "localhost") == 0)
		address = "127.0.0.1";
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		fd = open_listen_socket((struct sockaddr *) &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
		fd = open_listen_socket((struct sockaddr *) &v6, sizeof(v6));
	else
	{
		errno = EINVAL;
		return false;
	}
	if (fd < 0)
		return false;
	endpoint_listen_sockets[endpoint_nlisten++] = fd;
	return true;
}

static int
open_listen_socket(const struct sockaddr *address, socklen_t length)
{
	int			fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int			on = 1;

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit TCP_NODELAY. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
		(address->sa_family != AF_INET6 ||
		 setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
		bind(fd, address, length) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;

	int			save_errno = errno;

	close(fd);
	errno = save_errno;
	return -1;
}

static bool
open_handover_sockets(void)
{
	for (int i = 0; i < endpoint_worker_count(WORKER_ENDPOINT); i++)
	{
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
					   endpoint_handover[i]) == 0)
			continue;
		ereport(LOG,
				(errcode_for_socket_access(),
				 errmsg("could not create a socket pair for the endpoint: %m")));
		close_listen_sockets();
		return false;
	}
	return true;
}

static void
close_listen_sockets(void)
{
	while (endpoint_nlisten > 0)
		close(endpoint_listen_sockets[--endpoint_nlisten]);
}

Size
endpoint_shmem_size(void)
{
	return MAXALIGN(sizeof(EndpointShared));
}

/* Called in the postmaster, again after a crash: with AddinShmemInitLock held. */
void
endpoint_shmem_init(void)
{
	bool		found;
	dsa_area   *area;

	endpoint_shared = ShmemInitStruct("dynamo endpoint", sizeof(EndpointShared), &found);
	if (found)
		return;

	drain_handover_sockets();
	MemSet(endpoint_shared, 0, sizeof(EndpointShared));
	for (int i = 0; i < MAX_ENDPOINT_WORKERS; i++)
	{
		EndpointWorker *worker = &endpoint_shared->workers[i];

		pg_atomic_init_u32(&worker->connections, 0);
		pg_atomic_init_u32(&worker->handed, 0);
		pg_atomic_init_u32(&worker->taken, 0);
		pg_atomic_init_u32(&worker->wants_flush, 0);
	}
	pg_atomic_init_u64(&endpoint_shared->flush_request, 0);
	pg_atomic_init_u64(&endpoint_shared->durable, 0);
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
		pg_atomic_init_u32(&endpoint_shared->jobs[i].state, SLOW_FREE);

	endpoint_shared->dsa_tranche = LWLockNewTrancheId();
	LWLockRegisterTranche(endpoint_shared->dsa_tranche, "DynamoSlowLane");
	area = dsa_create_in_place(endpoint_shared->dsa_space, SLOW_LANE_SPACE,
							   endpoint_shared->dsa_tranche, NULL);
	dsa_pin(area);
	dsa_set_size_limit(area, SLOW_LANE_LIMIT);
	dsa_detach(area);
}

/*
 * Closes the connections that were on their way between workers when the
 * server crashed: the counters that know of them are gone.
 */
static void
drain_handover_sockets(void)
{
	if (endpoint_nlisten == 0)
		return;
	for (int i = 0; i < endpoint_worker_count(WORKER_ENDPOINT); i++)
	{
		int			fd;

		while ((fd = endpoint_receive_socket(i)) >= 0)
			close(fd);
	}
}

/* ---- handing a connection over ---- */

/* False if the worker's socket is full. */
bool
endpoint_send_socket(int worker, int fd)
{
	char		control[CMSG_SPACE(sizeof(int))] = {0};
	char		byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &data,.msg_iovlen = 1,
		.msg_control = control,.msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	return sendmsg(endpoint_handover[worker][1], &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* The next connection that was sent to a worker, or -1. */
int
endpoint_receive_socket(int worker)
{
	char		control[CMSG_SPACE(sizeof(int))];
	char		byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &data,.msg_iovlen = 1,
		.msg_control = control,.msg_controllen = sizeof(control)
	};
	struct cmsghdr *header;
	int			fd;

	if (recvmsg(endpoint_handover[worker][0], &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}
