/** One part of a file against its schema: reports every mistake at its place, or gives what code sees. */

import type { ErrorObject } from 'ajv';
import { decode } from './decode.js';
import { describeValue } from './describe.js';
import { explain, pathOf } from './explain.js';
import type { SchemaNode } from './schema.js';
import type { Path, Source } from './source.js';
import { withoutQuotes } from './typed-text.js';
import { schemaOf } from './unions.js';
import type { Validator } from './validator.js';

/** `schema` is as users see it (`asWritten`). Undefined when something was reported. */
export function checkValue(
  validator: Validator,
  schema: SchemaNode,
  source: Source,
  path: Path,
  value: unknown,
): unknown {
  let errors = validator.errors(schema, value);
  const retyped = retype(errors, value, (sub) => source.reference([...path, ...sub]) !== undefined);
  if (retyped !== undefined) errors = validator.errors(schema, retyped);
  const checked = retyped ?? value;
  if (errors.length === 0)
    return decode(schema, checked, (branch, item) => validator.errors(branch, item).length === 0);
  const show = (sub: Path, found: unknown): string => {
    const reference = source.reference([...path, ...sub]);
    return reference === undefined ? describeValue(found) : `the value of ${reference}`;
  };
  for (const problem of explain(errors, checked, show)) {
    source.report([...path, ...problem.path], problem.message, problem.at);
  }
  return undefined;
}

/**
 * The environment knows only text: where the schema wants a number or a boolean and the text of a reference is one, it
 * becomes one. Returns a changed copy, or undefined when there was nothing to change.
 */
function retype(errors: readonly ErrorObject[], value: unknown, isReference: (path: Path) => boolean): unknown {
  const changes = errors.flatMap((error) => {
    if (!['type', 'const', 'enum'].includes(error.keyword) || typeof error.data !== 'string') return [];
    const path = pathOf(error.instancePath, value);
    const typed = isReference(path) ? withoutQuotes(schemaOf(error), error.data) : undefined;
    return typed === undefined ? [] : [{ path, typed }];
  });
  if (changes.length === 0) return undefined;
  return changes.reduce((copy, { path, typed }) => withChange(copy, path, typed), value);
}

function withChange(value: unknown, path: Path, replacement: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(segment), withChange(value[Number(segment)], rest, replacement));
  const map = value as Readonly<Record<string, unknown>>;
  return { ...map, [segment]: withChange(map[segment], rest, replacement) };
}
