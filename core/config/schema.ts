/**
 * How options are declared: TypeBox, plus the two string forms of weft. One declaration yields the TypeScript type, the
 * default, the JSON schema and the table in the README. Users write durations and sizes as strings; the code that gets
 * the configuration sees numbers (ms, bytes): the validator decodes them.
 */

import { type SchemaOptions, type TUnsafe, Type } from '@sinclair/typebox';

export { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox';

interface RangeOptions extends SchemaOptions {
  /** Written as users write it: `10s`. */
  readonly default?: string;
  /** Inclusive bounds, written as users write them. */
  readonly atLeast?: string;
  readonly atMost?: string;
}

/** A duration: `250ms`, `10s`, `1m30s`, `2h`. Users write a string, code sees milliseconds. */
export function duration(options: RangeOptions = {}): TUnsafe<number> {
  return Type.Unsafe<number>({ type: 'string', weftFormat: 'duration', ...options });
}

/** A size: `1500B`, `64KiB`, `64MiB`, `1GB`. Users write a string, code sees bytes. */
export function size(options: RangeOptions = {}): TUnsafe<number> {
  return Type.Unsafe<number>({ type: 'string', weftFormat: 'size', ...options });
}

/** A text that may be left out; an empty one is a mistake. */
export const optionalText = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** Options objects accept no key that is not declared: a misspelt option is an error, not a silent default. */
export const STRICT = { additionalProperties: false } as const;

/**
 * Of an options object: options that do nothing without another one, listed by the name of that one. They are looked for in
 * what users wrote: a default is no mistake. Spread beside STRICT.
 */
export function goesWith(
  options: Readonly<Record<string, readonly string[]>>,
): Required<Pick<SchemaNode, 'dependencies'>> {
  const pairs = Object.entries(options).flatMap(([needed, names]) => names.map((name) => [name, [needed]] as const));
  return { dependencies: Object.fromEntries(pairs) };
}

/** What weft reads of a JSON schema: TypeBox schemas are such objects, and third-party plugins may write plain ones. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string | undefined;
  readonly default?: unknown;
  /** Of values that are right: for messages, where a pattern says little to people. */
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** The options that an option needs beside it. */
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode | undefined;
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly weftFormat?: StringForm;
}

/** Strings that code sees as numbers: ms and bytes. */
export type StringForm = 'duration' | 'size';
