/** What happens in Redis in one step. All keys of a script are in one slot of a cluster. */

import { READ_TABLE } from './script-table.js';

/**
 * The latest windows: KEYS hashes; ARGV expiry (ms), then a table of their fields. An older window never replaces a newer one;
 * the same one replaces itself. Returns for each whether it was written, 1 or 0, or the error it met with, a text: what is
 * wrong with one key is nobody else's matter. Times are compared as texts: a number of Lua's holds 53 bits of them. A Redis
 * without memory refuses the first HSET, while nothing is gone; what comes after a change it never refuses a script.
 */
export const LATEST = `${READ_TABLE}
local function isNewer(a, b)
  local aIsNegative, bIsNegative = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
  if aIsNegative ~= bIsNegative then return bIsNegative end
  if aIsNegative then a, b = b, a end
  if #a ~= #b then return #a > #b end
  return a > b
end
local function run(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then error(answer) end
  return answer
end
local isAllowed = false
local function replace(key, fields)
  local held = run('HGET', key, 'time_ns')
  if held and held:match('^%-?%d+$') and isNewer(held, fields[2]) then return 0 end
  if not isAllowed then run('HSET', key, 'time_ns', held or fields[2]) end
  isAllowed = true
  run('DEL', key)
  run('HSET', key, unpack(fields))
  run('PEXPIRE', key, ARGV[1])
  return 1
end
local fieldsOf = readTable(2)
local answers = {}
for i, key in ipairs(KEYS) do
  local isWell, answer = pcall(replace, key, fieldsOf(i))
  answers[i] = isWell and answer or answer.err or tostring(answer)
end
return answers
`;

/**
 * The stream: KEYS stream, writer; ARGV length, expiry of the writer (ms), the number of each entry, a table of their fields. What
 * this writer has added before is passed over: numbers ascend. Returns how many were added.
 */
export const APPEND = `${READ_TABLE}
local fieldsOf = readTable(4)
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
local added = 0
for i, number in ipairs(cjson.decode(ARGV[3])) do
  if number > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(fieldsOf(i)))
    last, added = number, added + 1
  end
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
