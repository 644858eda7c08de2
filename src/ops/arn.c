/*
 * arn.c
 *		ARNs of tables, of their backups and streams.
 *
 *		arn:aws:dynamodb:<region>:<account>:table/<table>
 *		arn:aws:dynamodb:<region>:<account>:table/<table>/backup/<id>
 *		arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>
 */
#include "postgres.h"

#include "common/settings.h"
#include "ops/ops.h"

#define ARN_PREFIX		"arn:aws:dynamodb:"
#define TABLE_PREFIX	"table/"
#define BACKUP_PREFIX	"backup/"
#define STREAM_PREFIX	"stream/"

static bool take_prefix(Bytes *text, const char *prefix);
static bool take_until(Bytes *text, char separator, Bytes *part);

char *
table_arn(Bytes table_name)
{
	return psprintf(ARN_PREFIX "%s:%s:" TABLE_PREFIX "%.*s", dynamo_region,
					dynamo_account_id, table_name.len, table_name.data);
}

char *
index_arn(Bytes table_name, Bytes index_name)
{
	return psprintf("%s/index/%.*s", table_arn(table_name), index_name.len, index_name.data);
}

char *
backup_arn(Bytes table_name, Bytes backup_id)
{
	return psprintf("%s/" BACKUP_PREFIX "%.*s", table_arn(table_name),
					backup_id.len, backup_id.data);
}

bool
parse_arn(Bytes text, ResourceArn *arn)
{
	memset(arn, 0, sizeof(*arn));
	if (!take_prefix(&text, ARN_PREFIX) || !take_until(&text, ':', &arn->region) ||
		!take_until(&text, ':', &arn->account) || !take_prefix(&text, TABLE_PREFIX))
		return false;
	if (take_until(&text, '/', &arn->table_name))
	{
		if (take_prefix(&text, BACKUP_PREFIX))
			arn->backup_id = text;
		else if (take_prefix(&text, STREAM_PREFIX))
			arn->stream_label = text;
		else
			return false;
	}
	else
		arn->table_name = text;
	return text.len > 0 && arn->table_name.len > 0;
}

bool
arn_is_here(const ResourceArn *arn)
{
	return bytes_equal(arn->region, bytes_from_cstring(dynamo_region)) &&
		bytes_equal(arn->account, bytes_from_cstring(dynamo_account_id));
}

static bool
take_prefix(Bytes *text, const char *prefix)
{
	int			length = strlen(prefix);

	if (text->len < length || memcmp(text->data, prefix, length) != 0)
		return false;
	text->data += length;
	text->len -= length;
	return true;
}

/* Takes what stands before the separator, and the separator. */
static bool
take_until(Bytes *text, char separator, Bytes *part)
{
	const char *end = memchr(text->data, separator, text->len);

	if (end == NULL)
		return false;
	*part = (Bytes) {text->data, end - text->data};
	text->data += part->len + 1;
	text->len -= part->len + 1;
	return true;
}
