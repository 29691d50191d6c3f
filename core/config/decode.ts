/** From what the user wrote, already valid, to what code sees: defaults filled in, durations in ms, sizes in bytes. */

import type { SchemaNode } from './schema.js';
import { STRING_FORMS } from './validator.js';

/** Whether a value is valid for one branch of a union. */
export type Matches = (branch: SchemaNode, value: unknown) => boolean;

/** Returns a copy; nothing in it is shared with `value` (YAML aliases share), so each part is decoded once. */
export function decode(schema: SchemaNode, value: unknown, matches: Matches): unknown {
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return decode(union.find((branch) => matches(branch, value)) ?? {}, value, matches);
  if (schema.weftFormat !== undefined && typeof value === 'string') return STRING_FORMS[schema.weftFormat].parse(value);
  if (Array.isArray(value)) return value.map((item, i) => decode(itemSchema(schema, i), item, matches));
  if (isMap(value)) return decodeMap(schema, value, matches);
  return value;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeMap(schema: SchemaNode, value: Readonly<Record<string, unknown>>, matches: Matches): object {
  const parts = [schema, ...(schema.allOf ?? [])];
  const written = Object.entries(value).map(([key, item]) => [key, decode(memberSchema(parts, key), item, matches)]);
  const defaults = parts
    .flatMap((part) => Object.entries(part.properties ?? {}))
    .filter(([key, member]) => member.default !== undefined && !Object.hasOwn(value, key))
    .map(([key, member]) => [key, decode(member, member.default, matches)]);
  return Object.fromEntries([...defaults, ...written]);
}

function memberSchema(parts: readonly SchemaNode[], key: string): SchemaNode {
  for (const { properties, patternProperties, additionalProperties } of parts) {
    if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key] ?? {};
    const pattern = Object.keys(patternProperties ?? {}).find((source) => new RegExp(source, 'u').test(key));
    if (pattern !== undefined) return patternProperties?.[pattern] ?? {};
    if (isMap(additionalProperties)) return additionalProperties;
  }
  return {};
}

function itemSchema(schema: SchemaNode, index: number): SchemaNode {
  const { items } = schema;
  if (items === undefined) return {};
  return 'map' in items ? (items[index] ?? {}) : items;
}
