/**
 * What has to happen in Redis in one step. Each script has one key, so it runs in a cluster too; it sets the value with its
 * expiry and announces it. Values are as redis-value.ts describes.
 *
 * KEYS: the agent's. ARGV: id, channel, expiry in ms, and what the script says.
 */

/** Values that are none of ours read as never seen, and are overwritten. */
const CURRENT = `
local current = redis.call('GET', KEYS[1])
local heldSeen, heldKey, heldJson = string.match(current or '', '^(%d+) (%S+) (.*)$')
heldSeen = tonumber(heldSeen or -1)
`;

const WRITE = `
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[2], ARGV[1] .. ' ' .. value)
`;

/**
 * ARGV[4…6]: last seen, key hash, JSON. Returns the value as written, with a last-seen time beyond that of the one before;
 * or false when the id is claimed with another key.
 */
export const PUT = `${CURRENT}
if heldSeen >= 0 and heldJson ~= '' and ARGV[5] ~= '-' and ARGV[5] ~= heldKey then return false end
local seen = math.max(tonumber(ARGV[4]), heldSeen + 1)
local value = string.format('%.0f', seen) .. ' ' .. ARGV[5] .. ' ' .. ARGV[6]
${WRITE}
return value`;

/** ARGV[4…6]: as above. Writes it unless what is there was seen as late; for a Redis that has forgotten. */
export const RESTORE = `${CURRENT}
if heldSeen >= tonumber(ARGV[4]) then return false end
local value = ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6]
${WRITE}
return value`;

/** ARGV[4]: when the entry that is deleted was last seen; what is there may have been seen later, and goes too. */
export const DELETE = `${CURRENT}
local value = string.format('%.0f', math.max(tonumber(ARGV[4]), heldSeen)) .. ' - '
${WRITE}
return value`;
