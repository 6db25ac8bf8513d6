-- Sends prepared requests in turn from a random one on, and tells the outcome as one line of JSON.
-- The file holds each request as its length in bytes, a line break, and the request itself.

local requests, turn, threads, expected = {}, 0, {}, 0
failed = 0 -- global: `done` reads it from each thread

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  math.randomseed(os.time())
  turn = math.random(#requests)
  expected = tonumber(arguments[2])
  if arguments[3] == "check" then
    -- only then: to look at each answer costs the generator more than some servers need to make it
    function response(status, _, body)
      if status ~= expected or body:sub(1, 200):find('"errors"', 1, true) then
        failed = failed + 1
      end
    end
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors, wrong = summary.errors, 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("failed")
  end
  print(string.format(
    '{"requests": %d, "seconds": %.3f, "bytes": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f, "failed": %d}',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + math.max(errors.status, wrong)))
end
