/*
 * stream_mark.c
 *		What a transaction tells whoever decodes it about its changes.
 *
 * A mark is a transactional logical message.  Whoever may call
 * pg_logical_emit_message() writes such messages too, and must not be able to hide
 * his changes or to give them out as another's.  So a mark begins with a code that
 * he cannot make:
 *
 *		<HMAC-SHA-256 of prefix, transaction and text: 64 hexadecimal digits><text>
 *
 * The key is the secret that each cluster has for mock authentication.  It is in the
 * control file, so standbys and restored backups have it too.  That the transaction
 * is in it makes a mark that somebody has seen worthless to him.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "replication/message.h"
#include "utils/builtins.h"

#include "common/compat.h"
#include "storage/storage.h"

#define CODE_LENGTH (2 * PG_SHA256_DIGEST_LENGTH)

static void make_code(const char *prefix, TransactionId xid, Bytes text, char code[CODE_LENGTH]);

void
stream_mark_write(const char *prefix, const char *text)
{
	Bytes		bytes = bytes_from_cstring(text);
	char	   *content;

	if (!XLogLogicalInfoActive())
		return;
	content = palloc(CODE_LENGTH + bytes.len);
	make_code(prefix, GetTopTransactionId(), bytes, content);
	memcpy(content + CODE_LENGTH, bytes.data, bytes.len);
	(void) compat_log_logical_message(prefix, content, CODE_LENGTH + bytes.len);
	pfree(content);
}

bool
stream_mark_read(const char *prefix, TransactionId xid, Bytes content, Bytes *text)
{
	char		code[CODE_LENGTH];

	if (content.len < CODE_LENGTH)
		return false;
	*text = (Bytes) {content.data + CODE_LENGTH, content.len - CODE_LENGTH};
	make_code(prefix, xid, *text, code);
	return memcmp(content.data, code, CODE_LENGTH) == 0;
}

static void
make_code(const char *prefix, TransactionId xid, Bytes text, char code[CODE_LENGTH])
{
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (context == NULL ||
		pg_hmac_init(context, (uint8 *) GetMockAuthenticationNonce(), MOCK_AUTH_NONCE_LEN) < 0 ||
		pg_hmac_update(context, (const uint8 *) prefix, strlen(prefix) + 1) < 0 ||
		pg_hmac_update(context, (const uint8 *) &xid, sizeof(xid)) < 0 ||
		pg_hmac_update(context, (const uint8 *) text.data, text.len) < 0 ||
		pg_hmac_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not make the code of a mark: %s", pg_hmac_error(context));
	pg_hmac_free(context);
	(void) hex_encode((const char *) digest, sizeof(digest), code);
}
