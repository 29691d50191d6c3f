import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor, withLimit } from './wait-for.js';

const SOON = { limitMs: 50 };

test('what a look gives is waited for; nothing, false and null are not it', async () => {
  const given = [undefined, false, null, 0];
  assert.equal(await waitFor('a number', () => given.shift()), 0);
  assert.deepEqual(given, []);
});

test('a wait that is in vain ends, with its name and what was seen last', async () => {
  await assert.rejects(
    waitFor('a third row', () => undefined, { ...SOON, seen: () => ({ rows: 2 }) }),
    /waited 0\.05 s for a third row; seen last:\n\{ rows: 2 \}/,
  );
  await assert.rejects(
    waitFor('success', async () => false, SOON),
    /for success; seen last:\nfalse/,
  );
});

test('neither a look nor a turn that never ends holds it up', async () => {
  const never = () => new Promise<never>(() => {});
  await assert.rejects(waitFor('an answer', never, SOON), /for an answer/);
  await assert.rejects(
    waitFor('an answer', () => false, { ...SOON, turn: never }),
    /for an answer/,
  );
  await assert.rejects(withLimit('the end', never(), SOON), /for the end/);
});

test('a process that ended brings nothing more; what it did before counts', async () => {
  const dead = { end: 'weft ended with 1: no such file' };
  await assert.rejects(
    waitFor('a row', () => false, { needs: [dead] }),
    /a row will not come: weft ended with 1: no such file/,
  );
  assert.equal(await waitFor('a row', () => 'a row', { needs: [dead] }), 'a row');
});

test('what a look throws, and what a promise rejects with, is passed on', async () => {
  const fail = () => Promise.reject(new Error('refused'));
  await assert.rejects(waitFor('an answer', fail), /^Error: refused$/);
  await assert.rejects(withLimit('an answer', fail()), /^Error: refused$/);
});
