/*
 * connections.c
 *		Who serves a connection, and how long it may take.
 *
 * Every worker accepts, and passes the connection on to the one that has the
 * fewest; so a busy worker gets none while another has time.
 *
 * The library times inactivity only, which a client that sends a byte now and
 * then never reaches.  Our deadlines are absolute.  All connections in one
 * phase have the same time, so a list per phase, in the order of arrival, is in
 * the order of deadlines too (but for those that entered before a reload
 * changed the time).
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "utils/timestamp.h"

#include "http/http.h"

#define ACCEPT_AT_ONCE	16
#define NAP_WITHOUT_FDS	1000	/* us, when the process has no descriptor left */

int			my_number = -1;
TimestampTz loop_time = 0;

static struct MHD_Daemon *daemon_of_mine;
static dlist_head phases[PHASES];

/*
 * Given to the library, which opens them when it runs next.  They count from now
 * on: several are accepted between two runs, and the limit is for all of them.
 */
static int	adopted = 0;

static int	choose_worker(int *total);
static void refuse_connection(int fd);
static void adopt_connection(int fd);

void
connections_init(struct MHD_Daemon *daemon)
{
	daemon_of_mine = daemon;
	for (int i = 0; i < PHASES; i++)
		dlist_init(&phases[i]);
	pg_atomic_write_u32(&endpoint_shared->workers[my_number].connections, 0);
}

/* ---- accepting ---- */

void
connections_accept(int listen_socket)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++)
	{
		int			fd = accept4(listen_socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int			total;
		int			worker;

		if (fd < 0)
		{
			if (errno == EMFILE || errno == ENFILE)
				pg_usleep(NAP_WITHOUT_FDS);
			return;
		}
		worker = choose_worker(&total);
		if (total >= endpoint_max_connections)
			refuse_connection(fd);
		else if (worker != my_number && endpoint_send_socket(worker, fd))
		{
			pg_atomic_fetch_add_u32(&endpoint_shared->workers[worker].handed, 1);
			close(fd);
		}
		else
			adopt_connection(fd);
	}
}

/* The running worker with the fewest connections; this one, if equal. */
static int
choose_worker(int *total)
{
	int			best = my_number;
	int			fewest = connections_of(my_number);

	*total = fewest;
	for (int i = 0; i < endpoint_worker_count(WORKER_ENDPOINT); i++)
	{
		int			connections;

		if (i == my_number || endpoint_shared->workers[i].proc == NULL)
			continue;
		connections = connections_of(i);
		*total += connections;
		if (connections < fewest)
		{
			fewest = connections;
			best = i;
		}
	}
	return best;
}

int
connections_of(int number)
{
	EndpointWorker *worker = &endpoint_shared->workers[number];

	return pg_atomic_read_u32(&worker->connections) +
		(pg_atomic_read_u32(&worker->handed) - pg_atomic_read_u32(&worker->taken));
}

static void
refuse_connection(int fd)
{
	static const char reply[] = "HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";

	(void) !send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* Takes what other workers have accepted for this one. */
void
connections_receive(void)
{
	int			fd;

	while ((fd = endpoint_receive_socket(my_number)) >= 0)
	{
		adopt_connection(fd);
		pg_atomic_fetch_add_u32(&endpoint_shared->workers[my_number].taken, 1);
	}
}

/* The library closes the socket where it fails. */
static void
adopt_connection(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t	length = sizeof(address);

	if (getpeername(fd, (struct sockaddr *) &address, &length) != 0)
	{
		close(fd);
		return;
	}
	pg_atomic_fetch_add_u32(&endpoint_shared->workers[my_number].connections, 1);
	adopted++;
	(void) MHD_add_connection(daemon_of_mine, fd, (struct sockaddr *) &address, length);
}

void
connections_settle(void)
{
	pg_atomic_fetch_sub_u32(&endpoint_shared->workers[my_number].connections, adopted);
	adopted = 0;
}

/* ---- connections ---- */

/* NULL without memory. */
Connection *
connection_open(struct MHD_Connection *mhd)
{
	Connection *connection = calloc(1, sizeof(Connection));

	if (connection == NULL)
		return NULL;
	connection->mhd = mhd;
	connection->fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	adopted--;
	connection_enter(connection, PHASE_IDLE);
	return connection;
}

void
connection_close(Connection *connection)
{
	connection_enter(connection, PHASE_NONE);
	pg_atomic_fetch_sub_u32(&endpoint_shared->workers[my_number].connections, 1);
	free(connection);
}

/* ---- deadlines ---- */

static int
phase_time(Phase phase)
{
	return phase == PHASE_IDLE ? endpoint_idle_timeout : endpoint_transfer_timeout;
}

void
connection_enter(Connection *connection, Phase phase)
{
	if (connection->phase != PHASE_NONE)
		dlist_delete(&connection->node);
	connection->phase = phase;
	if (phase == PHASE_NONE)
		return;
	connection->deadline = TimestampTzPlusMilliseconds(loop_time, phase_time(phase));
	dlist_push_tail(&phases[phase], &connection->node);
}

/*
 * Shuts down the sockets of connections that are overdue; the library then
 * finds them closed.
 */
long
connections_expire(void)
{
	long		timeout = -1;

	for (int phase = PHASE_NONE + 1; phase < PHASES; phase++)
		while (!dlist_is_empty(&phases[phase]))
		{
			Connection *connection = dlist_head_element(Connection, node, &phases[phase]);

			if (connection->deadline > loop_time)
			{
				long		left = TimestampDifferenceMilliseconds(loop_time,
																   connection->deadline) + 1;

				timeout = timeout < 0 ? left : Min(timeout, left);
				break;
			}
			connection_enter(connection, PHASE_NONE);
			shutdown(connection->fd, SHUT_RDWR);
		}
	return timeout;
}
