import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distribution, type Fields } from '../../../../core/metric.js';
import type { UdpTarget } from '../../../../core/target.js';
import { RESULT_NAMES } from '../../../../native/index.js';
import { delayReading, replaceableDelayReading } from '../../../../plugins/common/probing/delay-reading.js';
import { OWN_NUMBERS, probes, type Reading } from '../../../../plugins/common/probing/reading.js';
import { Sums } from '../../../../plugins/common/probing/sums.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import { type RecordFields, sliceOf } from './slices.js';

const TARGET = udpTarget({ ttl: 7 });

/** One number of its own, the TTLs of the probed targets added up, and two durations. */
const reading: Reading<UdpTarget> = {
  numbers: OWN_NUMBERS + 1,
  durations: 2,
  count(numbers, _slice, _i, { ttl }) {
    numbers[OWN_NUMBERS] = (numbers[OWN_NUMBERS] ?? 0) + ttl;
  },
  measure(samples, at, slice, i) {
    samples[at] = slice.networkRttNs(i);
    samples[at + 1] = slice.programRttNs(i);
  },
  fields(numbers, [network, program]): Fields {
    return {
      success: probes(numbers[0] ?? 0),
      timeout: probes(numbers[1] ?? 0),
      own: probes(numbers[OWN_NUMBERS] ?? 0),
      ...(network === undefined ? {} : { network: distribution(network) }),
      ...(program === undefined ? {} : { program: distribution(program) }),
    };
  },
};

/** Each count as a number, each distribution as [count, minimum, maximum, sum]. */
function figures(fields: Fields): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, field]) => {
    if (field.kind !== 'distribution') return [name, field.value];
    const { count, minNs, maxNs, sumNs } = field.value;
    return [name, [count, minNs, maxNs, Number(sumNs)]];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function add(sums: Sums<UdpTarget>, ...records: RecordFields[]): void {
  const slice = sliceOf(0, records);
  for (let i = 0; i < slice.count; i += 1) sums.add(slice, i, TARGET);
}

const RECORD = { id: 1, sentUs: 0 } as const;

describe('sums', () => {
  test('count results by themselves, and let the reading count the rest', () => {
    const sums = new Sums(reading);
    add(sums, RECORD, { ...RECORD, result: 'timeout' }, { ...RECORD, result: 'timeout' });
    const { success, timeout, own } = figures(sums.fields());
    assert.deepEqual([success, timeout, own], [1, 2, 3 * TARGET.ttl]);
  });

  test('have no distribution of a delay that no success had, and those of the others', () => {
    for (const reading of [delayReading, replaceableDelayReading]) {
      const sums = new Sums(reading);
      add(sums, { ...RECORD, networkRttNs: Number.NaN, proberDelayNs: 20, responderDelayNs: Number.NaN });
      const first = figures(sums.fields());
      assert.deepEqual([first.success, first.prober_delay], [1, [1, 20, 20, 20]]);
      assert.ok(!('network_rtt' in first) && !('responder_delay' in first));
      add(sums, { ...RECORD, networkRttNs: 10, proberDelayNs: 40, responderDelayNs: Number.NaN });
      const second = figures(sums.fields());
      assert.deepEqual(
        [second.success, second.network_rtt, second.prober_delay],
        [2, [1, 10, 10, 10], [2, 20, 40, 60]],
      );
      assert.ok(!('responder_delay' in second));
    }
  });

  test('count under another number what turns out to be something else, and no more than there is', () => {
    const sums = new Sums(replaceableDelayReading);
    const { stale = 0 } = replaceableDelayReading;
    add(sums, { ...RECORD, result: 'timeout' }, { ...RECORD, result: 'timeout' }, { ...RECORD, result: 'timeout' });
    assert.equal(sums.move(RESULT_NAMES.indexOf('timeout'), stale, 2), 2);
    assert.equal(sums.move(RESULT_NAMES.indexOf('timeout'), stale, 2), 1);
    const { sent, timeout, stale: moved } = figures(sums.fields());
    assert.deepEqual({ sent, timeout, moved }, { sent: 0, timeout: 0, moved: 3 });
  });

  test('leave out what was not measured, and what is not of a success', () => {
    const sums = new Sums(reading);
    add(
      sums,
      { ...RECORD, networkRttNs: 10, programRttNs: 100 },
      { ...RECORD, networkRttNs: Number.NaN, programRttNs: 200 },
      { ...RECORD, result: 'timeout', networkRttNs: 99, programRttNs: 999 },
    );
    const { network, program } = figures(sums.fields());
    assert.deepEqual(network, [1, 10, 10, 10]);
    assert.deepEqual(program, [2, 100, 200, 300]);
  });

  test('have no distribution of what was never measured', () => {
    const sums = new Sums(reading);
    add(sums, { ...RECORD, networkRttNs: Number.NaN });
    assert.deepEqual(Object.keys(sums.fields()), ['success', 'timeout', 'own', 'program']);
  });

  test('are the same for few probes and for many', () => {
    const sums = new Sums(reading);
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    for (const ns of many) {
      add(sums, { ...RECORD, networkRttNs: ns % 3 === 0 ? Number.NaN : ns, programRttNs: 1000 + ns });
    }
    const kept = many.filter((ns) => ns % 3 !== 0);
    const { network, program } = figures(sums.fields());
    assert.deepEqual(network, [kept.length, 1, 1000, kept.reduce((sum, ns) => sum + ns)]);
    assert.deepEqual(program, [1000, 1001, 2000, 1_500_500]);
  });

  test('begin anew when they are cleared, and leave alone what they returned', () => {
    const sums = new Sums(delayReading);
    add(sums, RECORD, { ...RECORD, result: 'send_error', errno: 101 });
    const before = sums.fields();
    const kept = figures(before);
    sums.clear();
    const empty = figures(sums.fields());
    assert.equal(empty.success, 0);
    assert.ok(!('network_rtt' in empty || 'send_error_cause' in empty));
    add(sums, { ...RECORD, networkRttNs: 5 });
    assert.deepEqual(figures(sums.fields()).network_rtt, [1, 5, 5, 5]);
    assert.deepEqual(figures(before), kept);
  });
});
