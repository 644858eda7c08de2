#!/bin/sh
# The AWS CLI: its forms of input and output, waiters, pagination, errors.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
table=AwsCliMusic

ddb() { "${AWS:-aws}" dynamodb --endpoint-url "$ENDPOINT" --output json "$@"; }

fail() {
	echo "FAILED: $*"
	exit 1
}

# is NAME EXPECTED GOT
is() { [ "$2" = "$3" ] || fail "$1: expected $2, got $3"; }

# refused NAME EXCEPTION COMMAND…: the CLI must end with 254 (255 in version 1) and say so.
refused() {
	name=$1 exception=$2
	shift 2
	result=0
	ddb "$@" >"$scratch/out" 2>"$scratch/err" || result=$?
	case $result in 254 | 255) ;; *) fail "$name: ended with $result" ;; esac
	grep -q "An error occurred ($exception) when calling the" "$scratch/err" || fail "$name: $(cat "$scratch/err")"
}

if ddb delete-table --table-name $table >/dev/null 2>&1; then ddb wait table-not-exists --table-name $table; fi

# ---- tables ----

is create-table "$table" "$(ddb create-table --table-name $table --billing-mode PAY_PER_REQUEST \
	--attribute-definitions AttributeName=Artist,AttributeType=S AttributeName=Number,AttributeType=N \
	--key-schema AttributeName=Artist,KeyType=HASH AttributeName=Number,KeyType=RANGE \
	--query TableDescription.TableName --output text)"
ddb wait table-exists --table-name $table
is describe-table "ACTIVE	2" "$(ddb describe-table --table-name $table \
	--query 'Table.[TableStatus, length(KeySchema)]' --output text)"
is list-tables $table "$(ddb list-tables --query "TableNames[?@ == '$table'] | [0]" --output text)"
refused 'create-table again' ResourceInUseException create-table --table-name $table --billing-mode PAY_PER_REQUEST \
	--attribute-definitions AttributeName=Artist,AttributeType=S --key-schema AttributeName=Artist,KeyType=HASH

# ---- items ----

cat >"$scratch/item.json" <<'JSON'
{"Artist": {"S": "file"}, "Number": {"N": "1"}, "Title": {"S": "h\u00e9llo \ud83d\ude00"}, "Data": {"B": "AP8="},
 "Price": {"N": "12345678901234567890123456789012345678"}, "Empty": {"S": ""}, "Tags": {"SS": ["a", "b"]},
 "List": {"L": [{"N": "1.5"}, {"NULL": true}, {"M": {"x": {"BOOL": false}}}]}}
JSON
ddb put-item --table-name $table --item "file://$scratch/item.json"
ddb get-item --table-name $table --key '{"Artist": {"S": "file"}, "Number": {"N": "1"}}' --consistent-read >"$scratch/got.json"
"${PYTHON:-python3}" - "$scratch" "$("${AWS:-aws}" --version 2>&1)" <<'PYTHON' || fail 'get-item: not the item that was put'
import json, sys
put, got = json.load(open(sys.argv[1] + '/item.json')), json.load(open(sys.argv[1] + '/got.json'))['Item']
if sys.argv[2].startswith('aws-cli/1.'):  # which takes binary values as they are, and prints them in base64
    put['Data']['B'] = 'QVA4PQ=='
sys.exit(put != got)
PYTHON
# the shorthand of the CLI
ddb put-item --table-name $table --item 'Artist={S=short},Number={N=1},Plays={N=1}' \
	--condition-expression 'attribute_not_exists(Artist)'
refused 'put-item again' ConditionalCheckFailedException put-item --table-name $table \
	--item 'Artist={S=short},Number={N=1}' --condition-expression 'attribute_not_exists(Artist)'
is update-item 3 "$(ddb update-item --table-name $table --key 'Artist={S=short},Number={N=1}' \
	--update-expression 'SET Plays = Plays + :n' --expression-attribute-values '{":n": {"N": "2"}}' \
	--return-values UPDATED_NEW --query Attributes.Plays.N --output text)"
is delete-item 3 "$(ddb delete-item --table-name $table --key 'Artist={S=short},Number={N=1}' \
	--return-values ALL_OLD --query Attributes.Plays.N --output text)"
refused 'no such table' ResourceNotFoundException get-item --table-name AwsCliMissing --key 'pk={S=x}'
refused 'wrong key' ValidationException get-item --table-name $table --key 'Artist={S=x}'

# ---- batches ----

"${PYTHON:-python3}" - "$scratch" $table <<'PYTHON'
import json, sys
put = [{'PutRequest': {'Item': {'Artist': {'S': 'page'}, 'Number': {'N': str(n)}}}} for n in range(25)]
json.dump({sys.argv[2]: put}, open(sys.argv[1] + '/batch.json', 'w'))
PYTHON
is batch-write-item 0 "$(ddb batch-write-item --request-items "file://$scratch/batch.json" \
	--query 'length(UnprocessedItems)' --output text)"
is batch-get-item 2 "$(ddb batch-get-item --request-items '{"'$table'": {"Keys": [
	{"Artist": {"S": "page"}, "Number": {"N": "1"}}, {"Artist": {"S": "page"}, "Number": {"N": "2"}},
	{"Artist": {"S": "page"}, "Number": {"N": "99"}}]}}' --query "length(Responses.$table)" --output text)"

# ---- the CLI's own pagination ----

query_page() {
	ddb query --table-name $table --key-condition-expression 'Artist = :a' \
		--expression-attribute-values '{":a": {"S": "page"}}' "$@"
}
# (as text, --query would be applied to each page)
is 'query, all pages' 25 "$(query_page --page-size 4 --query 'length(Items)')"
token=$(query_page --max-items 10 --query NextToken | tr -d '"')
is 'query, the rest' '10 24' "$(query_page --starting-token "$token" --query 'Items[].Number.N' --output text |
	tr '\t' '\n' | sed -n '1p;$p' | tr '\n' ' ' | sed 's/ $//')"
is 'query, backward, filtered' '9 8' "$(ddb query --table-name $table --no-scan-index-forward \
	--key-condition-expression 'Artist = :a AND #n < :max' --filter-expression 'attribute_not_exists(Title)' \
	--expression-attribute-names '{"#n": "Number"}' --expression-attribute-values '{":a": {"S": "page"}, ":max": {"N": "10"}}' \
	--projection-expression '#n' --query 'Items[:2].Number.N' --output text | tr '\t' ' ')"
is 'scan, count' 26 "$(ddb scan --table-name $table --select COUNT --page-size 10 --query Count)"

# ---- transactions ----

ddb transact-write-items --transact-items '[
	{"Put": {"TableName": "'$table'", "Item": {"Artist": {"S": "t"}, "Number": {"N": "1"}}}},
	{"Delete": {"TableName": "'$table'", "Key": {"Artist": {"S": "page"}, "Number": {"N": "1"}}}}]' >"$scratch/out"
# shellcheck disable=SC2016
is transact-get-items 't' "$(ddb transact-get-items --transact-items '[
	{"Get": {"TableName": "'$table'", "Key": {"Artist": {"S": "t"}, "Number": {"N": "1"}}}},
	{"Get": {"TableName": "'$table'", "Key": {"Artist": {"S": "page"}, "Number": {"N": "1"}}}}]' \
	--query 'Responses[].Item.Artist.S | join(`,`, @)' --output text)"
refused 'transact-write-items' TransactionCanceledException transact-write-items --transact-items '[
	{"ConditionCheck": {"TableName": "'$table'", "Key": {"Artist": {"S": "t"}, "Number": {"N": "1"}},
	 "ConditionExpression": "attribute_not_exists(Artist)"}}]'
grep -q 'specific reasons \[ConditionalCheckFailed\]' "$scratch/err" || fail "no reasons: $(cat "$scratch/err")"

# ---- secondary indexes ----

index_status() {
	ddb describe-table --table-name $table --query "Table.GlobalSecondaryIndexes[?IndexName=='ByGenre'].IndexStatus | [0]" --output text
}
ddb update-table --table-name $table --attribute-definitions AttributeName=Genre,AttributeType=S \
	--global-secondary-index-updates '[{"Create": {"IndexName": "ByGenre", "KeySchema": [{"AttributeName": "Genre", "KeyType": "HASH"}],
	"Projection": {"ProjectionType": "KEYS_ONLY"}}}]' >"$scratch/out"
for _ in $(seq 120); do
	[ "$(index_status)" != ACTIVE ] || break
	sleep 0.5
done
is 'update-table: an index' ACTIVE "$(index_status)"
for number in 1 2 3 4 5; do
	ddb put-item --table-name $table --item '{"Artist": {"S": "genre"}, "Number": {"N": "'$number'"}, "Genre": {"S": "Folk"}}'
done
is 'query of an index, in pages' '1 2 3 4 5' "$(ddb query --table-name $table --index-name ByGenre --page-size 2 --max-items 100 \
	--key-condition-expression 'Genre = :g' --expression-attribute-values '{":g": {"S": "Folk"}}' \
	--query 'Items[].Number.N' --output text | xargs)"
is 'scan of an index' 5 "$(ddb scan --table-name $table --index-name ByGenre --select COUNT --query Count --output text)"
refused 'a key of another type' ValidationException put-item --table-name $table \
	--item '{"Artist": {"S": "genre"}, "Number": {"N": "6"}, "Genre": {"N": "1"}}'
ddb update-table --table-name $table --global-secondary-index-updates '[{"Delete": {"IndexName": "ByGenre"}}]' >"$scratch/out"
for _ in $(seq 120); do
	[ "$(index_status)" != None ] || break
	sleep 0.5
done
is 'update-table: no index' None "$(index_status)"

# ---- tags ----

if [ "${DDB_LOCAL:-}" != yes ]; then
	arn=$(ddb describe-table --table-name $table --query Table.TableArn --output text)
	ddb tag-resource --resource-arn "$arn" --tags Key=stage,Value=test
	is list-tags-of-resource 'stage	test' "$(ddb list-tags-of-resource --resource-arn "$arn" \
		--query 'Tags[0].[Key, Value]' --output text)"
fi

# ---- time to live ----

if [ "${DDB_LOCAL:-}" != yes ]; then
	ttl_status() {
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			status=$(ddb describe-time-to-live --table-name $table --output text \
				--query "TimeToLiveDescription.[TimeToLiveStatus, AttributeName]" | tr '\t' ' ')
			case $status in ENABLING*) sleep 0.2 ;; *) break ;; esac
		done
		echo "$status"
	}
	is describe-time-to-live 'DISABLED None' "$(ttl_status)"
	ddb put-item --table-name $table --item '{"Artist": {"S": "ttl"}, "Number": {"N": "1"}, "ExpiresAt": {"N": "'"$(($(date +%s) - 5))"'"}}'
	ddb update-time-to-live --table-name $table --time-to-live-specification Enabled=true,AttributeName=ExpiresAt >"$scratch/out"
	is describe-time-to-live 'ENABLED ExpiresAt' "$(ttl_status)"
	refused 'update-time-to-live' ValidationException update-time-to-live --table-name $table \
		--time-to-live-specification Enabled=true,AttributeName=Other
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		item=$(ddb get-item --table-name $table --key '{"Artist": {"S": "ttl"}, "Number": {"N": "1"}}')
		[ -n "$item" ] || break
		sleep 0.5
	done
	is 'an expired item' '' "$item"
	ddb update-time-to-live --table-name $table --time-to-live-specification Enabled=false,AttributeName=ExpiresAt >"$scratch/out"
	is describe-time-to-live 'DISABLED None' "$(ttl_status)"
fi

# ---- backups ----

if [ "${DDB_LOCAL:-}" != yes ]; then
	backup=$(ddb create-backup --table-name $table --backup-name before --query BackupDetails.BackupArn --output text)
	for _ in $(seq 120); do
		status=$(ddb describe-backup --backup-arn "$backup" --query BackupDescription.BackupDetails.BackupStatus --output text)
		[ "$status" = CREATING ] || break
		sleep 0.5
	done
	is describe-backup AVAILABLE "$status"
	is list-backups "$backup" "$(ddb list-backups --table-name $table --query 'BackupSummaries[].BackupArn' --output text)"
	ddb delete-backup --backup-arn "$backup" >"$scratch/out"
	refused 'describe-backup' BackupNotFoundException describe-backup --backup-arn "$backup"
fi

# ---- the end ----

ddb update-table --table-name $table --billing-mode PROVISIONED \
	--provisioned-throughput ReadCapacityUnits=1,WriteCapacityUnits=1 >"$scratch/out"
ddb wait table-exists --table-name $table
ddb delete-table --table-name $table >"$scratch/out"
ddb wait table-not-exists --table-name $table
refused 'delete-table again' ResourceNotFoundException delete-table --table-name $table
echo 'all as expected'
