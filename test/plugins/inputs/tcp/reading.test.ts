import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Field } from '../../../../core/metric.js';
import type { HttpProbe, TcpTarget } from '../../../../core/target.js';
import { Sums } from '../../../../plugins/common/probing/sums.js';
import { tcpReading } from '../../../../plugins/inputs/tcp/reading.js';
import { tcpTarget } from '../../../core/pinglist/targets.js';
import { type RecordFields, sliceOf } from '../../common/probing/slices.js';

const NONE = Number.NaN;
const HTTP: HttpProbe = { path: '/', host: '', status: 200 };
const PLAIN = tcpTarget();
const PAYLOAD = tcpTarget({ payloadBytes: 1000 });
const WEB = tcpTarget({ http: HTTP });

type Probe = Omit<RecordFields, 'id' | 'sentUs'> & { readonly target?: TcpTarget };

// What the engine writes of probes that end in these ways.
const connected: Probe = { networkRttNs: 1000, programRttNs: 9000, tcp: { sourcePort: 40_001 } };
const refused: Probe = { networkRttNs: NONE, programRttNs: 7000, tcp: { refused: true } };
const silent: Probe = { result: 'timeout', networkRttNs: NONE, programRttNs: NONE, tcp: { synRetransmits: 2 } };
const unreachable: Probe = { ...silent, errno: 113, tcp: { synRetransmits: 1 } };
const unsent: Probe = { result: 'send_error', errno: 101, networkRttNs: NONE, programRttNs: NONE, tcp: {} };
const lostSyns = (n: number): Probe => ({ networkRttNs: NONE, programRttNs: 1e9 * n, tcp: { synRetransmits: n } });

/** Counts, gauges and texts as their value, distributions as [count, minimum, maximum]. */
function fieldsOf(probes: readonly Probe[], sourcePort = false): Record<string, unknown> {
  const sums = new Sums(tcpReading({ sourcePort }));
  for (const { target = PLAIN, ...record } of probes) {
    sums.add(sliceOf(0, [{ id: 1, sentUs: 0, ...record }]), 0, target);
  }
  const value = (field: Field): unknown =>
    field.kind === 'distribution' ? [field.value.count, field.value.minNs, field.value.maxNs] : field.value;
  return Object.fromEntries(Object.entries(sums.fields()).map(([name, field]) => [name, value(field)]));
}

const NOTHING = {
  ...{ sent: 0, success: 0, timeout: 0, send_error: 0, invalid: 0 },
  ...{ refused: 0, unreachable: 0, syn_retransmits: 0, retransmitted: 0 },
};

describe('reading of TCP probes', () => {
  test('of connections: both round trips, no drop', () => {
    assert.deepEqual(fieldsOf([connected, { ...connected, networkRttNs: 3000 }]), {
      ...{ ...NOTHING, sent: 2, success: 2, drop_rate: 0 },
      ...{ network_rtt: [2, 1000, 3000], connect_time: [2, 9000, 9000] },
    });
  });

  test('of a refused connection: a success whose network RTT nobody knows', () => {
    assert.deepEqual(fieldsOf([refused]), {
      ...{ ...NOTHING, sent: 1, success: 1, refused: 1 },
      connect_time: [1, 7000, 7000],
    });
  });

  test('of silence and of "unreachable": both are timeouts, the latter with its cause', () => {
    assert.deepEqual(fieldsOf([silent, unreachable]), {
      ...{ ...NOTHING, sent: 2, timeout: 2, unreachable: 1, syn_retransmits: 3 },
      unreachable_cause: 'EHOSTUNREACH',
    });
    assert.ok(!('unreachable_cause' in fieldsOf([silent])));
  });

  test('of what could not be sent here: no loss, and the cause', () => {
    assert.deepEqual(fieldsOf([unsent]), { ...NOTHING, send_error: 1, send_error_cause: 'ENETUNREACH' });
  });

  test('of lost SYNs: each is counted, a probe once, and its network RTT left out', () => {
    assert.deepEqual(fieldsOf([connected, connected, lostSyns(1), lostSyns(3)]), {
      ...{ ...NOTHING, sent: 4, success: 4, syn_retransmits: 4, retransmitted: 2, drop_rate: 0.5 },
      ...{ network_rtt: [2, 1000, 1000], connect_time: [4, 9000, 3e9] },
    });
  });

  test('of the drop rate: refused ones are no connections, even after a lost SYN', () => {
    const late = { ...refused, tcp: { refused: true, synRetransmits: 1 } };
    const fields = fieldsOf([connected, connected, connected, lostSyns(1), late]);
    assert.deepEqual([fields.retransmitted, fields.syn_retransmits, fields.drop_rate], [1, 2, 0.25]);
    assert.ok(!('drop_rate' in fieldsOf([late, silent])), 'absent without a connection');
  });

  test('of an invalid probe: sent and answered, in no distribution', () => {
    assert.deepEqual(fieldsOf([{ ...connected, result: 'invalid' }]), { ...NOTHING, sent: 1, invalid: 1 });
  });

  for (const [name, target, time] of [
    ['payload', PAYLOAD, 'payload_rtt'],
    ['http', WEB, 'first_byte'],
  ] as const) {
    test(`of an exchange (${name}): an outcome of its own, and its time if it was a success`, () => {
      const ended = (tcp: Probe['tcp'] & object): Probe => ({ ...connected, target, tcp });
      const fields = fieldsOf([
        ended({ exchange: 'success', exchangeNs: 500 }),
        ended({ exchange: 'success', exchangeNs: 700, exchangeRetransmits: 2 }),
        ended({ exchange: 'timeout', exchangeRetransmits: 3 }),
        ended({ exchange: 'invalid', exchangeNs: 900 }),
        ended({ exchange: 'reset' }),
        ended({ exchange: 'reset' }),
      ]);
      const own = Object.fromEntries(Object.entries(fields).filter(([key]) => key.startsWith(name) || key === time));
      assert.deepEqual(own, {
        [`${name}_success`]: 2,
        [`${name}_timeout`]: 1,
        [`${name}_invalid`]: 1,
        [`${name}_reset`]: 2,
        [`${name}_retransmits`]: 5,
        [time]: [2, 500, 700],
      });
      assert.deepEqual([fields.success, fields.timeout], [6, 0], 'the network answered all of them');
      assert.equal(Object.keys(fields).filter((key) => /^(payload|http|first)/.test(key)).length, 6);
    });
  }

  test('of HTTP: the last status that came', () => {
    const answer = (httpStatus: number, exchange: 'success' | 'invalid' | 'timeout'): Probe => {
      return { ...connected, target: WEB, tcp: { exchange, httpStatus } };
    };
    assert.equal(fieldsOf([answer(200, 'success'), answer(503, 'invalid'), answer(0, 'timeout')]).http_status, 503);
    assert.ok(!('http_status' in fieldsOf([answer(0, 'timeout')])));
  });

  test('of targets that share a series: each exchange under its own name', () => {
    const exchange = { exchange: 'success', exchangeNs: 500 } as const;
    const fields = fieldsOf([
      { ...connected, target: PAYLOAD, tcp: exchange },
      { ...connected, target: WEB, tcp: { ...exchange, exchangeNs: 800 } },
    ]);
    assert.deepEqual([fields.payload_success, fields.http_success], [1, 1]);
    assert.deepEqual(
      [fields.payload_rtt, fields.first_byte],
      [
        [1, 500, 500],
        [1, 800, 800],
      ],
    );
  });

  test('of the source port: the last one, if asked for', () => {
    const next = { ...connected, tcp: { sourcePort: 40_002 } };
    assert.equal(fieldsOf([connected, next, unsent], true).source_port, 40_002);
    assert.ok(!('source_port' in fieldsOf([unsent], true)));
    assert.ok(!('source_port' in fieldsOf([connected])));
  });
});
