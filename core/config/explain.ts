/** ajv's errors in words: what was expected, what was found, and the nearest valid key or value. */

import type { ErrorObject } from 'ajv';
import { isMap } from './decode.js';
import { choicesOf, describeType } from './describe.js';
import { nearest, remedy } from './nearest.js';
import type { SchemaNode, StringForm } from './schema.js';
import type { Path } from './source.js';
import { withoutQuotes } from './typed-text.js';
import { foldUnions, schemaOf } from './unions.js';
import { STRING_FORMS } from './validator.js';

export interface Problem {
  /** Within the value that was validated. */
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** How a value is shown: the reference `${VAR}`, when it came from the environment and may be a secret. */
export type Show = (path: Path, value: unknown) => string;

/** `root` is the value that was validated. One problem for each mistake, in no particular order. */
export function explain(errors: readonly ErrorObject[], root: unknown, show: Show): Problem[] {
  return foldUnions(errors).map((error) => {
    const path = pathOf(error.instancePath, root);
    const message = describeError(error, show(path, error.data));
    const key = optionOf(error);
    return key === undefined ? { path, at: 'value', message } : { path: [...path, key], at: 'key', message };
  });
}

/** `/udp/0/listen` → ['udp', 0, 'listen']: a number where `root` has a list. */
export function pathOf(pointer: string, root: unknown): Path {
  let value: unknown = root;
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
      const segment = Array.isArray(value) ? Number(key) : key;
      value = (value as Record<string | number, unknown> | null | undefined)?.[segment];
      return segment;
    });
}

/** The option itself that should not be there; undefined: it is the value that is wrong. */
function optionOf({ keyword, params }: ErrorObject): string | undefined {
  if (keyword === 'additionalProperties') return String(params.additionalProperty);
  return keyword === 'dependencies' ? String(params.property) : undefined;
}

function describeError(error: ErrorObject, found: string): string {
  const { params } = error;
  const schema = schemaOf(error);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownOption(schema, String(params.additionalProperty));
    case 'required': {
      const name = String(params.missingProperty);
      return `the option ${JSON.stringify(name)} is missing: ${describeType(schema.properties?.[name] ?? {})} is required`;
    }
    case 'dependencies':
      return `goes with ${params.missingProperty}, which is not set: remove it, or set ${params.missingProperty}`;
    case 'type':
      return wrongType(schema, error.data, found);
    case 'const':
    case 'enum':
    case 'union':
      return wrongChoice(schema, error.data, found);
    case 'weftFormat':
      return `expected ${boundOr(params, STRING_FORMS[params.form as StringForm].expected)}, found ${found}`;
    case 'minimum':
      return `expected at least ${params.limit}, found ${found}`;
    case 'maximum':
      return `expected at most ${params.limit}, found ${found}`;
    case 'minLength':
      return params.limit === 1 ? 'must not be empty' : `expected at least ${params.limit} characters, found ${found}`;
    case 'exclusiveMinimum':
      return `expected more than ${params.limit}, found ${found}`;
    case 'exclusiveMaximum':
      return `expected less than ${params.limit}, found ${found}`;
    case 'minItems':
      return `expected a list of at least ${params.limit}, found ${listOf(error.data)}`;
    case 'maxItems':
      return `expected a list of at most ${params.limit}, found ${listOf(error.data)}`;
    case 'pattern':
      return `expected text ${likeExamples(schema) ?? `that matches ${params.pattern}`}, found ${found}`;
    default:
      return `${error.message ?? error.keyword}, found ${found}`;
  }
}

function boundOr(params: Record<string, unknown>, form: string): string {
  if (params.atLeast !== undefined) return `at least ${params.atLeast}`;
  return params.atMost === undefined ? form : `at most ${params.atMost}`;
}

function listOf(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? `one of ${value.length}` : 'an empty one';
}

function likeExamples({ examples }: SchemaNode): string | undefined {
  if (examples === undefined || examples.length === 0) return undefined;
  return `such as ${examples.map((example) => JSON.stringify(example)).join(' or ')}`;
}

function unknownOption(schema: SchemaNode, key: string): string {
  const patterns = Object.keys(schema.patternProperties ?? {});
  if (patterns.length > 0)
    return `${JSON.stringify(key)} is not a valid name here: it has to match ${patterns.join(' or ')}`;
  return `unknown option ${JSON.stringify(key)}; ${remedy(key, Object.keys(schema.properties ?? {}))}`;
}

function wrongType(schema: SchemaNode, value: unknown, found: string): string {
  const form = schema.weftFormat;
  const expected = form === undefined ? describeType(schema) : STRING_FORMS[form].expected;
  return `expected ${expected}, found ${found}${typeHint(schema, value)}`;
}

function typeHint(schema: SchemaNode, value: unknown): string {
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  if (schema.type === 'string' && schema.weftFormat === undefined && isPlain) return `; put it in quotes: "${value}"`;
  if (schema.weftFormat !== undefined && typeof value === 'number') return '; add a unit';
  if (schema.type === 'array' && value !== null && value !== undefined) {
    return isMap(value) ? '; begin each item with "- "' : '; put it in brackets: [ … ]';
  }
  return quotesHint(schema, value);
}

function quotesHint(schema: SchemaNode, value: unknown): string {
  const typed = typeof value === 'string' ? withoutQuotes(schema, value) : undefined;
  return typed === undefined ? '' : `; leave out the quotes: ${typed}`;
}

function wrongChoice(schema: SchemaNode, value: unknown, found: string): string {
  const choices = (choicesOf(schema) ?? []).filter((choice) => typeof choice === 'string');
  const near = typeof value === 'string' ? nearest(value, choices) : undefined;
  const hint = near === undefined ? quotesHint(schema, value) : `; did you mean ${JSON.stringify(near)}?`;
  return `expected ${describeType(schema)}, found ${found}${hint}`;
}
