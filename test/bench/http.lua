-- http.lua: wrk's script for the endpoint.  Sends one request over and over, with
-- the headers that an AWS SDK sends: wrk ... URL -- OPERATION FILE CUSTOMERS, where
-- FILE holds the request's JSON with @c, @o, @p and @v for a customer, an order of
-- theirs, one that may be new, and a number.  Prints "requests/s p50 p99 failures",
-- times in ms.

local random, format, concat = math.random, string.format, table.concat
local threads = 0

function setup(thread)
   threads = threads + 1
   thread:set("number", threads)
end

-- The text between the places, and what stands at each: pieces[1], "c", pieces[2] ...
local pieces, places = {}, {}
local customers

function init(arguments)
   local file = assert(io.open(arguments[2]))
   local text = file:read("*a"):gsub("%s+$", "")
   file:close()
   local from = 1
   for at, name, after in text:gmatch("()@([copv])()") do
      pieces[#pieces + 1] = text:sub(from, at - 1)
      places[#places + 1] = name
      from = after
   end
   pieces[#pieces + 1] = text:sub(from)
   customers = tonumber(arguments[3])
   math.randomseed(os.time() * 64 + number)

   wrk.method = "POST"
   wrk.path = "/"
   wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
   wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. arguments[1]
   wrk.headers["X-Amz-Date"] = "20260101T000000Z"
   wrk.headers["User-Agent"] = "aws-sdk-js/3.500.0 ua/2.0 os/linux lang/js md/nodejs#20.0.0 api/dynamodb#3.500.0"
   wrk.headers["amz-sdk-invocation-id"] = "01234567-89ab-cdef-0123-456789abcdef"
   wrk.headers["amz-sdk-request"] = "attempt=1; max=3"
   wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, " ..
      "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-target, Signature=" .. ("0"):rep(64)
end

function request()
   local value = { c = random(0, customers - 1), o = random(0, 9), p = random(0, 19), v = random(1, 1000000) }
   local text = {}
   for i = 1, #places do
      text[#text + 1] = pieces[i]
      text[#text + 1] = value[places[i]]
   end
   text[#text + 1] = pieces[#pieces]
   return wrk.format(nil, nil, nil, concat(text))
end

function done(summary, latency, requests)
   local errors = summary.errors
   print(format("%.1f %.3f %.3f %d", summary.requests / summary.duration * 1e6,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000,
      errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
