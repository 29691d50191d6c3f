/** Fields of many metrics as arguments of a script: names that metrics have in common once, values as one text a metric. */

import type { FieldNames } from './field-names.js';
import type { MetricRecord } from './record.js';

/** JSON arrays: lists of names; which of them each metric has, from 1 on; then the values of each. */
export function tableOf(records: readonly MetricRecord[]): string[] {
  const places = new Map<FieldNames, number>();
  const own: number[] = [];
  for (const { names } of records) {
    const place = places.get(names) ?? places.size + 1;
    places.set(names, place);
    own.push(place);
  }
  const lists = Array.from(places.keys(), ({ json }) => json);
  return [`[${lists.join(',')}]`, `[${own.join(',')}]`, ...records.map(({ valuesJson }) => valuesJson)];
}

/**
 * Lua: takes such a table apart, whose first argument is the `first`. Gives a metric's name, value, name, value, … in an array that
 * is the same for all with these names: good until the next one is asked for.
 */
export const READ_TABLE = `
local function readTable(first)
  local own, arrays = cjson.decode(ARGV[first + 1]), {}
  for i, names in ipairs(cjson.decode(ARGV[first])) do
    arrays[i] = {}
    for n = 1, #names do
      arrays[i][2 * n - 1], arrays[i][2 * n] = names[n], ''
    end
  end
  return function(i)
    local fields, values = arrays[own[i]], cjson.decode(ARGV[first + 1 + i])
    for n = 1, #values do fields[2 * n] = values[n] end
    return fields
  end
end
`;
