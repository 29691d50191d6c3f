/**
 * What has to happen in Redis in one step. A window is a hash: a field for each row, whose frames (frame.ts) are only ever
 * added to, and of which no two are equal; `id`, drawn when the window was made, which tells it from one of the same name
 * before a Redis forgot; and `bytes`, the sum of all rows. Each server knows how far it has read each row, and the last
 * bytes before that: so it gets what it lacks and nothing twice, and notices a replica that stood in and knew less.
 *
 * Each script has one key, the window, so it runs in a cluster too.
 */

/** What a server has read of a row; `known`: of this window and not of one before. */
const REST_OF = `
local function restOf(row, length, tail, known)
  if not known then return 0, row end
  if length > #row or string.sub(row, length - #tail + 1, length) ~= tail then return 1, '' end
  return 0, string.sub(row, length + 1)
end
`;

/**
 * Adds frames to rows and announces them.
 *
 * ARGV: expiry from now (ms), the id to give and the one that is known, channel, announcement, most bytes of a row; then for each row: name,
 * length and tail that are known, number of frames, frames.
 * Returns the id and the sum of all rows; then for each row: whether it is another than the one that was read (0, 1), what was
 * there before and the server lacks, a character for each frame (`+` added, `=` there already, `!` the row is full), and
 * its length and tail now.
 */
export const PUSH = `${REST_OF}
local key, max = KEYS[1], tonumber(ARGV[6])
redis.call('HSETNX', key, 'id', ARGV[2])
local id = redis.call('HGET', key, 'id')
local answer = {id, 0}
local added = 0
local at = 7
while at <= #ARGV do
  local name, length, tail, frames = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  local row = redis.call('HGET', key, name) or ''
  local other, rest = restOf(row, length, tail, id == ARGV[3])
  local before, verdicts = #row, {}
  for i = 1, frames do
    local frame = ARGV[at]
    at = at + 1
    if string.find(row, frame, 1, true) then verdicts[i] = '='
    elseif #row + #frame > max then verdicts[i] = '!'
    else
      row = row .. frame
      verdicts[i] = '+'
    end
  end
  if #row > before then
    redis.call('HSET', key, name, row)
    added = added + #row - before
  end
  for _, part in ipairs({other, rest, table.concat(verdicts), #row, string.sub(row, -4)}) do answer[#answer + 1] = part end
end
answer[2] = redis.call('HINCRBY', key, 'bytes', added)
if redis.call('PTTL', key) < tonumber(ARGV[1]) then redis.call('PEXPIRE', key, ARGV[1]) end
if added > 0 then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return answer`;

/**
 * ARGV: the id that is known; then for each row: name, length and tail that are known. Returns the id (empty: there is no
 * such window) and the sum of all rows; then for each row: whether it is another, what the server lacks, its length and
 * tail now.
 */
export const READ = `${REST_OF}
local id = redis.call('HGET', KEYS[1], 'id') or ''
local answer = {id, tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0)}
for at = 2, #ARGV, 3 do
  local row = redis.call('HGET', KEYS[1], ARGV[at]) or ''
  local other, rest = restOf(row, tonumber(ARGV[at + 1]), ARGV[at + 2], id == ARGV[1])
  for _, part in ipairs({other, rest, #row, string.sub(row, -4)}) do answer[#answer + 1] = part end
end
return answer`;

/** Returns the names of all rows, and `id` and `bytes`. */
export const NAMES = `return redis.call('HKEYS', KEYS[1])`;
