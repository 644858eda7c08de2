/*
 * validate.c
 *		Whether a decoded request satisfies its shape.
 *
 * Every broken constraint is collected, in the order of the shape, up to the
 * ten that DynamoDB reports at most.  A table name that is given but cannot be
 * one is reported alone and first; after the constraints come members that cannot
 * stand together, and after these values in items, then those of expressions.
 * Members that are not built yet come last, because a request that DynamoDB
 * would refuse is refused for its reasons.
 *
 * A valid request costs a walk over its members: messages and paths are only
 * made for errors.  An invalid one costs no more, however many faults it has:
 * what decoding has noted is sorted, and after the last error that is reported
 * no structure is looked at.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"

#include "common/errors.h"
#include "common/settings.h"
#include "api/shapes.h"

#define MAX_REPORTED_ERRORS 10

#define NAME_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define NAME_PATTERN "[a-zA-Z0-9_.-]+"
#define MAX_ARN_SIZE 1024

/* The path to a member: keySchema.1.member.keyType */
typedef struct Path
{
	const struct Path *parent;
	const char *name;			/* of a member, as on the wire; or NULL */
	int			index;			/* of a list's element, from 1 */
	Bytes		key;			/* of a map's value */
} Path;

typedef struct ErrorList
{
	int			count;
	StringInfoData text;

	/* The first structure whose members cannot stand together, and its shape. */
	const void *disagreeing;
	const Shape *disagreeing_shape;
} ErrorList;

static int	compare_addresses(const ListCell *a, const ListCell *b);
static bool is_noted(const List *addresses, const void *address);
static void check_lists_not_empty(const Shape *shape, const void *request,
								  const RequestNotes *notes);
static void note_tables(const Shape *shape, const void *structure);
static void resolve_table_name(const Shape *shape, const Member *member, Bytes *name);
static void check_table_name(Bytes *name, const Path *path, ErrorList *errors);
static Bytes name_of_arn(Bytes arn);
static bool matches_name_pattern(Bytes name);
static void check_structure(const Shape *shape, void *structure, const Path *parent,
							const RequestNotes *notes, ErrorList *errors);
static void check_member(const Member *member, void *structure, const Path *path,
						 const RequestNotes *notes, ErrorList *errors);
static void check_string(const Member *member, Bytes string, const Path *path,
						 ErrorList *errors);
static void check_length(const Member *member, int64 length, Bytes shown,
						 const Path *path, ErrorList *errors);
static void check_integer(const Member *member, int64 value, const Path *path,
						  ErrorList *errors);
static void check_enum(const Member *member, const int *field, const Path *path,
					   const RequestNotes *notes, ErrorList *errors);
static void check_names(const Member *member, AttributeValue names, const Path *path,
						ErrorList *errors);
static void check_list(const Member *member, List *list, const Path *path,
					   const RequestNotes *notes, ErrorList *errors);
static void check_strings(const Member *member, List *strings, const Path *path,
						  ErrorList *errors);
static void check_element_length(const Member *member, Bytes string, const Path *path,
								 ErrorList *errors);
static Bytes shown_strings(List *strings);
static void check_map(const Member *member, List *elements, const Path *path,
					  const RequestNotes *notes, ErrorList *errors);
static void check_items(const Member *member, List *list, const Path *path,
						ErrorList *errors);
static Bytes shown_list(List *list);
static void check_tables(const Member *member, List *list, const Path *path,
						 const RequestNotes *notes, ErrorList *errors);
static void check_map_key(Bytes *name, const Path *path, ErrorList *errors);
static bool check_map_value(const Member *member, Bytes *structure, const Path *path,
							ErrorList *errors);
static int	utf16_length(Bytes string);
static void add_error(ErrorList *errors, Bytes value, const Path *path,
					  const char *constraint, ...) pg_attribute_printf(4, 5);
static void append_path(StringInfo out, const Path *path);

#define NO_VALUE ((Bytes) {NULL, 0})	/* shown as null, without quotes */

void
validate_request(const Shape *shape, void *request, const RequestNotes *notes)
{
	ErrorList	errors = {0};

	if (notes->unknown != NULL)
		validation_error("%s", notes->unknown);
	for (int i = 0; i < shape->nmembers; i++)
		if (shape->members[i].type == MEMBER_TABLE_NAME)
			resolve_table_name(shape, &shape->members[i],
							   MEMBER_FIELD(Bytes, request, &shape->members[i]));
	list_sort(notes->empty_lists, compare_addresses);
	list_sort(notes->null_elements, compare_addresses);
	check_structure(shape, request, NULL, notes, &errors);
	if (errors.count > 0)
		validation_error("%d validation error%s detected: %s", errors.count,
						 errors.count == 1 ? "" : "s", errors.text.data);
	if (errors.disagreeing_shape != NULL)
		raise_disagreement(errors.disagreeing_shape, errors.disagreeing, notes);
	if (notes->bad_item != NULL)
		ReThrowError(notes->bad_item);
	if (notes->bad_values != NULL)
		ReThrowError(notes->bad_values);
	check_lists_not_empty(shape, request, notes);
	if (notes->unbuilt != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("The parameter %s is not supported by this version of dynamo",
								 notes->unbuilt->name)));
	note_tables(shape, request);
}

static int
compare_addresses(const ListCell *a, const ListCell *b)
{
	uintptr_t	x = (uintptr_t) lfirst(a);
	uintptr_t	y = (uintptr_t) lfirst(b);

	return x < y ? -1 : x > y;
}

/* The same as bsearch() wants it. */
static int
compare_cells(const void *a, const void *b)
{
	return compare_addresses(a, b);
}

/* Whether an address is in one of the lists of notes, which are sorted. */
static bool
is_noted(const List *addresses, const void *address)
{
	ListCell	key = {.ptr_value = unconstify(void *, address)};

	return addresses != NIL &&
		bsearch(&key, addresses->elements, list_length(addresses), sizeof(ListCell),
				compare_cells) != NULL;
}

static void
check_lists_not_empty(const Shape *shape, const void *request, const RequestNotes *notes)
{
	for (int i = 0; i < shape->nmembers; i++)
	{
		const Member *member = &shape->members[i];

		if (member->if_empty != NULL && member_is_given(member, request, notes) &&
			*MEMBER_FIELD(List *const, request, member) == NIL)
			validation_error("One or more parameter values were invalid: %s", member->if_empty);
	}
}

/* The tables that it names, for who counts requests. */
static void
note_tables(const Shape *shape, const void *structure)
{
	for (int i = 0; i < shape->nmembers; i++)
	{
		const Member *member = &shape->members[i];
		const void *nested;
		ListCell   *cell;

		switch (member->type)
		{
			case MEMBER_TABLE_NAME:
				if (MEMBER_FIELD(const Bytes, structure, member)->data != NULL)
					request_note_table(*MEMBER_FIELD(const Bytes, structure, member));
				break;
			case MEMBER_STRUCTURE:
				nested = *MEMBER_FIELD(void *const, structure, member);
				if (nested != NULL)
					note_tables(member->shape, nested);
				break;
			case MEMBER_LIST:
				foreach(cell, *MEMBER_FIELD(List *const, structure, member))
					note_tables(member->shape, lfirst(cell));
				break;
			case MEMBER_TABLES:
				foreach(cell, *MEMBER_FIELD(List *const, structure, member))
				{
					if (foreach_current_index(cell) == member->limits.max)
						break;	/* (so many are refused by the operation) */
					request_note_table(*(const Bytes *) lfirst(cell));
				}
				break;
			default:
				break;
		}
	}
}

/* ---- table names ---- */

/*
 * Raises ValidationException for a name that no table can have, and turns an
 * ARN into the name it ends with.  Creating a table asks for three characters;
 * with fewer than that, other operations just find no table.
 */
static void
resolve_table_name(const Shape *shape, const Member *member, Bytes *name)
{
	ErrorList	errors = {0};
	Path		path = {NULL, member->name};

	if (name->data == NULL)
		return;
	check_table_name(name, &path, &errors);
	if (shape == &create_table_shape && (name->len < 3 || name->len > MAX_TABLE_NAME_SIZE))
		validation_error("TableName must be at least 3 characters long and "
						 "at most 255 characters long");
	if (errors.count == 0 && name->len > MAX_TABLE_NAME_SIZE)
		add_error(&errors, *name, &path, "Member must have length less than or equal to %d",
				  MAX_TABLE_NAME_SIZE);
	if (errors.count > 0)
		validation_error("1 validation error detected: %s", errors.text.data);
}

/* Turns an ARN into a name. */
static void
check_table_name(Bytes *name, const Path *path, ErrorList *errors)
{
	Bytes		given = *name;

	if (name->len < 1)
		add_error(errors, *name, path, "Member must have length greater than or equal to 1");
	else if (name->len > MAX_ARN_SIZE)
		add_error(errors, *name, path, "Member must have length less than or equal to %d",
				  MAX_ARN_SIZE);
	else
	{
		*name = name_of_arn(given);
		if (!matches_name_pattern(*name))
			add_error(errors, given, path,
					  "Member must satisfy regular expression pattern: " NAME_PATTERN);
	}
}

/*
 * The table's name in "arn:aws:dynamodb:<region>:<account>:table/<name>", or
 * the text itself if it is no ARN.  An ARN of another region or account names
 * a table that is not here.
 */
static Bytes
name_of_arn(Bytes arn)
{
	char	   *prefix;
	int			length;

	if (arn.len < 4 || memcmp(arn.data, "arn:", 4) != 0)
		return arn;
	prefix = psprintf("arn:aws:dynamodb:%s:%s:table/", dynamo_region, dynamo_account_id);
	length = strlen(prefix);
	if (arn.len <= length || memcmp(arn.data, prefix, length) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESOURCE_NOT_FOUND),
				 errmsg_internal("Requested resource not found"),
				 errdetail("The ARN \"%.*s\" does not name a table of this region and account; "
						   "those begin with \"%s\".", arn.len, arn.data, prefix),
				 errhint("The settings dynamo.region and dynamo.account_id choose both.")));
	return (Bytes) {arn.data + length, arn.len - length};
}

static bool
matches_name_pattern(Bytes name)
{
	for (int i = 0; i < name.len; i++)
		if (name.data[i] == '\0' || strchr(NAME_CHARACTERS, name.data[i]) == NULL)
			return false;
	return name.len > 0;
}

/* ---- structures and their members ---- */

static void
check_structure(const Shape *shape, void *structure, const Path *parent,
				const RequestNotes *notes, ErrorList *errors)
{
	int			roles = 0;

	for (int i = 0; i < shape->nmembers; i++)
	{
		const Member *member = &shape->members[i];
		Path		path = {parent, member->name};

		if (errors->count == MAX_REPORTED_ERRORS)
			return;
		if (member->type == MEMBER_UNBUILT)
			continue;
		if (member_is_given(member, structure, notes))
		{
			roles |= ROLE_BIT(member->role);
			check_member(member, structure, &path, notes, errors);
		}
		else if (member->required)
			add_error(errors, NO_VALUE, &path, "Member must not be null");
	}
	if ((roles & ~ROLE_BIT(ROLE_NONE)) != 0 && errors->disagreeing_shape == NULL && !roles_agree(roles))
	{
		errors->disagreeing = structure;
		errors->disagreeing_shape = shape;
	}
}

bool
member_is_given(const Member *member, const void *structure, const RequestNotes *notes)
{
	switch (member->type)
	{
		case MEMBER_STRING:
		case MEMBER_TABLE_NAME:
			return MEMBER_FIELD(const Bytes, structure, member)->data != NULL;
		case MEMBER_ENUM:
			return *MEMBER_FIELD(const int, structure, member) != 0;
		case MEMBER_BOOLEAN:
			return MEMBER_FIELD(const OptionalBool, structure, member)->given;
		case MEMBER_INTEGER:
		case MEMBER_LONG:
		case MEMBER_TIME:
			return MEMBER_FIELD(const OptionalInt, structure, member)->given;
		case MEMBER_ITEM:
		case MEMBER_VALUES:
		case MEMBER_VALUE:
		case MEMBER_NAMES:
			return attribute_exists(*MEMBER_FIELD(const AttributeValue, structure, member));
		case MEMBER_VALUE_LIST:
		case MEMBER_STRING_LIST:
		case MEMBER_OPTIONAL_LIST:
		case MEMBER_MAP:
			return MEMBER_FIELD(const OptionalList, structure, member)->given;
		case MEMBER_STRUCTURE:
			return *MEMBER_FIELD(void *const, structure, member) != NULL;
		case MEMBER_LIST:
		case MEMBER_ITEMS:
		case MEMBER_TABLES:
			return *MEMBER_FIELD(List *const, structure, member) != NIL ||
				is_noted(notes->empty_lists, MEMBER_FIELD(const void, structure, member));
		case MEMBER_UNBUILT:
			break;
	}
	return false;
}

static void
check_member(const Member *member, void *structure, const Path *path,
			 const RequestNotes *notes, ErrorList *errors)
{
	switch (member->type)
	{
		case MEMBER_STRING:
			check_string(member, *MEMBER_FIELD(Bytes, structure, member), path, errors);
			break;
		case MEMBER_ENUM:
			check_enum(member, MEMBER_FIELD(int, structure, member), path, notes, errors);
			break;
		case MEMBER_INTEGER:
		case MEMBER_LONG:
			check_integer(member, MEMBER_FIELD(OptionalInt, structure, member)->value,
						  path, errors);
			break;
		case MEMBER_NAMES:
			check_names(member, *MEMBER_FIELD(AttributeValue, structure, member),
						path, errors);
			break;
		case MEMBER_STRING_LIST:
			check_strings(member, MEMBER_FIELD(OptionalList, structure, member)->elements,
						  path, errors);
			break;
		case MEMBER_MAP:
			check_map(member, MEMBER_FIELD(OptionalList, structure, member)->elements,
					  path, notes, errors);
			break;
		case MEMBER_STRUCTURE:
			check_structure(member->shape, *MEMBER_FIELD(void *, structure, member),
							path, notes, errors);
			break;
		case MEMBER_OPTIONAL_LIST:
			check_list(member, MEMBER_FIELD(OptionalList, structure, member)->elements, path,
					   notes, errors);
			break;
		case MEMBER_LIST:
			check_list(member, *MEMBER_FIELD(List *, structure, member), path,
					   notes, errors);
			break;
		case MEMBER_ITEMS:
			check_items(member, *MEMBER_FIELD(List *, structure, member), path, errors);
			break;
		case MEMBER_TABLES:
			check_tables(member, *MEMBER_FIELD(List *, structure, member), path,
						 notes, errors);
			break;
		case MEMBER_TABLE_NAME:
			if (path->parent != NULL)	/* else it has been resolved */
				check_table_name(MEMBER_FIELD(Bytes, structure, member), path, errors);
			break;
		case MEMBER_BOOLEAN:
		case MEMBER_TIME:
		case MEMBER_ITEM:		/* its reader has checked it */
		case MEMBER_VALUES:
		case MEMBER_VALUE:
		case MEMBER_VALUE_LIST:
		case MEMBER_UNBUILT:
			break;
	}
}

static void
check_string(const Member *member, Bytes string, const Path *path, ErrorList *errors)
{
	if (member->name_pattern && !matches_name_pattern(string))
		add_error(errors, string, path,
				  "Member must satisfy regular expression pattern: " NAME_PATTERN);
	if (member->limits.given)
		check_length(member, utf16_length(string), string, path, errors);
}

/* Of a string or a list; `shown` is how the message shows it. */
static void
check_length(const Member *member, int64 length, Bytes shown, const Path *path,
			 ErrorList *errors)
{
	if (length < member->limits.min)
		add_error(errors, shown, path,
				  "Member must have length greater than or equal to " INT64_FORMAT,
				  member->limits.min);
	if (length > member->limits.max)
		add_error(errors, shown, path,
				  "Member must have length less than or equal to " INT64_FORMAT,
				  member->limits.max);
}

static void
check_integer(const Member *member, int64 value, const Path *path, ErrorList *errors)
{
	if (!member->limits.given)
		return;
	if (value < member->limits.min)
		add_error(errors, bytes_from_cstring(psprintf(INT64_FORMAT, value)), path,
				  "Member must have value greater than or equal to " INT64_FORMAT,
				  member->limits.min);
	if (value > member->limits.max)
		add_error(errors, bytes_from_cstring(psprintf(INT64_FORMAT, value)), path,
				  "Member must have value less than or equal to " INT64_FORMAT,
				  member->limits.max);
}

static void
check_enum(const Member *member, const int *field, const Path *path,
		   const RequestNotes *notes, ErrorList *errors)
{
	ListCell   *cell;

	if (*field != ENUM_INVALID)
		return;
	foreach(cell, notes->bad_enums)
	{
		const BadEnum *bad = lfirst(cell);

		if (bad->field == field)
			add_error(errors, bad->value, path, "Member must satisfy enum value set: %s",
					  member->values->listing);
	}
}

/* The names that placeholders stand for. */
static void
check_names(const Member *member, AttributeValue names, const Path *path,
			ErrorList *errors)
{
	int			count = attribute_count(names);

	for (int i = 0; i < count; i++)
	{
		Bytes		name = attribute_bytes(map_value(names, i));
		Path		key = {path, .key = map_name(names, i)};
		Path		value = {&key, "member"};

		if (name.len > member->limits.max)
			check_length(member, utf16_length(name), name, &value, errors);
	}
}

static void
check_list(const Member *member, List *list, const Path *path,
		   const RequestNotes *notes, ErrorList *errors)
{
	ListCell   *cell;

	if (member->limits.given)
		check_length(member, list_length(list), shown_list(list), path, errors);
	foreach(cell, list)
	{
		Path		index = {path, .index = foreach_current_index(cell) + 1};
		Path		element = {&index, "member"};

		CHECK_FOR_INTERRUPTS();
		if (lfirst(cell) == NULL)
			add_error(errors, NO_VALUE, &element, "Member must not be null");
		else
			check_structure(member->shape, lfirst(cell), &element, notes, errors);
	}
}

/* The limits are those of the list; its elements may not be null. */
static void
check_strings(const Member *member, List *strings, const Path *path, ErrorList *errors)
{
	ListCell   *cell;

	if (member->limits.given)
		check_length(member, list_length(strings), shown_strings(strings), path, errors);
	foreach(cell, strings)
	{
		Path		index = {path, .index = foreach_current_index(cell) + 1};
		Path		element = {&index, "member"};

		if (((Bytes *) lfirst(cell))->data == NULL)
			add_error(errors, NO_VALUE, &element, "Member must not be null");
		else if (member->element_length.given)
			check_element_length(member, *(Bytes *) lfirst(cell), &element, errors);
	}
}

static void
check_element_length(const Member *member, Bytes string, const Path *path, ErrorList *errors)
{
	Member		element = {.type = MEMBER_STRING, .limits = member->element_length};

	check_length(&element, utf16_length(string), string, path, errors);
}

/* "[a, b]" */
static Bytes
shown_strings(List *strings)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, strings)
	{
		Bytes		string = *(Bytes *) lfirst(cell);

		appendStringInfo(&text, "%s%.*s", text.len > 0 ? ", " : "[",
						 string.data != NULL ? string.len : 4, string.data != NULL ? string.data : "null");
	}
	appendStringInfoString(&text, text.len > 0 ? "]" : "[]");
	return (Bytes) {text.data, text.len};
}

/* The limits are those of the keys. */
static void
check_map(const Member *member, List *elements, const Path *path,
		  const RequestNotes *notes, ErrorList *errors)
{
	ListCell   *cell;

	foreach(cell, elements)
	{
		Bytes		name = *(Bytes *) lfirst(cell);
		Path		key = {path, .key = name};
		Path		element = {&key, "member"};

		CHECK_FOR_INTERRUPTS();
		if (member->limits.given && name.len > member->limits.max)
			check_length(member, utf16_length(name), name, path, errors);
		if (is_noted(notes->null_elements, lfirst(cell)))
			add_error(errors, NO_VALUE, &element, "Member must not be null");
		else
			check_structure(member->shape, lfirst(cell), &element, notes, errors);
	}
}

static void
check_items(const Member *member, List *list, const Path *path, ErrorList *errors)
{
	ListCell   *cell;

	check_length(member, list_length(list), shown_list(list), path, errors);
	foreach(cell, list)
	{
		Path		index = {path, .index = foreach_current_index(cell) + 1};
		Path		element = {&index, "member"};

		if (lfirst(cell) == NULL)
			add_error(errors, NO_VALUE, &element, "Member must not be null");
	}
}

/* DynamoDB shows all of a list; one that is too long is cut short here. */
static Bytes
shown_list(List *list)
{
	return bytes_from_cstring(list == NIL ? "[]" : "[...]");
}

/* Structures by table name, which is their first field; the second keeps what was given. */
static void
check_tables(const Member *member, List *list, const Path *path,
			 const RequestNotes *notes, ErrorList *errors)
{
	const Shape *shape = member->shape;
	ListCell   *cell;

	if (list == NIL)
		check_length(member, 0, bytes_from_cstring("{}"), path, errors);
	foreach(cell, list)
	{
		Bytes	   *name = lfirst(cell);
		Path		key = {path, .key = *name};
		Path		value = {&key, "member"};

		CHECK_FOR_INTERRUPTS();
		name[1] = *name;
		check_map_key(name, path, errors);
		if (is_noted(notes->null_elements, name))
			add_error(errors, NO_VALUE, &value, "Member must not be null");
		else if (!shape->bare)
			check_structure(shape, name, &value, notes, errors);
		else if (check_map_value(&shape->members[0], name, path, errors))
			check_list(&shape->members[0],
					   *MEMBER_FIELD(List *, name, &shape->members[0]), &value, notes, errors);
	}
}

static void
check_map_key(Bytes *name, const Path *path, ErrorList *errors)
{
	ErrorList	key_errors = {0};

	check_table_name(name, path, &key_errors);
	if (key_errors.count > 0)
		add_error(errors, bytes_from_cstring(psprintf("{%.*s=...}", name->len, name->data)), path,
				  "Map keys must satisfy constraint: "
				  "[Member must have length less than or equal to %d, "
				  "Member must have length greater than or equal to 1, "
				  "Member must satisfy regular expression pattern: " NAME_PATTERN "]",
				  MAX_ARN_SIZE);
}

/* False if the length of a list that is the value of a map is out of range. */
static bool
check_map_value(const Member *member, Bytes *structure, const Path *path, ErrorList *errors)
{
	List	   *list = *MEMBER_FIELD(List *, structure, member);

	if (list_length(list) >= member->limits.min && list_length(list) <= member->limits.max)
		return true;
	add_error(errors, bytes_from_cstring(psprintf("{%.*s=%s}", structure->len, structure->data,
												  shown_list(list).data)), path,
			  "Map value must satisfy constraint: "
			  "[Member must have length less than or equal to " INT64_FORMAT ", "
			  "Member must have length greater than or equal to " INT64_FORMAT "]",
			  member->limits.max, member->limits.min);
	return false;
}

/* As Java counts: characters beyond the basic plane are two. */
static int
utf16_length(Bytes string)
{
	int			length = 0;

	for (int i = 0; i < string.len; i++)
	{
		unsigned char c = string.data[i];

		if ((c & 0xC0) != 0x80)
			length += c >= 0xF0 ? 2 : 1;
	}
	return length;
}

/* ---- messages ---- */

/* "Value 'FOO' at 'returnValues' failed to satisfy constraint: ..." */
static void
add_error(ErrorList *errors, Bytes value, const Path *path, const char *constraint, ...)
{
	va_list		args;
	char		text[512];

	if (errors->count == MAX_REPORTED_ERRORS)
		return;
	if (errors->count++ == 0)
		initStringInfo(&errors->text);
	else
		appendStringInfoString(&errors->text, "; ");
	if (value.data == NULL)
		appendStringInfoString(&errors->text, "Value null");
	else
		appendStringInfo(&errors->text, "Value '%.*s'", value.len, value.data);
	appendStringInfoString(&errors->text, " at '");
	append_path(&errors->text, path);
	appendStringInfoString(&errors->text, "' failed to satisfy constraint: ");
	va_start(args, constraint);
	vsnprintf(text, sizeof(text), constraint, args);
	va_end(args);
	appendStringInfoString(&errors->text, text);
}

/* Members in lower camel case: "keySchema.1.member.keyType". */
static void
append_path(StringInfo out, const Path *path)
{
	if (path->parent != NULL)
	{
		append_path(out, path->parent);
		appendStringInfoChar(out, '.');
	}
	if (path->name != NULL)
		appendStringInfo(out, "%c%s", tolower((unsigned char) path->name[0]),
						 path->name + 1);
	else if (path->index > 0)
		appendStringInfo(out, "%d", path->index);
	else
		appendBinaryStringInfo(out, path->key.data, path->key.len);
}
