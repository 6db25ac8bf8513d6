-- Sends the requests listed in a file, in turn, and tells the outcome as one line of JSON.
-- Each line of the file: token, tab, JSON body.

local requests, turn, threads = {}, 0, {}
failed = 0 -- global: `done` reads it from each thread

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    local token, body = line:match("^([^\t]+)\t(.*)$")
    local headers = {
      ["Authorization"] = "Bearer " .. token,
      ["Content-Type"] = "application/json",
      ["Accept"] = "application/json",
    }
    requests[#requests + 1] = wrk.format("POST", "/graphql", headers, body)
  end
  turn = arguments[2] == "ordered" and 0 or math.random(#requests)
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status, _, body)
  -- an answer with errors begins with them
  if status ~= 200 or body:sub(1, 9) == '{"errors"' then
    failed = failed + 1
  end
end

function done(summary, latency, _)
  local errors, refused = summary.errors, 0
  for _, thread in ipairs(threads) do
    refused = refused + thread:get("failed")
  end
  print(string.format(
    '{"requests": %d, "seconds": %.3f, "p50": %.3f, "p95": %.3f, "p99": %.3f, "failed": %d}',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + refused))
end
