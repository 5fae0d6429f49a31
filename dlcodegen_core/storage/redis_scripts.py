"""What runs inside Redis: a cache of fixed size in five small Lua scripts, each one step that nobody comes between.

    entries    hash         field -> bytes
    used       sorted set   field -> number of its last use: the lowest is the least recently used
    dies       sorted set   field -> when it is too old, in milliseconds since 1970
    counters   hash         hits, misses, evictions, and uses: how often anything was used

Last uses are counted instead of timed, so that no two are the same. All keys are handed to each script.
"""

# How each script begins: the clock of the server, unless the caller brings another one; what is too old goes. Redis
# may push out one of the keys for want of room; the others are worth nothing then.
_BEGIN = """
local entries, used, dies, counters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now = tonumber(ARGV[1])
if now < 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function remove(field)
    redis.call('HDEL', entries, field)
    redis.call('ZREM', used, field)
    redis.call('ZREM', dies, field)
end

local count = redis.call('HLEN', entries)
if count ~= redis.call('ZCARD', used) or count ~= redis.call('ZCARD', dies) then
    redis.call('DEL', entries, used, dies)
end
for _, field in ipairs(redis.call('ZRANGEBYSCORE', dies, '-inf', now)) do
    remove(field)
end
"""

# now, field, most bytes, whether to count -> the bytes or nothing. A value longer than that is none of ours.
GET = (
    _BEGIN
    + """
local field, counted = ARGV[2], ARGV[4] == '1'
local length = redis.call('HSTRLEN', entries, field)
local value = false
if length > tonumber(ARGV[3]) then
    remove(field)
elseif length > 0 then
    value = redis.call('HGET', entries, field)
    redis.call('ZADD', used, redis.call('HINCRBY', counters, 'uses', 1), field)
end
if counted then
    redis.call('HINCRBY', counters, value and 'hits' or 'misses', 1)
end
return value
"""
)

# now, field, bytes, most entries, milliseconds to live. The keys themselves live as long as their youngest entry.
PUT = (
    _BEGIN
    + """
local field, most, life = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('HEXISTS', entries, field) == 0 then
    while redis.call('ZCARD', used) >= most do
        remove(redis.call('ZRANGE', used, 0, 0)[1])
        redis.call('HINCRBY', counters, 'evictions', 1)
    end
end
redis.call('HSET', entries, field, ARGV[3])
redis.call('ZADD', used, redis.call('HINCRBY', counters, 'uses', 1), field)
redis.call('ZADD', dies, now + life, field)
for _, key in ipairs({entries, used, dies}) do
    redis.call('PEXPIRE', key, life)
end
return redis.status_reply('OK')
"""
)

# now, field: a hit that turned out to be none.
REJECT = (
    _BEGIN
    + """
remove(ARGV[2])
redis.call('HINCRBY', counters, 'hits', -1)
redis.call('HINCRBY', counters, 'misses', 1)
return redis.status_reply('OK')
"""
)

# now, group: a field is `key/group`.
FORGET = (
    _BEGIN
    + """
for _, field in ipairs(redis.call('ZRANGE', used, 0, -1)) do
    if string.match(field, '^[^/]*/(.*)$') == ARGV[2] then
        remove(field)
    end
end
return redis.status_reply('OK')
"""
)

# now -> entries, hits, misses, evictions
STATS = (
    _BEGIN
    + """
local counts = redis.call('HMGET', counters, 'hits', 'misses', 'evictions')
return {redis.call('HLEN', entries), tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0)}
"""
)
