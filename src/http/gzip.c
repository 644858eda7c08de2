/*
 * gzip.c
 *		Request bodies with Content-Encoding: gzip.
 */
#include "postgres.h"

#include <zlib.h>

#include "utils/memutils.h"

#include "http/http.h"

#define GZIP_WINDOW		(15 + 16)	/* 16: a gzip header is required */
#define FIRST_BUFFER	(64 * 1024)

/*
 * Inflates into palloc'd memory, at most `limit` bytes, so that a small body
 * cannot become a huge one.
 */
GunzipResult
gunzip(Bytes compressed, size_t limit, Bytes *plain)
{
	z_stream	stream = {0};
	size_t		allocated = Min(FIRST_BUFFER, limit + 1);
	char	   *buffer = palloc(allocated);
	int			status;

	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return GUNZIP_BROKEN;
	stream.next_in = (Bytef *) compressed.data;
	stream.avail_in = compressed.len;
	for (;;)
	{
		stream.next_out = (Bytef *) buffer + stream.total_out;
		stream.avail_out = allocated - stream.total_out;
		status = inflate(&stream, Z_NO_FLUSH);
		if (status != Z_OK || stream.total_out > limit)
			break;
		if (stream.avail_out > 0)
		{
			status = Z_BUF_ERROR;	/* the input has ended before the stream */
			break;
		}
		allocated = Min(allocated * 2, limit + 1);
		buffer = repalloc_huge(buffer, allocated);
	}
	inflateEnd(&stream);

	if (stream.total_out > limit)
		return GUNZIP_TOO_LARGE;
	if (status != Z_STREAM_END || stream.avail_in > 0)
		return GUNZIP_BROKEN;
	*plain = (Bytes) {buffer, (int) stream.total_out};
	return GUNZIP_OK;
}
