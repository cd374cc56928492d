-- What a run of wrk was, as one line of JSON: for wrk.py. With PAUSE_MS in the environment each
-- connection waits for about so long between an answer and the next request.

local pause = tonumber(os.getenv("PAUSE_MS"))

if pause then
  function delay()
    return math.random(0, 2 * pause)
  end
end

local function milliseconds(latency, percentile)
  return latency:percentile(percentile) / 1000
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, ' ..
    '"p50_ms": %.3f, "p90_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    milliseconds(latency, 50), milliseconds(latency, 90), milliseconds(latency, 99),
    latency.max / 1000))
end
