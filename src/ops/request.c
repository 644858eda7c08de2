/*
 * request.c
 *		What the current request concerns: the tables that it names, and the
 *		capacity that it consumes of each.
 *
 * For who counts requests.  A request may run inside another one (a trigger
 * that calls dynamo.put_item()), so they form a stack; whoever enters a request
 * leaves it too, also after an error.  Without one nothing is noted.
 */
#include "postgres.h"

#include "ops/operation.h"

static RequestRecord *current = NULL;

static RequestTable *find_table(Bytes name);
static RequestTable *add_table(Bytes name);

void
request_enter(RequestRecord *request)
{
	request->outer = current;
	current = request;
}

void
request_leave(RequestRecord *request)
{
	current = request->outer;
}

void
request_begin(RequestRecord *request, const char *operation)
{
	request->operation = operation;
	request->context = CurrentMemoryContext;
	request->ntables = 0;
	request->allocated = 1;
	request->tables = &request->first;
}

void
request_note_operation(const char *operation)
{
	if (current != NULL)
		current->operation = operation;
}

void
request_note_table(Bytes name)
{
	if (current != NULL && find_table(name) == NULL)
		(void) add_table(name);
}

void
request_note_units(Bytes name, double units)
{
	RequestTable *table;

	if (current == NULL)
		return;
	table = find_table(name);
	if (table == NULL)
		table = add_table(name);
	table->units += units;
}

static RequestTable *
find_table(Bytes name)
{
	for (int i = 0; i < current->ntables; i++)
	{
		RequestTable *table = &current->tables[i];

		if (bytes_equal(name, (Bytes) {table->name, table->length}))
			return table;
	}
	return NULL;
}

static RequestTable *
add_table(Bytes name)
{
	RequestTable *table;

	if (current->ntables == current->allocated)
	{
		RequestTable *larger =
			MemoryContextAlloc(current->context,
							   2 * current->allocated * sizeof(RequestTable));

		memcpy(larger, current->tables, current->ntables * sizeof(RequestTable));
		if (current->tables != &current->first)
			pfree(current->tables);
		current->tables = larger;
		current->allocated *= 2;
	}
	table = &current->tables[current->ntables++];
	table->length = Min(name.len, MAX_TABLE_NAME_SIZE);
	memcpy(table->name, name.data, table->length);
	table->name[table->length] = '\0';
	table->units = 0;
	return table;
}
