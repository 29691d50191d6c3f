/** Probes sent to a queue pair that was replaced. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Metric } from '../../../../core/metric.js';
import type { RdmaTarget } from '../../../../core/target.js';
import { replaceableDelayReading } from '../../../../plugins/common/probing/delay-reading.js';
import { TargetTable } from '../../../../plugins/common/probing/series.js';
import { replacedBy } from '../../../../plugins/common/probing/silences.js';
import { Windows } from '../../../../plugins/common/probing/windows.js';
import { rdmaTarget } from '../../../core/pinglist/targets.js';
import { type RecordFields, sliceOf } from './slices.js';

const WINDOW_MS = 10_000;
/** On the grid of windows. */
const START_US = 1_767_225_600_000_000;
const at = (seconds: number): number => START_US + seconds * 1e6;

type Result = RecordFields['result'];

/** A prober of the host `a`, between its list and its metrics. */
class Prober {
  readonly closed: Metric[] = [];
  readonly suspicious: string[] = [];
  readonly #targets = new TargetTable<RdmaTarget>({
    transport: 'rdma-ud',
    agent: { hostname: 'here', labels: {}, version: '0', windowMs: WINDOW_MS },
    perPath: false,
  });
  readonly #windows = new Windows<RdmaTarget>({
    windowMs: WINDOW_MS,
    targets: this.#targets,
    reading: replaceableDelayReading,
    onClosed: (metrics) => {
      for (let next = metrics.next(); next.done !== true; next = metrics.next()) this.closed.push(next.value);
    },
  });

  /** Takes over a list; returns the ids of its targets, and how many probes became stale with it. */
  list(...targets: readonly Partial<RdmaTarget>[]): { ids: number[]; stale: number } {
    const { active, removed } = this.#targets.replace(targets.map((target) => rdmaTarget({ dst: 'a', ...target })));
    return { ids: active.map(({ id }) => id), stale: this.#windows.restate(replacedBy(removed, active)) };
  }

  /** Probes to `id`, sent and ended a second apart from `fromS` on. */
  results(id: number | undefined, fromS: number, results: readonly Result[]): void {
    for (const [i, result] of results.entries()) this.result(id, fromS + i, result);
  }

  result(id = 0, sentS: number, result: Result, endedS = sentS): void {
    this.#windows.add(sliceOf(at(sentS), [{ id, sentUs: at(sentS), result: result! }]), at(sentS), at(endedS));
    const suspicious = this.#windows.takeSuspicious();
    if (suspicious !== undefined) this.suspicious.push(`${suspicious.target.dst} ${sentS}`);
  }

  /** The counts of each window that are not 0. */
  end(): Record<string, number>[] {
    this.#windows.closeAll();
    return this.closed.map(({ fields }) =>
      Object.fromEntries(
        Object.entries(fields).flatMap(([name, field]) =>
          field.kind === 'count' && field.value !== 0 ? [[name, field.value]] : [],
        ),
      ),
    );
  }
}

const timeouts = (n: number): Result[] => new Array<Result>(n).fill('timeout');

describe('a queue pair that is replaced', () => {
  test('makes the timeouts since the last answer stale, and what still runs to it', () => {
    const prober = new Prober();
    const [old] = prober.list({ qpn: 7 }).ids;
    prober.results(old, 0, ['success', 'timeout', 'success', ...timeouts(4)]);
    const { ids, stale } = prober.list({ qpn: 8 });
    assert.equal(stale, 4);
    prober.result(old, 7, 'timeout');
    prober.result(ids[0], 8, 'success');
    prober.result(ids[0], 9, 'timeout');
    assert.deepEqual(prober.end(), [{ sent: 5, success: 3, timeout: 2, stale: 5 }]);
  });

  test('does so in every window that is open, and in no other', () => {
    const prober = new Prober();
    const [old] = prober.list({ qpn: 7 }).ids;
    prober.results(old, 17, timeouts(5));
    // The window before is settled only now: it could not be had any later.
    assert.deepEqual(prober.list({ qpn: 8 }).stale, 2);
    assert.deepEqual(prober.end(), [{ sent: 3, timeout: 3 }, { stale: 2 }]);
  });

  test('leaves alone what was lost before it: probes older than the last one that was answered', () => {
    const prober = new Prober();
    const [old] = prober.list({ qpn: 7 }).ids;
    prober.result(old, 2, 'success');
    // It was sent before, and ends after.
    prober.result(old, 1, 'timeout', 3);
    prober.result(old, 4, 'timeout');
    prober.list({ qpn: 8 });
    assert.deepEqual(prober.end(), [{ sent: 2, success: 1, timeout: 1, stale: 1 }]);
  });

  for (const alive of ['invalid', 'late', 'duplicate'] as const) {
    test(`was there when a probe was ${alive}`, () => {
      const prober = new Prober();
      const [old] = prober.list({ qpn: 7 }).ids;
      prober.results(old, 0, [...timeouts(2), alive, 'timeout']);
      assert.equal(prober.list({ qpn: 8 }).stale, 1);
    });
  }

  test('is that of the same host and GID', () => {
    for (const [other, stale] of [
      [{ qpn: 8 }, 3],
      [{ qpn: 8, gid: '::ffff:10.0.0.9' }, 0],
      [{ qpn: 8, dst: 'b' }, 0],
      [{ qpn: 7, mode: 'mesh' }, 0],
      [undefined, 0],
    ] as const) {
      const prober = new Prober();
      prober.results(prober.list({ qpn: 7 }).ids[0], 0, timeouts(3));
      assert.equal(prober.list(...(other === undefined ? [] : [other])).stale, stale, JSON.stringify(other));
    }
  });
});

describe('a target that falls silent', () => {
  test('is suspicious after three timeouts in a row, and after twice as many each time', () => {
    const prober = new Prober();
    const [id] = prober.list({}).ids;
    prober.results(id, 0, timeouts(30));
    assert.deepEqual(prober.suspicious, ['a 2', 'a 5', 'a 11', 'a 23']);
  });

  test('is not when answers come in between, or it could not be sent to', () => {
    const prober = new Prober();
    const [id] = prober.list({}).ids;
    prober.results(id, 0, ['timeout', 'timeout', 'success', 'timeout', 'timeout', 'late', 'timeout', 'timeout']);
    prober.results(id, 10, ['send_error', 'send_error', 'send_error']);
    assert.deepEqual(prober.suspicious, []);
    prober.result(id, 13, 'timeout');
    assert.deepEqual(prober.suspicious, ['a 13']);
  });
});
