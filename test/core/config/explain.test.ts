/** What a schema says of texts, lists and numbers, in words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeValue } from '../../../core/config/describe.js';
import { explain } from '../../../core/config/explain.js';
import { STRICT, Type } from '../../../core/config/schema.js';
import { asWritten } from '../../../core/config/schema-tree.js';
import { Validator } from '../../../core/config/validator.js';

const FORM = Type.Object(
  {
    url: Type.Optional(Type.String({ pattern: '^redis://', examples: ['redis://host:6379', 'redis://host'] })),
    prefix: Type.Optional(Type.String({ pattern: '^[a-z]*$' })),
    urls: Type.Optional(Type.Array(Type.String(), { minItems: 2, maxItems: 3 })),
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0.5, exclusiveMaximum: 1 })),
  },
  STRICT,
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
] as const)
  test(`${JSON.stringify(value)}: ${message}`, () => assert.equal(messageOf(value), message));
