/*
 * tags.c
 *		TagResource, UntagResource, ListTagsOfResource.
 *
 * Only tables have tags.  All of them come in one page.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "common/compat.h"
#include "common/errors.h"
#include "ops/tables.h"

#define RESERVED_PREFIX "aws:"

static List *with_tag(List *tags, Tag *tag);
static List *without_key(List *tags, Bytes key);
static void check_tag(const Tag *tag);
static void check_tag_text(const char *what, Bytes text);

void
op_tag_resource(const TagResourceRequest *request)
{
	DynamoTable *table;
	List	   *tags;
	ListCell   *cell;

	if (request->tags == NIL)
		validation_error("Atleast one Tag needs to be provided as Input.");
	check_tags(request->tags);
	table = open_resource(request->resource_arn, true);
	tags = table_tags_read(table->definition->relid);
	foreach(cell, request->tags)
		tags = with_tag(tags, lfirst(cell));
	check_tag_count(tags);
	table_tags_write(table->definition->relid, tags);
	dynamo_table_close(table);
}

void
op_untag_resource(const UntagResourceRequest *request)
{
	DynamoTable *table;
	List	   *tags;
	ListCell   *cell;

	if (request->tag_keys.elements == NIL)
		validation_error("Atleast one Tag Key needs to be provided as Input.");
	table = open_resource(request->resource_arn, true);
	tags = table_tags_read(table->definition->relid);
	foreach(cell, request->tag_keys.elements)
		tags = without_key(tags, *(Bytes *) lfirst(cell));
	table_tags_write(table->definition->relid, tags);
	dynamo_table_close(table);
}

List *
op_list_tags_of_resource(const ListTagsRequest *request)
{
	DynamoTable *table;
	List	   *tags;

	if (request->next_token.data != NULL)
		validation_error("Invalid NextToken: all tags of a resource come in one page");
	table = open_resource(request->resource_arn, false);
	tags = table_tags_read(table->definition->relid);
	dynamo_table_close(table);
	return tags;
}

DynamoTable *
open_resource(Bytes text, bool to_change)
{
	ResourceArn arn;
	Oid			relid = InvalidOid;

	if (!parse_arn(text, &arn) || arn.backup_id.data != NULL || arn.stream_label.data != NULL)
		validation_error("Invalid TableArn: Invalid ResourceArn provided as input %.*s",
						 text.len, text.data);
	if (arn_is_here(&arn))
		relid = dynamo_table_lookup(arn.table_name);
	if (!OidIsValid(relid) && arn_is_here(&arn))
		check_not_being_made(arn.table_name);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_RESOURCE_NOT_FOUND),
				 errmsg_internal("Requested resource not found: ResourcArn: %.*s not found",
								 text.len, text.data)));
	request_note_table(arn.table_name);
	return to_change ? open_own_table_to_record(arn.table_name, AccessShareLock) :
		dynamo_table_open(arn.table_name, AccessShareLock, ACL_SELECT);
}

/* A tag replaces the one of its key. */
static List *
with_tag(List *tags, Tag *tag)
{
	return lappend(without_key(tags, tag->key), tag);
}

static List *
without_key(List *tags, Bytes key)
{
	ListCell   *cell;

	foreach(cell, tags)
		if (bytes_equal(((const Tag *) lfirst(cell))->key, key))
			tags = foreach_delete_current(tags, cell);
	return tags;
}

/* ---- what tags may be ---- */

void
check_tags(const List *tags)
{
	List	   *seen = NIL;
	ListCell   *cell;

	check_tag_count(tags);
	foreach(cell, tags)
	{
		Tag		   *tag = lfirst(cell);
		int			before = list_length(seen);

		check_tag(tag);
		seen = with_tag(seen, tag);
		if (list_length(seen) == before)
			validation_error("One or more parameter values were invalid: "
							 "Duplicate tag key: %.*s", tag->key.len, tag->key.data);
	}
}

void
check_tag_count(const List *tags)
{
	if (list_length(tags) > MAX_TAGS)
		validation_error("One or more parameter values were invalid: "
						 "A resource cannot have more than %d tags", MAX_TAGS);
}

static void
check_tag(const Tag *tag)
{
	check_tag_text("key", tag->key);
	check_tag_text("value", tag->value);
	if (tag->key.len >= strlen(RESERVED_PREFIX) &&
		pg_strncasecmp(tag->key.data, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0)
		validation_error("One or more parameter values were invalid: aws: prefixed tag key "
						 "names are not allowed for external use: %.*s",
						 tag->key.len, tag->key.data);
}

/* The catalog cannot hold U+0000, which DynamoDB does not allow either. */
static void
check_tag_text(const char *what, Bytes text)
{
	if (memchr(text.data, '\0', text.len) != NULL)
		validation_error("One or more parameter values were invalid: "
						 "The %s of a tag cannot contain the character U+0000", what);
}
