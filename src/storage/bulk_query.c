/*
 * bulk_query.c
 *		The items that a statement of the caller returns.
 *
 * The statement runs by SPI with the privileges of the current user, like one
 * that he types.  Its rows are handed on one by one as the executor makes them,
 * so a result of any size takes no memory, and a parallel plan stays one.
 *
 * Plain JSON becomes an item as the cast from jsonb makes it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "storage/storage_internal.h"

struct ItemQuery
{
	SPIPlanPtr	plan;
	MemoryContextCallback free_plan;
};

/* Where the executor sends the rows. */
typedef struct ItemReceiver
{
	DestReceiver dest;			/* first: the executor's view of it */
	ItemConsumer consume;
	void	   *arg;
	bool		is_jsonb;
	MemoryContext row_context;	/* reset after each row */
} ItemReceiver;

static void free_plan(void *query);
static bool check_column(TupleDesc desc);
static void receive_start(DestReceiver *dest, int operation, TupleDesc desc);
static bool receive_row(TupleTableSlot *slot, DestReceiver *dest);
static void receive_nothing(DestReceiver *dest);

ItemQuery *
item_query_prepare(const char *text)
{
	ItemQuery  *query = palloc_object(ItemQuery);
	const CachedPlanSource *source;

	SPI_connect();
	query->plan = SPI_prepare_cursor(text, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	if (query->plan == NULL)
		elog(ERROR, "preparation of a query failed: %s", SPI_result_code_string(SPI_result));
	if (!SPI_is_cursor_plan(query->plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must be one statement that returns rows")));
	source = linitial(SPI_plan_get_plan_sources(query->plan));
	(void) check_column(source->resultDesc);
	SPI_keepplan(query->plan);
	SPI_finish();

	/* Whatever ends the load: the plan is not kept for a session's life. */
	query->free_plan.func = free_plan;
	query->free_plan.arg = query;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &query->free_plan);
	return query;
}

static void
free_plan(void *query)
{
	SPI_freeplan(((ItemQuery *) query)->plan);
}

/* Whether the items are plain JSON; raises datatype_mismatch for other types. */
static bool
check_column(TupleDesc desc)
{
	Oid			type = desc->natts == 1 ? getBaseType(TupleDescAttr(desc, 0)->atttypid) : InvalidOid;

	if (type != JSONBOID && (!OidIsValid(type) || type != item_type_oid()))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must return one column of type dynamo.item or jsonb"),
				 desc->natts == 1 ?
					 errdetail("It returns one of type %s.",
							   format_type_be(TupleDescAttr(desc, 0)->atttypid)) :
					 errdetail("It returns %d columns.", desc->natts),
				 errhint("Cast DynamoDB's JSON to dynamo.item, plain JSON to jsonb.")));
	return type == JSONBOID;
}

void
item_query_run(ItemQuery *query, ItemConsumer consume, void *arg)
{
	ItemReceiver receiver = {
		.dest = {
			.receiveSlot = receive_row,
			.rStartup = receive_start,
			.rShutdown = receive_nothing,
			.rDestroy = receive_nothing,
			.mydest = DestNone,
		},
		.consume = consume,
		.arg = arg,
	};
	SPIExecuteOptions options = {.must_return_tuples = true, .dest = &receiver.dest};
	int			result;

	receiver.row_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo row of a query",
												 ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	result = SPI_execute_plan_extended(query->plan, &options);
	if (result < 0)
		elog(ERROR, "execution of a query failed: %s", SPI_result_code_string(result));
	SPI_finish();
	MemoryContextDelete(receiver.row_context);
}

/* (The type could be another one by now only if this transaction has seen to it.) */
static void
receive_start(DestReceiver *dest, int operation, TupleDesc desc)
{
	((ItemReceiver *) dest)->is_jsonb = check_column(desc);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *dest)
{
	ItemReceiver *receiver = (ItemReceiver *) dest;
	MemoryContext caller = MemoryContextSwitchTo(receiver->row_context);
	bool		isnull;
	Datum		datum = slot_getattr(slot, 1, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the query returned NULL instead of an item")));
	receiver->consume(receiver->arg,
					  receiver->is_jsonb ? item_from_jsonb(datum) : DatumGetDynamoItem(datum));
	MemoryContextSwitchTo(caller);
	MemoryContextReset(receiver->row_context);
	return true;
}

/* rShutdown and rDestroy: the receiver is on the stack of item_query_run(). */
static void
receive_nothing(DestReceiver *dest)
{
}
