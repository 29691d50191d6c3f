/** What a promise was rejected with, of the type that is expected (default: any Error). */

import assert from 'node:assert/strict';

export async function failureOf<E extends Error = Error>(
  write: Promise<unknown>,
  type: abstract new (...args: never[]) => E = Error as never,
): Promise<E> {
  const error = await write.then(
    () => assert.fail('the write was accepted'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
  return error;
}
