/*
 * limits.h
 *		DynamoDB's limits, each in one place.
 */
#ifndef DYNAMO_LIMITS_H
#define DYNAMO_LIMITS_H

#define MAX_ITEM_SIZE				(400 * 1024)	/* by DynamoDB's size rule */
#define MAX_PARTITION_KEY_SIZE		2048
#define MAX_SORT_KEY_SIZE			1024
#define MAX_NESTING_DEPTH			32
#define MAX_ATTRIBUTE_NAME_SIZE		65535
#define MAX_KEY_NAME_SIZE			255
#define MAX_TABLE_NAME_SIZE			255

#define MAX_NUMBER_DIGITS			38
#define MAX_NUMBER_EXPONENT			125 /* largest is 9.99...E+125 */
#define MIN_NUMBER_EXPONENT			(-130)	/* smallest is 1E-130 */

#define MAX_EXPRESSION_SIZE			4096
#define MAX_EXPRESSION_OPERATORS	300
#define MAX_IN_OPERANDS				100
#define MAX_PLACEHOLDER_SIZE		255
#define MAX_PLACEHOLDERS_SIZE		(2 * 1024 * 1024)

#define MAX_PAGE_SIZE				(1024 * 1024)	/* of a Query or Scan */
#define MAX_TOTAL_SEGMENTS			1000000
#define MAX_LIST_TABLES				100
#define MAX_ACCOUNT_CAPACITY		80000	/* units, as DescribeLimits says */
#define MAX_TABLE_CAPACITY			40000
#define ON_DEMAND_WARM_READS		12000	/* per second, of a table that is on demand */
#define ON_DEMAND_WARM_WRITES		4000
#define MAX_LIST_BACKUPS			100
#define MIN_BACKUP_ARN_LENGTH		37
#define MAX_BACKUP_ARN_LENGTH		1024
#define MAX_TAGS					50
#define MAX_TAG_KEY_LENGTH			128 /* characters */
#define MAX_TAG_VALUE_LENGTH		256
#define MAX_RESOURCE_ARN_LENGTH		1283

#define MAX_BATCH_GET_KEYS			100
#define MAX_BATCH_GET_SIZE			(16 * 1024 * 1024)	/* of the response */
#define MAX_BATCH_WRITE_REQUESTS	25
#define MAX_TRANSACTION_ACTIONS		100
#define MAX_TRANSACTION_SIZE		(4 * 1024 * 1024)
#define MAX_REQUEST_TOKEN_SIZE		36
#define REQUEST_TOKEN_MINUTES		10

#define MAX_GLOBAL_INDEXES			 20
#define MAX_LOCAL_INDEXES			 5
#define MAX_INDEX_NON_KEY_ATTRIBUTES 20
#define MAX_NON_KEY_ATTRIBUTES		 100 /* of all indexes of a table */

#define MAX_STREAM_SHARDS			100
#define MAX_LIST_STREAMS			100
#define MAX_DESCRIBE_SHARDS			100
#define MAX_GET_RECORDS				1000
#define MAX_GET_RECORDS_SIZE		(1024 * 1024)
#define SHARD_ITERATOR_MINUTES		15
#define MIN_STREAM_ARN_LENGTH		37
#define MAX_STREAM_ARN_LENGTH		1024
#define MIN_SHARD_ID_LENGTH			28
#define MAX_SHARD_ID_LENGTH			65
#define MIN_SEQUENCE_NUMBER_LENGTH	21
#define MAX_SEQUENCE_NUMBER_LENGTH	40
#define MAX_SHARD_ITERATOR_LENGTH	2048

#define READ_UNIT_SIZE				4096
#define WRITE_UNIT_SIZE				1024

/* Key attributes of one index: DynamoDB allows four of each kind. */
#define MAX_HASH_ATTRIBUTES			4
#define MAX_RANGE_ATTRIBUTES		4
#define MAX_KEY_ATTRIBUTES			(MAX_HASH_ATTRIBUTES + MAX_RANGE_ATTRIBUTES)
/* What orders the rows of an index: its own key, then the table's. */
#define MAX_INDEX_PARTS				(2 * MAX_KEY_ATTRIBUTES)

#endif							/* DYNAMO_LIMITS_H */
