/*
 * streams.h
 *		What the readers of streams share.
 */
#ifndef DYNAMO_OPS_STREAMS_H
#define DYNAMO_OPS_STREAMS_H

#include "common/compat.h"
#include "ops/ops.h"

/* Stream * of dynamo.schema, of one table or of all (data NULL). */
extern List *streams_here(Bytes table_name);
/* The stream of an ARN, or ResourceNotFoundException. */
extern Stream *find_stream(Bytes arn);
pg_noreturn extern void raise_stream_not_found(Bytes arn);

/* Raises insufficient_privilege unless the current user may see the stream, or its records. */
extern void check_may_read(const Stream *stream, bool records);

#endif							/* DYNAMO_OPS_STREAMS_H */
