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

/**
 * The schema as users see it: an option with a default is not required. TypeBox lists every property that is not
 * optional, since it describes the decoded value.
 */
export function asWritten(schema: SchemaNode): SchemaNode {
  const properties = schema.properties && mapValues(schema.properties, asWritten);
  const required = schema.required?.filter((name) => schema.properties?.[name]?.default === undefined);
  const { anyOf, oneOf, allOf, items, additionalProperties, patternProperties } = schema;
  return {
    ...schema,
    ...(properties && { properties }),
    ...(required && { required }),
    ...(anyOf && { anyOf: anyOf.map(asWritten) }),
    ...(oneOf && { oneOf: oneOf.map(asWritten) }),
    ...(allOf && { allOf: allOf.map(asWritten) }),
    ...(items && { items: 'map' in items ? items.map(asWritten) : asWritten(items) }),
    ...(isMap(additionalProperties) && { additionalProperties: asWritten(additionalProperties) }),
    ...(patternProperties && { patternProperties: mapValues(patternProperties, asWritten) }),
  };
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

function mapValues<T, U>(record: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]));
}
