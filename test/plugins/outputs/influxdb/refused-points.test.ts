/** Which points an answer blames: only those that it means beyond doubt. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, gauge } from '../../../../core/metric.js';
import { encodeBatch, type Point } from '../../../../plugins/outputs/influxdb/batch.js';
import { refusedPoints } from '../../../../plugins/outputs/influxdb/refused-points.js';
import { point } from './made.js';

const OLD = 'partial write: points beyond retention policy';
const CONFLICT = 'input field "v" on measurement "m" is type integer, already exists as type float';

/** Points at these seconds; those at odd ones have an integer. */
async function pointsAt(...seconds: readonly number[]): Promise<readonly Point[]> {
  const metrics = seconds.map((s) => {
    return { ...point(0, { fields: { v: s % 2 === 1 ? count(s) : gauge(s) } }), timeNs: BigInt(s) * 1_000_000_000n };
  });
  return (await encodeBatch(metrics, 1000)).points;
}

async function refused(message: string, seconds: readonly number[], lines: readonly number[] = []) {
  const problem = { message, lines: lines.map((line) => ({ line, message: '' })) };
  return refusedPoints(problem, await pointsAt(...seconds))?.map(({ index }) => index);
}

test('too old: the oldest, unless the next one is as old', async () => {
  assert.deepEqual((await refused(`${OLD} dropped=2`, [6, 2, 8, 4]))?.sort(), [1, 3]);
  assert.equal(await refused(`${OLD} dropped=2`, [6, 2, 4, 4]), undefined);
});

test('another type: those that have it, if they are as many as were dropped', async () => {
  assert.deepEqual(await refused(`partial write: field type conflict: ${CONFLICT} dropped=2`, [1, 2, 3, 4]), [0, 2]);
  assert.equal(await refused(`partial write: field type conflict: ${CONFLICT} dropped=1`, [1, 2, 3, 4]), undefined);
});

test('all of them: no cause is needed; some of them and no cause that is known: nobody', async () => {
  assert.deepEqual(await refused('whatever dropped=2', [1, 2]), [0, 1]);
  assert.equal(await refused('whatever dropped=1', [1, 2]), undefined);
  assert.equal(await refused('whatever', [1, 2]), undefined);
});

test('numbers of lines: when they are lines of the batch, and the others are stored', async () => {
  assert.deepEqual(await refused('partial write', [2, 4, 6], [1, 3]), [0, 2]);
  assert.equal(await refused('partial write', [2, 4, 6], [1, 4]), undefined);
  assert.equal(await refused('parsing failed', [2, 4, 6], [1]), undefined);
  assert.deepEqual(await refused('parsing failed', [2, 4], [1, 2]), [0, 1]);
});
