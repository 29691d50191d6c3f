/** What every native engine promises of its end, whatever its transport: one suite for each. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  close,
  type EngineHandle,
  newSliceBuffer,
  port,
  pump,
  Slice,
  setTargets,
  stats,
  wake,
} from '../../native/index.js';
import { SliceWorker } from './engine.js';

/** Longer than a test may take: a slice that is not ended fails it. */
export const ENDLESS_MS = 600_000;
export const SOON = { timeout: 60_000 };

export function describeLifeOf(name: string, create: () => EngineHandle): void {
  describe(`${name}, when it is closed`, () => {
    test('ends a slice at once, and says so', SOON, async (t) => {
      const engine = create();
      const { ended } = await worker(t).begin(engine, ENDLESS_MS);
      close(engine);
      assert.ok((await ended).closed);
    });

    test('ends whatever slice comes later', SOON, () => {
      const engine = create();
      close(engine);
      const buffer = newSliceBuffer(1);
      pump(engine, ENDLESS_MS, buffer);
      const slice = new Slice(buffer);
      assert.deepEqual([slice.closed, slice.count], [true, 0]);
    });

    test('is no engine any more', () => {
      const engine = create();
      close(engine);
      close(engine);
      for (const use of [stats, port, wake, (handle: EngineHandle) => setTargets(handle, [])]) {
        assert.throws(() => use(engine), /closed/);
      }
    });
  });

  test(`${name}: a slice ends when it is woken`, SOON, async (t) => {
    const engine = create();
    t.after(() => close(engine));
    const { ended } = await worker(t).begin(engine, ENDLESS_MS);
    wake(engine);
    const { closed, count, settledUs } = await ended;
    assert.deepEqual([closed, count], [false, 0]);
    assert.ok(Math.abs(settledUs - Date.now() * 1000) < 60e6, 'nothing is under way: settled until now');
  });
}

function worker(t: TestContext): SliceWorker {
  const thread = new SliceWorker();
  t.after(() => thread.terminate());
  return thread;
}
