import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Metric } from '../../../../core/metric.js';
import { CLOCK_NAMES } from '../../../../native/index.js';
import { delayReading } from '../../../../plugins/common/probing/delay-reading.js';
import { TargetTable } from '../../../../plugins/common/probing/series.js';
import { Windows } from '../../../../plugins/common/probing/windows.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import { type RecordFields, sliceOf } from './slices.js';

const WINDOW_MS = 10_000;
const WINDOW_US = WINDOW_MS * 1000;
/** On the grid of windows. */
const START_US = 1_767_225_600_000_000;

const at = (seconds: number): number => START_US + seconds * 1e6;

/** A target, its windows, and the metrics of those that closed. */
function setUp(hosts = ['a']) {
  const closed: Metric[] = [];
  const targets = new TargetTable({
    transport: 'udp',
    agent: { hostname: 'here', labels: {}, version: '0', windowMs: WINDOW_MS },
    perPath: false,
  });
  const { active } = targets.replace(hosts.map((dst) => udpTarget({ dst })));
  for (const probed of active) probed.clock = CLOCK_NAMES.indexOf('kernel');
  const windows = new Windows({
    windowMs: WINDOW_MS,
    targets,
    reading: delayReading,
    onClosed: (metrics) => {
      for (let next = metrics.next(); next.done !== true; next = metrics.next()) closed.push(next.value);
    },
  });
  /** `seconds`: when the records came, and until when all is settled. */
  const add = (seconds: number, records: readonly Omit<RecordFields, 'id'>[] = [], settled = seconds): void => {
    const [{ id } = { id: 0 }] = active;
    windows.add(
      sliceOf(
        at(settled),
        records.map((record) => ({ id, ...record })),
      ),
      at(settled),
      at(seconds),
    );
  };
  return { closed, windows, add, ids: active.map(({ id }) => id) };
}

function counts({ fields }: Metric): Record<string, number> {
  const numbers = Object.entries(fields).flatMap(([name, field]) =>
    field.kind === 'count' && field.value !== 0 ? [[name, field.value] as const] : [],
  );
  return Object.fromEntries(numbers);
}

/** Start of the window, in seconds since START_US. */
const startOf = ({ timeNs }: Metric): number => (Number(timeNs / 1000n) - WINDOW_US - START_US) / 1e6;

describe('windows', () => {
  test('are those in which a probe was sent, whenever its record comes', () => {
    const { closed, add } = setUp();
    add(25, [{ sentUs: at(9.999) }, { sentUs: at(20) }, { sentUs: at(0) }, { sentUs: at(10) }], 8);
    add(26, [{ sentUs: at(19.999) }, { sentUs: at(9) }], 9);
    add(40);
    assert.deepEqual(
      closed.map((metric) => [startOf(metric), counts(metric)]),
      [
        [0, { sent: 3, success: 3 }],
        [10, { sent: 2, success: 2 }],
        [20, { sent: 1, success: 1 }],
      ],
    );
  });

  test('close when all that was sent in them is settled, not before', () => {
    const { closed, add, windows } = setUp();
    add(12, [{ sentUs: at(1) }], 9.9);
    assert.equal(closed.length, 0);
    assert.equal(windows.oldestOpenUs, at(0));
    add(13, [{ sentUs: at(11) }, { sentUs: at(9.9) }], 9.999_999);
    assert.equal(closed.length, 0);
    add(14, [], 10);
    assert.deepEqual(closed.map(startOf), [0]);
    assert.equal(windows.oldestOpenUs, at(10));
  });

  test('do not close before their time, whatever is settled', () => {
    const { closed, add } = setUp();
    add(9, [{ sentUs: at(1) }], 3600);
    assert.equal(closed.length, 0);
    add(10, [], 3600);
    assert.equal(closed.length, 1);
  });

  test('tell every result apart, and count as sent what left the host', () => {
    const { closed, add, windows } = setUp();
    const results = ['success', 'timeout', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'] as const;
    add(
      5,
      results.map((result) => ({ sentUs: at(1), result, errno: result === 'send_error' ? 101 : 0 })),
    );
    windows.closeAll();
    const [metric] = closed;
    assert.deepEqual(counts(metric!), {
      ...{ sent: 4, success: 1, timeout: 2, send_error: 1, invalid: 1, late: 1, duplicate: 1 },
    });
    assert.deepEqual(metric!.fields.send_error_cause, { kind: 'text', value: 'ENETUNREACH' });
    const { network_rtt, prober_delay, responder_delay } = metric!.fields;
    for (const [field, ns] of [
      [network_rtt, 1000],
      [prober_delay, 2000],
      [responder_delay, 3000],
    ] as const) {
      assert.ok(field?.kind === 'distribution');
      assert.deepEqual([field.value.count, field.value.minNs, field.value.maxNs], [1, ns, ns], 'only of the success');
    }
  });

  test('without a success have counts and no distribution', () => {
    const { closed, add, windows } = setUp();
    add(5, [
      { sentUs: at(1), result: 'timeout' },
      { sentUs: at(1), result: 'invalid' },
    ]);
    windows.closeAll();
    const kinds = Object.values(closed[0]!.fields).map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)], ['count']);
    assert.deepEqual(counts(closed[0]!), { sent: 2, timeout: 1, invalid: 1 });
    assert.deepEqual(closed[0]!.fields.success, { kind: 'count', value: 0, unit: 'probes' });
  });

  test('count late and second answers when they come: the window of their probe may be closed', () => {
    const { closed, add, windows } = setUp();
    add(10, [{ sentUs: at(1), result: 'timeout' }]);
    add(12, [
      { sentUs: at(1), result: 'late' },
      { sentUs: at(1), result: 'duplicate' },
    ]);
    windows.closeAll();
    assert.deepEqual(
      closed.map((metric) => [startOf(metric), counts(metric)]),
      [
        [0, { sent: 1, timeout: 1 }],
        [10, { late: 1, duplicate: 1 }],
      ],
    );
  });

  test('keep targets and clocks apart; without an answer the last clock counts', () => {
    const { closed, windows, ids } = setUp(['a', 'b']);
    const [a = 0, b = 0] = ids;
    const slice = sliceOf(at(5), [
      { id: a, sentUs: at(1), result: 'timeout' },
      { id: b, sentUs: at(1), clock: 'user' },
      { id: b, sentUs: at(1), result: 'timeout', clock: 'user' },
      { id: 999, sentUs: at(1) },
    ]);
    windows.add(slice, at(5), at(5));
    windows.closeAll();
    assert.deepEqual(
      closed.map((metric) => [metric.tags.dst, metric.tags.clock, counts(metric)]),
      [
        ['a', 'kernel', { sent: 1, timeout: 1 }],
        ['b', 'user', { sent: 2, success: 1, timeout: 1 }],
      ],
    );
  });

  test('that nothing was sent in do not exist', () => {
    const { closed, add, windows } = setUp();
    add(100);
    windows.closeAll();
    assert.deepEqual(closed, []);
    assert.equal(windows.oldestOpenUs, Number.POSITIVE_INFINITY);
  });

  test('carry their end as their time', () => {
    const { closed, add } = setUp();
    add(10, [{ sentUs: at(3) }]);
    assert.equal(closed[0]!.timeNs, BigInt(at(10)) * 1000n);
    assert.equal(closed[0]!.name, 'probe');
  });
});

describe('windows, when the wall clock is set back', () => {
  test('a little: go on in the window that is open', () => {
    const { closed, add } = setUp();
    add(10, [{ sentUs: at(1) }]);
    add(9.5, [{ sentUs: at(9.4) }]);
    add(20, [{ sentUs: at(12) }]);
    assert.deepEqual(
      closed.map((metric) => [startOf(metric), counts(metric).sent]),
      [
        [0, 1],
        [10, 2],
      ],
    );
  });

  test('by more than a window: do not wait for the time to come again', () => {
    const { closed, windows, add } = setUp();
    add(3610, [{ sentUs: at(3601) }]);
    add(3612, [{ sentUs: at(3611) }]);
    assert.equal(closed.length, 1);
    // One probe was under way: it seems to have been sent in an hour.
    add(13, [{ sentUs: at(12) }, { sentUs: at(3612), result: 'invalid' }]);
    add(20);
    assert.deepEqual(
      closed.map((metric) => [startOf(metric), counts(metric).sent]),
      [
        [3600, 1],
        [3610, 1],
        [10, 2],
      ],
    );
    assert.equal(windows.oldestOpenUs, Number.POSITIVE_INFINITY);
  });

  test('forward: close at once what is settled', () => {
    const { closed, add } = setUp();
    add(5, [{ sentUs: at(1) }]);
    add(3605);
    assert.deepEqual(closed.map(startOf), [0]);
  });
});
