-- A browser for each thread of wrk: three servers, cookies that are kept, pages that are looked at.

local threads = {}

function setup(thread)
  local servers = {}
  for host, port in os.getenv("SERVERS"):gmatch("([%d.]+):(%d+)") do
    servers[#servers + 1] = host .. ":" .. port
  end
  local cookies = {}
  for cookie in os.getenv("COOKIES"):gmatch("[^ ]+") do
    cookies[#cookies + 1] = cookie
  end
  local number = #threads % #servers + 1
  local host, port = servers[number]:match("([^:]+):(%d+)")
  thread.addr = wrk.lookup(host, port)[1]
  -- That of the next server.
  thread:set("cookie", cookies[number % #cookies + 1])
  thread:set("signed_out", 0)
  thread:set("deleted", 0)
  thread:set("failed", 0)
  threads[#threads + 1] = thread
end

function request()
  return wrk.format("GET", "/sealed", { ["Cookie"] = cookie, ["Host"] = "localhost" })
end

function response(status, headers, body)
  local set = headers["set-cookie"] or headers["Set-Cookie"]
  if set then
    if set:find("Max-Age=0", 1, true) then
      deleted = deleted + 1
    else
      cookie = set:match("^[^;]+")
    end
  end
  if status ~= 200 then
    failed = failed + 1
  elseif not body:find('id="visitor-name"', 1, true) then
    signed_out = signed_out + 1
  end
end

function done(summary, latency, requests)
  local signed_out, deleted, failed = 0, 0, 0
  for _, thread in ipairs(threads) do
    signed_out = signed_out + thread:get("signed_out")
    deleted = deleted + thread:get("deleted")
    failed = failed + thread:get("failed")
  end
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests, failed + broken,
    signed_out, deleted, latency:percentile(50), latency:percentile(99)))
end
