/** What a schema says of texts, lists and numbers, in words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeValue } from '../../../core/config/describe.js';
import { explain } from '../../../core/config/explain.js';
import { goesWith, STRICT, Type } from '../../../core/config/schema.js';
import { asWritten } from '../../../core/config/schema-tree.js';
import { Validator } from '../../../core/config/validator.js';

const FORM = Type.Object(
  {
    url: Type.Optional(Type.String({ pattern: '^redis://', examples: ['redis://host:6379', 'redis://host'] })),
    prefix: Type.Optional(Type.String({ pattern: '^[a-z]*$' })),
    urls: Type.Optional(Type.Array(Type.String(), { minItems: 2, maxItems: 3 })),
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0.5, exclusiveMaximum: 1 })),
    count: Type.Integer({ default: 1 }),
    publish: Type.Optional(Type.Boolean()),
    version: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2)])),
    edition: Type.Optional(Type.Literal(3)),
    level: Type.Optional(Type.Unsafe<unknown>({ enum: [1, 'high', true] })),
    pause: Type.Optional(Type.Union([Type.Literal('auto'), Type.Integer()])),
  },
  { ...STRICT, ...goesWith({ urls: ['count'] }) },
);

function messageOf(value: object): string | undefined {
  const errors = new Validator().errors(asWritten(FORM), value);
  return explain(errors, value, (_, found) => describeValue(found))[0]?.message;
}

for (const [value, message] of [
  [{ url: 'http://h' }, 'expected text such as "redis://host:6379" or "redis://host", found "http://h"'],
  [{ prefix: 'A' }, 'expected text that matches ^[a-z]*$, found "A"'],
  [{ urls: [] }, 'expected a list of at least 2, found an empty one'],
  [{ urls: ['a'] }, 'expected a list of at least 2, found one of 1'],
  [{ urls: ['a', 'b', 'c', 'd'] }, 'expected a list of at most 3, found one of 4'],
  [{ share: 0.5 }, 'expected more than 0.5, found the number 0.5'],
  [{ share: 1 }, 'expected less than 1, found the number 1'],
  [{ urls: ['a', 'b'], count: '5' }, 'expected an integer, found "5"; leave out the quotes: 5'],
  [{ urls: ['a', 'b'], count: '1.5' }, 'expected an integer, found "1.5"'],
  [{ share: '.75' }, 'expected a number, found ".75"; leave out the quotes: 0.75'],
  [{ publish: 'true' }, 'expected a boolean, found "true"; leave out the quotes: true'],
  [{ publish: '1' }, 'expected a boolean, found "1"'],
  [{ version: '1' }, 'expected 1 or 2, found "1"; leave out the quotes: 1'],
  [{ version: '3' }, 'expected 1 or 2, found "3"'],
  [{ edition: '3' }, 'expected 3, found "3"; leave out the quotes: 3'],
  [{ level: 'true' }, 'expected 1, "high" or true, found "true"; leave out the quotes: true'],
  [{ pause: '7' }, 'expected "auto" or an integer, found "7"; leave out the quotes: 7'],
  [{ count: 1 }, 'goes with urls, which is not set: remove it, or set urls'],
] as const)
  test(`${JSON.stringify(value)}: ${message}`, () => assert.equal(messageOf(value), message));
