/*
 * cancellation.h
 *		Why a transaction is cancelled.
 */
#ifndef DYNAMO_OPS_CANCELLATION_H
#define DYNAMO_OPS_CANCELLATION_H

#include "common/compat.h"
#include "ops/ops.h"

/*
 * To be called in PG_CATCH(): the error, copied into the context and no longer
 * in flight, if it is one for which an action cancels its transaction; any
 * other is thrown again.  The context becomes the current one.
 */
extern ErrorData *catch_cancellation_reason(MemoryContext context);

/* Raises TransactionCanceledException: reasons[i] is the error of action i, or NULL. */
pg_noreturn extern void raise_canceled(ErrorData *const *reasons, int n);

/* For transaction_conflict(): which of so many actions is under way. */
extern void note_action(int action, int nactions);

#endif							/* DYNAMO_OPS_CANCELLATION_H */
