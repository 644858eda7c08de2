/*
 * durability_shim.c
 *		LD_PRELOADed by http_unsynced_crash.pl: keeps a copy of what is synced of the
 *		write-ahead log, and makes syncing slow.
 *
 * $DURABILITY_SHIM names a file that all processes map; beside it, with ".wal"
 * behind its name, is the copy.  Positions are bytes from the start of the log
 * (segments of 16 MB).  PostgreSQL writes and syncs the log under one lock, so
 * what is written but not synced is one range.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SEGMENT_SIZE (16 * 1024 * 1024)

typedef struct Log
{
	_Atomic uint64_t delay;		/* microseconds that a sync takes longer */
	_Atomic uint64_t syncs;		/* that have ended */
	_Atomic uint64_t first;		/* where the copy starts; 0: nowhere */
	_Atomic uint64_t from;		/* written, not synced: 0, 0 if there is nothing */
	_Atomic uint64_t to;
} Log;

static Log *
shared_log(void)
{
	static Log *log;
	const char *path = getenv("DURABILITY_SHIM");
	int			fd;

	if (log != NULL || path == NULL || (fd = open(path, O_RDWR)) < 0)
		return log;
	log = mmap(NULL, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return log;
}

/* False unless the descriptor is a segment of the log. */
static int
segment_start(int fd, uint64_t *start)
{
	char		link[64];
	char		path[1024];
	char	   *name;
	unsigned int timeline,
				high,
				low;
	ssize_t		n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	name = strstr(path, "/pg_wal/");
	if (name == NULL || strlen(name + 8) != 24 ||
		sscanf(name + 8, "%8X%8X%8X", &timeline, &high, &low) != 3)
		return 0;
	*start = ((uint64_t) high << 32) + (uint64_t) low * SEGMENT_SIZE;
	return 1;
}

/* However many signals come. */
static void
pause_for(uint64_t microseconds)
{
	struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static ssize_t
real_pwrite(int fd, const void *data, size_t length, off64_t offset)
{
	static ssize_t (*real) (int, const void *, size_t, off64_t);

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "pwrite64");
	return real(fd, data, length, offset);
}

static void
note_write(Log *log, uint64_t from, uint64_t to)
{
	if (log->first == 0 || from < log->first)
		log->first = from;
	if (log->to == 0 || from < log->from)
		log->from = from;
	if (to > log->to)
		log->to = to;
}

/* Copies what has been synced by way of this segment's descriptor. */
static void
note_sync(Log *log, int fd, uint64_t start)
{
	static char buffer[1024 * 1024];
	char		path[1024];
	int			copy;

	snprintf(path, sizeof(path), "%s.wal", getenv("DURABILITY_SHIM"));
	copy = open(path, O_RDWR | O_CREAT, 0600);
	for (uint64_t at = log->from; at < log->to; at += sizeof(buffer))
	{
		uint64_t	left = log->to - at;
		ssize_t		n = pread(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer), at - start);

		if (copy < 0 || n <= 0 || real_pwrite(copy, buffer, n, at) != n)
			abort();
	}
	close(copy);
	log->from = log->to = 0;
	log->syncs++;
}

ssize_t
pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	ssize_t		n = real_pwrite(fd, data, length, offset);
	uint64_t	start;

	if (n > 0 && shared_log() != NULL && segment_start(fd, &start))
		note_write(shared_log(), start + offset, start + offset + n);
	return n;
}

ssize_t
pwrite(int fd, const void *data, size_t length, off_t offset)
{
	return pwrite64(fd, data, length, offset);
}

int
fdatasync(int fd)
{
	static int	(*real) (int);
	Log		   *log = shared_log();
	uint64_t	start;
	int			result;

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "fdatasync");
	if (log == NULL || !segment_start(fd, &start))
		return real(fd);
	pause_for(log->delay);
	result = real(fd);
	if (result == 0)
		note_sync(log, fd, start);
	return result;
}
