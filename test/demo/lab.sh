#!/bin/sh
# The lab by the AWS CLI: what test/demo/lab.sql does, over HTTP.  `make demo`
# runs it after that; it may be run again.  ENDPOINT says where the endpoint is,
# AWS which CLI to use.
set -eu
: "${ENDPOINT:=http://127.0.0.1:8000}"
AWS_ACCESS_KEY_ID=dummy AWS_SECRET_ACCESS_KEY=dummy AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_PAGER
unset AWS_PROFILE AWS_REGION AWS_ENDPOINT_URL AWS_DEFAULT_OUTPUT

say() { printf '\n# %s\n\n' "$*"; }

service=dynamodb
aws_dynamodb() { "${AWS:-aws}" $service --endpoint-url "$ENDPOINT" --output json "$@" </dev/null; }

# Show a command of the CLI as one would type it, an option per line.
show() {
	printf '$ aws %s %s --endpoint-url %s' "$service" "$1" "$ENDPOINT"
	shift
	for word; do
		case $word in
			--*) printf ' \\\n    %s' "$word" ;;
			*[!a-zA-Z0-9_.,:=/-]*) printf " '%s'" "$word" ;;
			*) printf ' %s' "$word" ;;
		esac
	done
	echo
}

# Run it; its result is shown, and kept in `result`.
run() {
	show "$@"
	result=$(aws_dynamodb "$@")
	[ -z "$result" ] || printf '%s\n' "$result"
}

# The value of a member of `result`.
member() { printf '%s\n' "$result" | sed -n "s/^ *\"$1\": \"\\(.*\\)\",*\$/\\1/p" | head -n 1; }

die() {
	echo "error: $*" >&2
	exit 1
}

# The CLI has no waiter for backups.
wait_for_backup() {
	for _ in $(seq 120); do
		case $(aws_dynamodb describe-backup --backup-arn "$1" --query BackupDescription.BackupDetails.BackupStatus --output text) in
			AVAILABLE) return 0 ;;
		esac
		sleep 0.5
	done
	die "the backup $1 does not become available"
}

# Nor for indexes.
wait_for_index() {
	show describe-table --table-name Tasks --query "Table.GlobalSecondaryIndexes[?IndexName=='$1'].IndexStatus"
	for _ in $(seq 120); do
		case $(aws_dynamodb describe-table --table-name Tasks --output text \
			--query "Table.GlobalSecondaryIndexes[?IndexName=='$1'].IndexStatus") in
			ACTIVE) return 0 ;;
		esac
		sleep 0.5
	done
	die "the index $1 does not become active"
}

# Asks for an item until there is none.
wait_until_gone() {
	show get-item --table-name Tasks --key "$1"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -n "$(aws_dynamodb get-item --table-name Tasks --key "$1")" ] || return 0
		sleep 0.5
	done
	die 'it does not expire'
}

# What a lab that was cut short has left.
for table in Tasks TasksRestored; do
	if aws_dynamodb delete-table --table-name $table >/dev/null 2>&1; then
		aws_dynamodb wait table-not-exists --table-name $table
	fi
done
aws_dynamodb list-backups --table-name Tasks --query 'BackupSummaries[].[BackupArn]' --output text | grep '^arn:' |
	while read -r arn; do
		aws_dynamodb delete-backup --backup-arn "$arn" >/dev/null
	done

say '1. One table for users and their tasks'

run create-table --table-name Tasks --billing-mode PAY_PER_REQUEST \
	--attribute-definitions AttributeName=PK,AttributeType=S AttributeName=SK,AttributeType=S \
	--key-schema AttributeName=PK,KeyType=HASH AttributeName=SK,KeyType=RANGE
run wait table-exists --table-name Tasks

say '2. A profile and two tasks'

run put-item --table-name Tasks --item '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "PROFILE"},
  "Name": {"S": "Ana"}, "Email": {"S": "ana@example.com"}}'
run put-item --table-name Tasks --item '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t001"},
  "Title": {"S": "Write the report"}, "Status": {"S": "OPEN"},
  "DueDate": {"S": "2026-05-01"}, "Version": {"N": "1"}}'
run put-item --table-name Tasks --item '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t002"},
  "Title": {"S": "Book the train"}, "Status": {"S": "IN_PROGRESS"},
  "DueDate": {"S": "2026-05-03"}, "Version": {"N": "1"}}'

say '3. One item by its key'

run get-item --table-name Tasks --key '{"PK": {"S": "USER#u123"}, "SK": {"S": "PROFILE"}}'
[ "$(printf '%s' "$result" | grep -c 'ana@example.com')" = 1 ] || die 'the profile is not there'

say '4. The tasks of one user.  Status is a reserved word: #S stands for it'

query_tasks() {
	run query --table-name "$1" --key-condition-expression 'PK = :pk AND begins_with(SK, :skprefix)' \
		--projection-expression 'SK, Title, #S, DueDate' --expression-attribute-names '{"#S": "Status"}' \
		--expression-attribute-values '{":pk": {"S": "USER#u123"}, ":skprefix": {"S": "TASK#"}}'
	printf '%s' "$result" | grep -q '"Count": 2' || die 'the tasks are not there'
}
query_tasks Tasks

say '5. A second way in: an index, made while the table is in use'

run update-table --table-name Tasks \
	--attribute-definitions AttributeName=GSI1PK,AttributeType=S AttributeName=GSI1SK,AttributeType=S \
	--global-secondary-index-updates '[{"Create": {"IndexName": "GSI1", "Projection": {"ProjectionType": "ALL"},
    "KeySchema": [{"AttributeName": "GSI1PK", "KeyType": "HASH"}, {"AttributeName": "GSI1SK", "KeyType": "RANGE"}]}}]' \
	--query 'TableDescription.[TableStatus, GlobalSecondaryIndexes[].[IndexName, IndexStatus]]'
wait_for_index GSI1

say '6. The tasks get keys of the index, and those that are open are found by it'

give_index_key() {
	run update-item --table-name Tasks --key '{"PK": {"S": "USER#u123"}, "SK": {"S": "TASK#'"$1"'"}}' \
		--update-expression 'SET GSI1PK = :status, GSI1SK = :due' \
		--expression-attribute-values '{":status": {"S": "STATUS#'"$2"'"}, ":due": {"S": "DUE#'"$3"'"}}'
}
give_index_key t001 OPEN 2026-05-01
give_index_key t002 IN_PROGRESS 2026-05-03
run query --table-name Tasks --index-name GSI1 --key-condition-expression 'GSI1PK = :status' \
	--expression-attribute-values '{":status": {"S": "STATUS#OPEN"}}'
case $result in *'"Count": 1'*'Write the report'* | *'Write the report'*'"Count": 1'*) ;; *) die 'the open task is not there' ;; esac

say '7. An update that holds only if nobody was faster: from Version 1 to 2 ...'

finish_task() {
	"$1" update-item --table-name Tasks --key '{"PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t001"}}' \
		--update-expression 'SET #S = :done, Version = :new' --condition-expression 'Version = :old' \
		--expression-attribute-names '{"#S": "Status"}' \
		--expression-attribute-values '{":done": {"S": "DONE"}, ":old": {"N": "1"}, ":new": {"N": "2"}}' \
		--return-values ALL_NEW
}
finish_task run

say '... and once more.  Version is 2 by now, so this one is refused'

finish_task show
if refusal=$(finish_task aws_dynamodb 2>&1); then
	die 'the second update should have been refused'
fi
printf '%s\n' "$refusal"
case $refusal in
	*'(ConditionalCheckFailedException)'*'The conditional request failed'*) ;;
	*) die 'it was refused for another reason' ;;
esac

say '8. A reminder that expires: it goes by itself'

run update-time-to-live --table-name Tasks --time-to-live-specification Enabled=true,AttributeName=ExpiresAt
run put-item --table-name Tasks --item '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "REMINDER#r001"}, "ExpiresAt": {"N": "'"$(($(date +%s) + 1))"'"}}'
wait_until_gone '{"PK": {"S": "USER#u123"}, "SK": {"S": "REMINDER#r001"}}'

say '9. A backup, and the table as it was then beside the table as it is'

run create-backup --table-name Tasks --backup-name before-the-holidays
backup=$(member BackupArn)
run list-backups --table-name Tasks
wait_for_backup "$backup"
run delete-item --table-name Tasks --key '{"PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t002"}}'
run restore-table-from-backup --target-table-name TasksRestored --backup-arn "$backup"
run wait table-exists --table-name TasksRestored
query_tasks TasksRestored

say '10. Every change as a stream: three changes, read from its shards'

run update-table --table-name Tasks \
	--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES --query TableDescription.LatestStreamArn
stream=$(printf '%s' "$result" | tr -d '"')
service=dynamodbstreams
for _ in $(seq 120); do
	[ "$(aws_dynamodb describe-stream --stream-arn "$stream" --query StreamDescription.StreamStatus)" = '"ENABLED"' ] && break
	sleep 0.5
done
run describe-stream --stream-arn "$stream" --query 'StreamDescription.[StreamStatus, StreamViewType, Shards[].ShardId]'
shards=$(printf '%s\n' "$result" | sed -n 's/^ *"\(shardId-[^"]*\)".*/\1/p')
[ -n "$shards" ] || die 'the stream has no shards'

service=dynamodb
run put-item --table-name Tasks --item '{
  "PK": {"S": "USER#u456"}, "SK": {"S": "TASK#t003"}, "Title": {"S": "Water the plants"}, "Status": {"S": "OPEN"}}'
run update-item --table-name Tasks --key '{"PK": {"S": "USER#u456"}, "SK": {"S": "TASK#t003"}}' \
	--update-expression 'SET #S = :done' --expression-attribute-names '{"#S": "Status"}' \
	--expression-attribute-values '{":done": {"S": "DONE"}}'
run delete-item --table-name Tasks --key '{"PK": {"S": "USER#u456"}, "SK": {"S": "TASK#t003"}}'

# All records of an item are in one shard, a moment after the writes.
service=dynamodbstreams
records_of() {
	aws_dynamodb get-records --shard-iterator "$(aws_dynamodb get-shard-iterator --stream-arn "$stream" --shard-id "$1" \
		--shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)" --query 'length(Records)'
}
find_shard() {
	for _ in $(seq 120); do
		for shard in $shards; do
			[ "$(records_of "$shard")" != 3 ] || return 0
		done
		sleep 0.5
	done
	die 'the records do not come'
}
find_shard
run get-shard-iterator --stream-arn "$stream" --shard-id "$shard" --shard-iterator-type TRIM_HORIZON
run get-records --shard-iterator "$(member ShardIterator)" \
	--query 'Records[].{event: eventName, old: dynamodb.OldImage.Status.S, new: dynamodb.NewImage.Status.S}'
[ "$(printf '%s' "$result" | tr -d ' \n"')" = '[{event:INSERT,old:null,new:OPEN},{event:MODIFY,old:OPEN,new:DONE},{event:REMOVE,old:DONE,new:null}]' ] ||
	die 'the records are not the changes'
service=dynamodb

say '11. What was made goes'

run delete-backup --backup-arn "$backup"
run delete-table --table-name TasksRestored
run delete-table --table-name Tasks
run wait table-not-exists --table-name Tasks
