/** What happens in Redis in one step. All keys of a script are in one slot of a cluster. */

/**
 * The latest window: KEYS hash; ARGV time (ns), expiry (ms), then field, value, …
 * An older window never replaces a newer one; the same one replaces itself. Returns whether it was written. Times are
 * compared as texts: a number of Lua's holds 53 bits of them.
 */
export const LATEST = `
local function isNewer(a, b)
  local aIsNegative, bIsNegative = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
  if aIsNegative ~= bIsNegative then return bIsNegative end
  if aIsNegative then a, b = b, a end
  if #a ~= #b then return #a > #b end
  return a > b
end
local held = redis.call('HGET', KEYS[1], 'time_ns')
if held and held:match('^%-?%d+$') and isNewer(held, ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`;

/**
 * The stream: KEYS stream, writer; ARGV length, expiry of the writer (ms), then for each entry its number, the number of its
 * arguments, and these. What this writer has added before is passed over: numbers ascend. Returns how many were added.
 */
export const APPEND = `
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
local at, added = 3, 0
while at < #ARGV do
  local number, size = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  if number > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, at + 2, at + 1 + size))
    last, added = number, added + 1
  end
  at = at + 2 + size
end
redis.call('SET', KEYS[2], string.format('%.0f', last), 'PX', ARGV[2])
return added
`;

/** PingWeave's key: KEYS key; ARGV value, its second column, expiry (ms). An older window never replaces a newer one. */
export const PINGWEAVE = `
local held = redis.call('GET', KEYS[1])
local heldEnd = held and held:match('^[^,]*,([^,]*)')
if heldEnd and heldEnd > ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
`;
