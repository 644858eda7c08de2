/*
 * background.c
 *		What the worker layer offers to the others.
 */
#include "postgres.h"

#include "common/background.h"

BackgroundWorkers background_workers = {0};
