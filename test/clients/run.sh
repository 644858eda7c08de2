#!/bin/sh
# run.sh SUITE: run one suite against the endpoint that ENDPOINT names; arguments
# that follow go to unittest or node.  AWS, PYTHON and CLIENTS (the directory of
# node_modules) are those that test/lib.sh has found or installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${ENDPOINT:?}"

# Any credentials do, and none of the caller's settings play a part.
for name in $(env | sed -n 's/^\(AWS_[A-Z_0-9]*\)=.*/\1/p'); do
	unset "$name"
done
unset HTTP_PROXY http_proxy ALL_PROXY all_proxy
AWS_ACCESS_KEY_ID=dummy AWS_SECRET_ACCESS_KEY=dummy AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export ENDPOINT AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_REGION AWS_CONFIG_FILE \
	AWS_SHARED_CREDENTIALS_FILE AWS_EC2_METADATA_DISABLED AWS_PAGER
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/lib NODE_PATH=${CLIENTS:-}/node_modules
export PYTHONDONTWRITEBYTECODE PYTHONPATH NODE_PATH

suite=$here/suites/$1
shift
if [ -f "$suite.py" ]; then
	# (clients of older versions of boto3 cannot be closed)
	exec "${PYTHON:-python3}" -W ignore::ResourceWarning "$suite.py" "$@"
elif [ -f "$suite.js" ]; then
	exec node --test "$@" "$suite.js"
else
	exec sh "$suite.sh" "$@"
fi
