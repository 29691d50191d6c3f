/** Texts that would be a number or a boolean, had they been written without quotes. */

import type { SchemaNode } from './schema.js';

const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;

/** What the schema would take in place of the text; undefined when it is not the quotes that are wrong. */
export function withoutQuotes(schema: SchemaNode, text: string): number | boolean | undefined {
  if (schema.const !== undefined || schema.enum !== undefined)
    return [schema.const, ...(schema.enum ?? [])].filter(isTyped).find((choice) => String(choice) === text);
  for (const branch of schema.anyOf ?? schema.oneOf ?? []) {
    const typed = withoutQuotes(branch, text);
    if (typed !== undefined) return typed;
  }
  return schema.type === undefined ? undefined : typedText(text, [schema.type].flat());
}

/** `types`: of a JSON schema. Undefined when the text is none of them. */
function typedText(text: string, types: readonly unknown[]): number | boolean | undefined {
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (!NUMBER.test(text)) return undefined;
  const number = Number(text);
  return types.includes('number') || (types.includes('integer') && Number.isInteger(number)) ? number : undefined;
}

function isTyped(value: unknown): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}
