/*
 * names.c
 *		Relations and columns that stand for names of DynamoDB.
 *
 * A table's relation and an attribute's column bear the name itself where
 * PostgreSQL can take it.  A name of more than 63 bytes, or an attribute whose
 * name means something else in a row, is replaced by
 *
 *		<as much of it as fits> ~ <16 hexadecimal digits of its SHA-256>
 *
 * A tilde cannot occur in the name of a DynamoDB table.  The hash depends on
 * nothing but the name, so that a dump restores anywhere.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"

#include "common/errors.h"
#include "storage/storage_internal.h"

#define HASH_DIGITS		16
#define HASH_MARK		'~'

/* What an attribute's column cannot be called. */
static const char *const reserved_columns[] = {
	ITEM_COLUMN, "_ttl",
	"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid",
};

static void
append_hash(Bytes name, char *digits)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) name.data, name.len) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	for (int i = 0; i < HASH_DIGITS / 2; i++)
		sprintf(digits + 2 * i, "%02x", digest[i]);
}

static void
hashed_name(Bytes name, NameData *result)
{
	int			room = NAMEDATALEN - 1 - 1 - HASH_DIGITS;
	int			kept = pg_mbcliplen(name.data, name.len, room);

	memset(result, 0, sizeof(NameData));
	memcpy(NameStr(*result), name.data, kept);
	NameStr(*result)[kept] = HASH_MARK;
	append_hash(name, NameStr(*result) + kept + 1);
}

static void
plain_name(Bytes name, NameData *result)
{
	memset(result, 0, sizeof(NameData));
	memcpy(NameStr(*result), name.data, name.len);
}

static void
check_name_has_no_zero(Bytes name)
{
	if (memchr(name.data, '\0', name.len) != NULL)
		validation_error("One or more parameter values were invalid: "
						 "The name of a key attribute cannot contain the character U+0000");
}

void
relation_name(Bytes name, NameData *result)
{
	if (name.len < NAMEDATALEN)
		plain_name(name, result);
	else
		hashed_name(name, result);
}

void
column_name(Bytes attribute, NameData *result)
{
	check_name_has_no_zero(attribute);
	if (attribute.len >= NAMEDATALEN)
	{
		hashed_name(attribute, result);
		return;
	}
	plain_name(attribute, result);
	for (int i = 0; i < lengthof(reserved_columns); i++)
		if (strcmp(NameStr(*result), reserved_columns[i]) == 0)
			hashed_name(attribute, result);
}

bool
is_hashed_name(const char *name)
{
	const char *mark = strrchr(name, HASH_MARK);

	return mark != NULL && strlen(mark) == 1 + HASH_DIGITS;
}

void
clip_to_characters(char *text, int size)
{
	text[pg_mbcliplen(text, strlen(text), size - 1)] = '\0';
}
