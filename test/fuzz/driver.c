/*
 * driver.c
 *		libFuzzer inside a PostgreSQL backend.
 *
 * The extension, built with coverage and AddressSanitizer instrumentation, is
 * loaded into a single-user backend whose runtime is preloaded; the SQL
 * function below hands control to libFuzzer.  So the code under test runs with
 * the server's own numerics, memory contexts and error handling rather than
 * with imitations of them.
 *
 * Each input runs in one memory context that is reset after it.  Errors are
 * caught without a transaction's clean-up: the code under test parses,
 * prints and evaluates, and touches nothing that an abort would have to undo.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "fuzz.h"

typedef int (*FuzzerCallback) (const uint8_t *data, size_t size);

extern int	LLVMFuzzerRunDriver(int *argc, char ***argv, FuzzerCallback callback);

static const FuzzTarget *current_target;
static MemoryContext input_context;

void
fuzz_fail(const char *what)
{
	fprintf(stderr, "FINDING in target %s: %s\n", current_target->name, what);
	abort();
}

/* What the code under test may not raise; reports the rest as usual errors. */
static void
check_error(void)
{
	ErrorData  *error;

	MemoryContextSwitchTo(input_context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		error->sqlerrcode == ERRCODE_DATA_CORRUPTED)
		fuzz_fail(psprintf("internal error: %s", error->message));
}

static int
try_input(const uint8_t *data, size_t size)
{
	MemoryContext old = MemoryContextSwitchTo(input_context);

	PG_TRY();
	{
		/* a copy of exactly this size, so that reading past it is noticed */
		char	   *copy = palloc(size);

		memcpy(copy, data, size);
		current_target->run((Bytes) {copy, (int) size}, current_target->argument);
	}
	PG_CATCH();
	{
		check_error();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextReset(input_context);
	return 0;
}

/* fuzz_run(target text, options text[]): does not return while it fuzzes. */
PG_FUNCTION_INFO_V1(fuzz_run);
Datum
fuzz_run(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum	   *options;
	int			argc;
	char	  **argv;

	for (int i = 0; i < fuzz_ntargets; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0)
			current_target = &fuzz_targets[i];
	if (current_target == NULL)
		elog(ERROR, "no fuzz target \"%s\"", name);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
					  &options, NULL, &argc);
	argv = palloc0((argc + 2) * sizeof(char *));
	argv[0] = name;
	for (int i = 0; i < argc; i++)
		argv[i + 1] = TextDatumGetCString(options[i]);
	argc++;
	input_context = fuzz_context_create();
	PG_RETURN_INT32(LLVMFuzzerRunDriver(&argc, &argv, try_input));
}

/* fuzz_list(): the names of the targets, for run.sh. */
PG_FUNCTION_INFO_V1(fuzz_list);
Datum
fuzz_list(PG_FUNCTION_ARGS)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < fuzz_ntargets; i++)
		appendStringInfo(&names, "%s ", fuzz_targets[i].name);
	PG_RETURN_TEXT_P(cstring_to_text(names.data));
}
