-- wrk: GETs of paths taken at random from the file that KITH_PATHS names, one path a line.
local requests = {}
local count = 0

function init(args)
    math.randomseed(tonumber(string.format("%d", os.time())) + (id or 0))
    for line in io.lines(os.getenv("KITH_PATHS")) do
        count = count + 1
        requests[count] = wrk.format("GET", line, {["Authorization"] = "Bearer " .. (os.getenv("KITH_TOKEN") or "")})
    end
end

function request()
    return requests[math.random(count)]
end

function done(summary, latency, all)
    io.write(string.format(
        'KITH {"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d,"broken":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write +
        summary.errors.timeout))
end
