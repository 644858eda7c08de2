/*
 * shapes.h
 *		Request shapes: what members a request has, and where they go.
 *
 * A shape is an array of members in the order of DynamoDB's service model,
 * which is the order in which their errors are reported.  Requests pass through
 * it in two steps:
 *
 * - *decoding* fills the request structure of ops.h, from JSON (decode.c) or
 *	 from SQL arguments (functions.h).  It raises SerializationException where
 *	 types differ, and takes note of what the structure cannot hold: enum values
 *	 that do not exist, unknown members, members that are not built yet;
 *
 * - *validation* (validate.c) walks structure and notes, collects every broken
 *	 constraint and raises one ValidationException.
 *
 * Absence has one form per type of field: Bytes and AttributeValue with data
 * NULL, OptionalInt and OptionalBool not given, enum 0, pointers NULL.  A
 * request structure that is all zeros is an empty request.
 */
#ifndef DYNAMO_SHAPES_H
#define DYNAMO_SHAPES_H

#include "ops/ops.h"

typedef enum MemberType
{
	MEMBER_STRING,				/* Bytes */
	MEMBER_TABLE_NAME,			/* Bytes: a name or an ARN, becomes the name */
	MEMBER_ENUM,				/* int: 1 + position in the enum's values */
	MEMBER_BOOLEAN,				/* OptionalBool */
	MEMBER_INTEGER,				/* OptionalInt, 32 bits wide */
	MEMBER_LONG,				/* OptionalInt */
	MEMBER_TIME,				/* OptionalInt: TimestampTz, from seconds since 1970 */
	MEMBER_ITEM,				/* AttributeValue: M */
	MEMBER_VALUES,				/* the same, of an expression's values */
	MEMBER_VALUE,				/* AttributeValue of any type */
	MEMBER_VALUE_LIST,			/* OptionalList of AttributeValue * */
	MEMBER_NAMES,				/* AttributeValue: M of S, from a map of strings */
	MEMBER_STRING_LIST,			/* OptionalList of Bytes * */
	MEMBER_MAP,					/* OptionalList of pointers to the structure of the
								 * nested shape, whose first field, Bytes, is the key */
	MEMBER_STRUCTURE,			/* pointer to the structure of the nested shape */
	MEMBER_LIST,				/* List * of such pointers; NULL for JSON null */
	MEMBER_OPTIONAL_LIST,		/* the same as an OptionalList */
	MEMBER_ITEMS,				/* List * of AttributeValue *, each an M; NULL likewise */
	MEMBER_TABLES,				/* List * of pointers to structures, a map by table name; their
								 * first fields are the name and what was given, an ARN perhaps */
	MEMBER_UNBUILT,				/* in the model, not in this version */
} MemberType;

typedef struct EnumSet
{
	const char *listing;		/* as DynamoDB lists it, in an order of its own */
	const char *values[16];		/* in the order of the C enum, NULL-terminated */
} EnumSet;

/* Of the length of strings and lists, and of the value of numbers. */
typedef struct Limits
{
	bool		given;
	int64		min;
	int64		max;
} Limits;

#define NO_MAXIMUM		PG_INT64_MAX
#define LIMITS(low, high) {true, (low), (high)}

/* Which values of an unbuilt member ask for nothing, and are accepted. */
typedef enum Harmless
{
	HARMLESS_NEVER,
	HARMLESS_EMPTY,				/* an empty list */
	HARMLESS_OFF,				/* a structure whose members are all false */
} Harmless;

/* How a member goes together with the expressions of its request (combinations.c). */
typedef enum ExpressionRole
{
	ROLE_NONE,
	ROLE_EXPRESSION,			/* one that can use values */
	ROLE_PROJECTION,			/* one that cannot */
	ROLE_KEY_CONDITION,			/* the one that stands for KeyConditions */
	ROLE_LEGACY,				/* from before expressions: excludes all of them */
	ROLE_LEGACY_KEYS,			/* KeyConditions: excludes ROLE_KEY_CONDITION alone */
	ROLE_NAMES,
	ROLE_VALUES,
} ExpressionRole;

#define ROLE_BIT(role) (1 << (role))

struct Shape;

typedef struct Member
{
	const char *name;			/* as on the wire: "TableName" */
	MemberType	type;
	int			offset;			/* of the field in the structure */
	bool		required;
	Limits		limits;
	Limits		element_length; /* of a list's strings */
	bool		name_pattern;	/* must look like a table or index name */
	const EnumSet *values;		/* of an enum */
	const struct Shape *shape;	/* of structures, and of a list's or map's elements */
	Harmless	harmless;
	ExpressionRole role;
	const char *fault_prefix;	/* of messages about its values; NULL: none */
	const char *if_empty;		/* what is wrong with an empty list; NULL: nothing */
} Member;

#define MAX_MEMBERS 32

/*
 * A structure that is an element of a map begins with its key.  A bare shape has
 * one member, whose value stands without an object around it.
 */
typedef struct Shape
{
	const char *name;			/* "KeySchemaElement": in DynamoDB's messages */
	int			size;			/* of the structure */
	int			nmembers;		/* at most MAX_MEMBERS */
	const Member *members;
	bool		bare;
} Shape;

/* What decoding found that has no place in the structure. */
typedef struct RequestNotes
{
	List	   *bad_enums;		/* of BadEnum * */
	List	   *empty_lists;	/* addresses of fields that are not just absent */
	List	   *null_elements;	/* of maps: structures that stand for a null */
	ErrorData  *bad_item;		/* about a value in an item or key */
	ErrorData  *bad_values;		/* about an expression's value */
	const char *unknown;		/* message about the first unknown member */
	const Member *unbuilt;		/* a member that is not built yet */
} RequestNotes;

/* An enum field that was given a value that is not in its set. */
typedef struct BadEnum
{
	const void *field;			/* in the request */
	Bytes		value;
} BadEnum;

#define ENUM_INVALID (-1)		/* in the field of a BadEnum */

#define MEMBER_FIELD(type, structure, member) \
	((type *) ((char *) (structure) + (member)->offset))

/* Requests that are too small for a structure in ops.h. */
typedef struct TableNameRequest
{
	Bytes		table_name;
} TableNameRequest;

typedef struct ListTablesRequest
{
	Bytes		exclusive_start_table_name;
	OptionalInt limit;
} ListTablesRequest;

extern const Shape put_item_shape;
extern const Shape get_item_shape;
extern const Shape update_item_shape;
extern const Shape delete_item_shape;
extern const Shape query_shape;
extern const Shape scan_shape;
extern const Shape batch_get_item_shape;
extern const Shape batch_write_item_shape;
extern const Shape transact_get_items_shape;
extern const Shape transact_write_items_shape;
extern const Shape create_table_shape;
extern const Shape update_table_shape;
extern const Shape describe_table_shape;
extern const Shape delete_table_shape;
extern const Shape list_tables_shape;
extern const Shape describe_limits_shape;
extern const Shape describe_endpoints_shape;
extern const Shape describe_time_to_live_shape;
extern const Shape update_time_to_live_shape;
extern const Shape describe_continuous_backups_shape;
extern const Shape update_continuous_backups_shape;
extern const Shape describe_contributor_insights_shape;
extern const Shape list_contributor_insights_shape;
extern const Shape describe_kinesis_destination_shape;
extern const Shape describe_replica_auto_scaling_shape;
extern const Shape get_resource_policy_shape;
extern const Shape delete_resource_policy_shape;
extern const Shape list_global_tables_shape;
extern const Shape describe_global_table_shape;
extern const Shape describe_global_table_settings_shape;
extern const Shape list_exports_shape;
extern const Shape describe_export_shape;
extern const Shape export_table_shape;
extern const Shape list_imports_shape;
extern const Shape describe_import_shape;
extern const Shape create_backup_shape;
extern const Shape describe_backup_shape;
extern const Shape delete_backup_shape;
extern const Shape list_backups_shape;
extern const Shape restore_table_from_backup_shape;
extern const Shape restore_to_point_in_time_shape;
extern const Shape list_streams_shape;
extern const Shape describe_stream_shape;
extern const Shape get_shard_iterator_shape;
extern const Shape get_records_shape;
extern const Shape tag_resource_shape;
extern const Shape untag_resource_shape;
extern const Shape list_tags_of_resource_shape;

/* NULL if the shape has no such member. */
extern const Member *shape_member(const Shape *shape, Bytes name);

/* ---- decode.c ---- */

/*
 * Fills a request that is all zeros.  What it points to is palloc'd or lies in
 * the JSON text.  Raises SerializationException.
 */
extern void decode_request(const Shape *shape, Bytes json, void *request,
						   RequestNotes *notes);
extern void decode_enum(const Member *member, Bytes value, int *field,
						RequestNotes *notes);
/* ExpressionAttributeNames from its entries, whose values are S. */
extern AttributeValue names_from_entries(MapEntry *entries, int n);

/* ---- validate.c ---- */

/*
 * Raises ValidationException unless the request satisfies its shape.  Turns the
 * ARN of a table into its name.
 */
extern void validate_request(const Shape *shape, void *request,
							 const RequestNotes *notes);

/* Whether the structure has the member, if only with a value that cannot be. */
extern bool member_is_given(const Member *member, const void *structure,
							const RequestNotes *notes);

/* ---- combinations.c ---- */

/* Whether members of these roles (bits) can stand together. */
extern bool roles_agree(int given);

/* Raises ValidationException for a structure whose members cannot. */
pg_noreturn extern void raise_disagreement(const Shape *shape, const void *structure,
										   const RequestNotes *notes);

#endif							/* DYNAMO_SHAPES_H */
