/*
 * transact_write.c
 *		TransactWriteItems: up to 100 actions, all or none.
 *
 * The transaction is the caller's.  An error takes back what the statement has
 * done, whoever catches it, so actions are simply done one after another, and
 * what is wrong with one of them is noted while the others are looked at for
 * reasons of their own; the exception that names all reasons comes at the end.
 *
 * Isolation: each action is decided on the latest committed version of its item,
 * and what it has seen stays true until the transaction ends, also where nothing
 * was written (table_write_item_held()).  So there is a moment, the end, at
 * which all conditions hold together, whoever writes what meanwhile.  Keys are
 * taken in sorted order, so transactions wait for each other without deadlock.
 *
 * A ClientRequestToken is recorded with a digest of the actions, by the very
 * transaction; see transaction_tokens.c.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

#include "common/errors.h"
#include "ops/cancellation.h"
#include "ops/write.h"

typedef struct Action
{
	ItemWrite	write;			/* first: they are sorted by pointers to these */
	int			position;
	char		kind;			/* for the digest */
	ErrorData  *failure;		/* NULL: none */
	bool		only_look;		/* the transaction is cancelled already */
} Action;

typedef struct Transaction
{
	const TransactWriteRequest *request;
	int			nactions;
	Action	   *actions;		/* in the request's order */
	ItemWrite **sorted;			/* the same in the order of tables and keys */
} Transaction;

static void prepare_transaction(Transaction *transaction, const TransactWriteRequest *request);
static void prepare_action(const TransactWrite *request, Action *action);
static void prepare_check(const DeleteItemRequest *request, ItemWrite *write);
static WriteVerdict check(const ItemWrite *write, AttributeValue old, DynamoItem **new_item);
static void check_transaction_size(const Transaction *transaction);
static void open_actions(Transaction *transaction);
static void check_keys(Transaction *transaction);
static void check_key(Action *action);
static void sort_actions(Transaction *transaction);
static bool is_new(const Transaction *transaction);
static void digest_actions(const Transaction *transaction, uint8 *digest);
static void run_actions(Transaction *transaction);
static bool run_action(Action *action);
static WriteVerdict decide_action(void *arg, const DynamoItem *old, DynamoItem **new_item);
static void cancel_if_any_failed(const Transaction *transaction);
static void close_actions(Transaction *transaction);
static List *written_capacities(const Transaction *transaction);
static List *written_collections(const Transaction *transaction);
static List *repeated_capacities(const Transaction *transaction);

void
op_transact_write_items(const TransactWriteRequest *request, TransactWriteResult *result)
{
	Transaction transaction;

	memset(result, 0, sizeof(*result));
	forget_transaction();
	prepare_transaction(&transaction, request);
	check_transaction_size(&transaction);
	open_actions(&transaction);
	if (is_new(&transaction))
	{
		check_keys(&transaction);
		sort_actions(&transaction);
		cancel_if_any_failed(&transaction);
		run_actions(&transaction);
		cancel_if_any_failed(&transaction);
		result->capacities = written_capacities(&transaction);
		if (request->return_metrics == METRICS_SIZE)
			result->collections = written_collections(&transaction);
	}
	else
		result->capacities = repeated_capacities(&transaction);
	close_actions(&transaction);
	forget_transaction();
}

/* ---- before the tables are looked at ---- */

static void
prepare_transaction(Transaction *transaction, const TransactWriteRequest *request)
{
	ListCell   *cell;

	transaction->request = request;
	transaction->nactions = list_length(request->actions);
	transaction->actions = palloc0_array(Action, transaction->nactions);
	transaction->sorted = palloc_array(ItemWrite *, transaction->nactions);
	foreach(cell, request->actions)
	{
		Action	   *action = &transaction->actions[foreach_current_index(cell)];

		action->position = foreach_current_index(cell);
		prepare_action(lfirst(cell), action);
	}
}

static void
prepare_action(const TransactWrite *request, Action *action)
{
	int			given = (request->condition_check != NULL) + (request->put != NULL) +
		(request->delete != NULL) + (request->update != NULL);

	if (given == 0)
		validation_error("Invalid Request: TransactWriteRequest should contain "
						 "Delete or Put or Update request");
	if (given > 1)
		validation_error("TransactItems can only contain one of Check, Put, Update or Delete");
	if (request->condition_check != NULL)
	{
		action->kind = 'C';
		prepare_check(request->condition_check, &action->write);
	}
	else if (request->put != NULL)
	{
		action->kind = 'P';
		prepare_put(request->put, &action->write);
	}
	else if (request->delete != NULL)
	{
		action->kind = 'D';
		prepare_delete(request->delete, &action->write);
	}
	else
	{
		action->kind = 'U';
		prepare_update(request->update, &action->write);
	}
}

/*
 * A check is a write that writes nothing.  Like SELECT FOR SHARE it keeps others
 * from writing, and so asks for UPDATE.
 */
static void
prepare_check(const DeleteItemRequest *request, ItemWrite *write)
{
	prepare_delete(request, write);
	write->privileges = ACL_SELECT | ACL_UPDATE;
	write->change = check;
}

/* An ItemChange. */
static WriteVerdict
check(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	return WRITE_NOTHING;
}

/* The items that are put, and what the other actions bring with them. */
static void
check_transaction_size(const Transaction *transaction)
{
	int64		size = 0;

	for (int i = 0; i < transaction->nactions; i++)
	{
		const ItemWrite *write = &transaction->actions[i].write;

		size += write->item != NULL ? item_size(write->item) : attribute_size(write->key);
		if (attribute_exists(write->options->values))
			size += attribute_size(write->options->values);
	}
	if (size > MAX_TRANSACTION_SIZE)
		validation_error("Transaction payload size cannot exceed 4MB. Payload Size: "
						 INT64_FORMAT, size);
}

/* ---- tables and keys ---- */

static void
open_actions(Transaction *transaction)
{
	for (int i = 0; i < transaction->nactions; i++)
		open_write(&transaction->actions[i].write);
}

static void
check_keys(Transaction *transaction)
{
	for (int i = 0; i < transaction->nactions; i++)
		check_key(&transaction->actions[i]);
}

/* A key that does not fit its table is a reason of cancellation. */
static void
check_key(Action *action)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		check_write_key(&action->write);
	}
	PG_CATCH();
	{
		action->failure = catch_cancellation_reason(context);
	}
	PG_END_TRY();
}

/* Of the actions that have a key. */
static void
sort_actions(Transaction *transaction)
{
	int			n = 0;

	for (int i = 0; i < transaction->nactions; i++)
		if (transaction->actions[i].failure == NULL)
			transaction->sorted[n++] = &transaction->actions[i].write;
	if (!sort_writes(transaction->sorted, n))
		validation_error("Transaction request cannot include multiple operations on one item");
}

/* ---- the token ---- */

/* False if this was done already: the same actions with the same token. */
static bool
is_new(const Transaction *transaction)
{
	Bytes		token = transaction->request->client_request_token;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (token.data == NULL)
		return true;
	digest_actions(transaction, digest);
	return transaction_token_claim(token, (Bytes) {(const char *) digest, sizeof(digest)});
}

static void
append_field(StringInfo out, const void *data, int len)
{
	appendBinaryStringInfo(out, (const char *) &len, sizeof(len));
	if (len > 0)
		appendBinaryStringInfo(out, data, len);
}

static void
append_action(StringInfo out, const Action *action)
{
	const ItemWrite *write = &action->write;
	const WriteOptions *options = write->options;
	AttributeValue subject = write->item != NULL ? item_root(write->item) : write->key;

	append_field(out, &action->kind, sizeof(action->kind));
	append_field(out, &write->table->definition->relid, sizeof(Oid));
	append_field(out, subject.data, subject.len);
	append_field(out, write->update_expression.data, write->update_expression.len);
	append_field(out, options->condition_expression.data, options->condition_expression.len);
	append_field(out, options->names.data, options->names.len);
	append_field(out, options->values.data, options->values.len);
	append_field(out, &options->return_on_failure, sizeof(options->return_on_failure));
}

/* Values have one encoding each, so equal requests have equal digests. */
static void
digest_actions(const Transaction *transaction, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	StringInfoData bytes;

	initStringInfo(&bytes);
	for (int i = 0; i < transaction->nactions; i++)
		append_action(&bytes, &transaction->actions[i]);
	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) bytes.data, bytes.len) < 0 ||
		pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	pfree(bytes.data);
}

/* ---- the actions ---- */

static void
run_actions(Transaction *transaction)
{
	bool		failed = false;

	for (int i = 0; i < transaction->nactions; i++)
	{
		Action	   *action = (Action *) transaction->sorted[i];

		note_action(action->position, transaction->nactions);
		action->only_look = failed;
		if (!run_action(action))
			cancel_if_any_failed(transaction);
		failed = failed || action->failure != NULL;
	}
}

/*
 * Does the action and notes its failure.  False if storage has raised it: then
 * nothing more can be done in this transaction, not even looking.
 */
static bool
run_action(Action *action)
{
	MemoryContext context = CurrentMemoryContext;
	ItemWrite  *write = &action->write;
	volatile bool usable = true;

	PG_TRY();
	{
		if (action->only_look)
			table_write_item(write->table, &write->item_key, decide_action, action);
		else
			table_write_item_held(write->table, &write->item_key, decide_action, action);
	}
	PG_CATCH();
	{
		action->failure = catch_cancellation_reason(context);
		usable = false;
	}
	PG_END_TRY();
	return usable;
}

/*
 * A WriteDecision.  Catching its error is safe because deciding does nothing
 * but allocate.
 */
static WriteVerdict
decide_action(void *arg, const DynamoItem *old, DynamoItem **new_item)
{
	MemoryContext context = CurrentMemoryContext;
	Action	   *action = arg;
	volatile WriteVerdict verdict = WRITE_NOTHING;

	action->failure = NULL;
	PG_TRY();
	{
		verdict = decide_write(&action->write, old, new_item);
	}
	PG_CATCH();
	{
		action->failure = catch_cancellation_reason(action->write.result_context);
		MemoryContextSwitchTo(context);
		verdict = WRITE_NOTHING;
	}
	PG_END_TRY();
	return action->only_look ? WRITE_NOTHING : verdict;
}

static void
cancel_if_any_failed(const Transaction *transaction)
{
	ErrorData **reasons = palloc_array(ErrorData *, transaction->nactions);
	bool		any = false;

	for (int i = 0; i < transaction->nactions; i++)
	{
		reasons[i] = transaction->actions[i].failure;
		any = any || reasons[i] != NULL;
	}
	if (any)
		raise_canceled(reasons, transaction->nactions);
	pfree(reasons);
}

static void
close_actions(Transaction *transaction)
{
	for (int i = 0; i < transaction->nactions; i++)
		dynamo_table_close(transaction->actions[i].write.table);
}

/* ---- capacity ---- */

/* Transactions write everything twice. */
static List *
written_capacities(const Transaction *transaction)
{
	List	   *capacities = NIL;

	for (int i = 0; i < transaction->nactions; i++)
	{
		const ItemWrite *write = &transaction->actions[i].write;

		capacities = add_write_capacity(capacities, CAPACITY_OF_WRITES,
										transaction->request->return_capacity, write, 2);
	}
	return capacities;
}

static List *
written_collections(const Transaction *transaction)
{
	List	   *collections = NIL;

	for (int i = 0; i < transaction->nactions; i++)
		if (transaction->actions[i].write.change != check)
			collections = add_collection(collections, &transaction->actions[i].write);
	return collections;
}

/* DynamoDB charges a repeated transaction for reading its items. */
static List *
repeated_capacities(const Transaction *transaction)
{
	List	   *capacities = NIL;

	for (int i = 0; i < transaction->nactions; i++)
	{
		ItemWrite  *write = &transaction->actions[i].write;
		DynamoItem *item;

		check_write_key(write);
		item = table_get_item(write->table, &write->item_key);
		capacities = add_capacity(capacities, CAPACITY_OF_READS,
								  transaction->request->return_capacity, write->table_name,
								  2 * read_units(item != NULL ? item_size(item) : 0, true));
	}
	return capacities;
}
