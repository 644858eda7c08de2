/*
 * dynamo.c
 *		Start-up of the library: wiring only.
 */
#include "postgres.h"

#include "fmgr.h"

#include "common/settings.h"
#include "storage/storage.h"
#include "stream/stream.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	settings_init();
	storage_init();
	stream_init();
	worker_init();
	settings_reserve_prefix();
}
