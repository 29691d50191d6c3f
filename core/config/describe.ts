/** Schemas and values in words, for error messages and option tables. */

import { isMap } from './decode.js';
import type { SchemaNode } from './schema.js';
import { listItem, mapItem } from './schema-tree.js';

/** `a string`, `an integer`, `a list of durations`… */
export function describeType(schema: SchemaNode): string {
  const choices = choicesOf(schema);
  if (choices !== undefined) return either(choices.map((choice) => JSON.stringify(choice)));
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return either([...new Set(union.map(describeType))]);
  if (schema.weftFormat !== undefined) return `a ${schema.weftFormat}`;
  if (schema.type === 'array') return `a list${ofItems(listItem(schema))}`;
  if (schema.type === 'object') return `a map${ofItems(mapItem(schema))}`;
  if (schema.type === undefined) return 'any value';
  return either([schema.type].flat().map((type) => (type === 'integer' ? 'an integer' : `a ${type}`)));
}

/** The values an option may have, when the schema lists them: an enum, or a union of constants. */
export function choicesOf(schema: SchemaNode): readonly unknown[] | undefined {
  if (schema.enum !== undefined) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  const union = schema.anyOf ?? schema.oneOf;
  const choices = union?.map((branch) => branch.const);
  return choices?.every((choice) => choice !== undefined) ? choices : undefined;
}

/** `the number 10`, `a map`: what was found, short enough for one line. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a map';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  return `the ${typeof value} ${String(value)}`;
}

/** `a, b or c` */
function either(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function ofItems(item: SchemaNode | undefined): string {
  if (item === undefined) return '';
  const words = describeType(item);
  return /^an? \w+$/.test(words)
    ? ` of ${words.replace(/^an? /, '')}s`
    : ` of ${words.replace(/^an? (list|map)\b/, '$1s')}`;
}
