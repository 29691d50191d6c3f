/** The input over fake verbs: real engines, a real board, devices that come and go at a word. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Clock, systemClock, type Timer } from '../../../../core/clock.js';
import { ConfigError, StartupError } from '../../../../core/errors.js';
import type { Metric } from '../../../../core/metric.js';
import type { PluginContext } from '../../../../core/plugin.js';
import type { Endpoint, RdmaTarget } from '../../../../core/target.js';
import { DEFAULT_QKEY, type RdmaUdConfig } from '../../../../plugins/inputs/rdma-ud/config.js';
import { RESCAN_MS, RETRY_MS } from '../../../../plugins/inputs/rdma-ud/port-source.js';
import { RdmaUdInput } from '../../../../plugins/inputs/rdma-ud/rdma-ud.js';
import { rdmaTarget } from '../../../core/pinglist/targets.js';
import { settle } from '../../../support/fake-clock.js';
import {
  countOf,
  isProbe,
  type ProbingRig,
  probingRig,
  SHORT_WINDOW_MS,
  succeeded,
} from '../../../support/probing-rig.js';
import { LATENCY_NS, ownFakeVerbs } from '../../../support/rdma-rig.js';
import { until } from '../../../support/wait-for.js';

const configured = ownFakeVerbs();

const CONFIG: RdmaUdConfig = {
  ...{ devices: [], address: '', traffic_class: 0, service_level: 0, qkey: DEFAULT_QKEY, pkey_index: 0 },
  ...{ queue_pairs: 0, receive_slots: 256, rate_limit: 0, busy_poll: false },
  ...{ probe: true, reflect: true, per_path: false },
};

/** The system's clock, but that the input looks for ports when the test says so. */
class LookClock implements Clock {
  readonly nowNs = systemClock.nowNs;
  readonly monotonicMs = systemClock.monotonicMs;
  #look: (() => void) | undefined;
  waitMs = 0;

  after(delayMs: number, callback: () => void): Timer {
    if (delayMs !== RETRY_MS && delayMs !== RESCAN_MS) return systemClock.after(delayMs, callback);
    this.waitMs = delayMs;
    this.#look = callback;
    return { cancel: () => (this.#look = undefined) };
  }

  get isWaitedFor(): boolean {
    return this.#look !== undefined;
  }

  /** Ends when it has looked. */
  async look(): Promise<void> {
    const look = this.#look;
    this.#look = undefined;
    look?.();
    await eventually(() => this.isWaitedFor);
  }
}

interface RdmaRig extends ProbingRig {
  readonly clock: LookClock;
}

function rig(t: TestContext, options: Partial<RdmaUdConfig> = {}): RdmaRig {
  const clock = new LookClock();
  const create = (context: PluginContext) => new RdmaUdInput({ ...CONFIG, ...options }, context);
  return { ...probingRig(t, create, SHORT_WINDOW_MS, clock), clock };
}

const deviceOf = ({ attributes }: Endpoint): string => String(attributes.device);
const endpointsOf = (r: ProbingRig): Endpoint[] =>
  [...r.endpoints()].sort((a, b) => deviceOf(a).localeCompare(deviceOf(b)));
const devicesOf = (r: ProbingRig): string[] => endpointsOf(r).map(deviceOf);

/** The target that an endpoint is to others. */
function targetAt({ attributes }: Endpoint, changes: Partial<RdmaTarget> = {}): RdmaTarget {
  const { gid, qpn, lid } = attributes;
  return rdmaTarget({ gid: String(gid), qpn: Number(qpn), lid: Number(lid), intervalMs: 10, ...changes });
}

/** The first distribution of this field, with its window. */
function least(metric: Metric, field: string): number {
  const found = metric.fields[field];
  assert.equal(found?.kind, 'distribution');
  return found?.kind === 'distribution' ? found.value.minNs : Number.NaN;
}

function eventually(condition: () => boolean): Promise<void> {
  return until(condition, { turn: settle });
}

describe('inputs.rdma-ud', () => {
  test('opens every active port, announces it, and probes from one to the other', async (t) => {
    await configured();
    const r = rig(t);
    await r.start();
    assert.deepEqual(devicesOf(r), ['fake0', 'fake1']);
    const [first, second] = endpointsOf(r);
    assert.deepEqual(
      { ...first, attributes: { ...first?.attributes, qpn: 0 } },
      {
        transport: 'rdma-ud',
        address: '10.0.0.1',
        port: 0,
        attributes: { gid: '::ffff:10.0.0.1', qpn: 0, lid: 0, device: 'fake0' },
      },
    );
    r.publish([targetAt(second!, { dst: 'b', device: 'fake0' })]);
    const metric = await r.until(succeeded);
    assert.deepEqual([metric.tags.transport, metric.tags.dst, metric.tags.clock], ['rdma-ud', 'b', 'hardware']);
    assert.equal(least(metric, 'network_rtt'), 2 * LATENCY_NS);
    assert.ok(least(metric, 'responder_delay') >= 0 && least(metric, 'prober_delay') >= 0);
    await r.stop();
    assert.deepEqual(r.endpoints(), []);
  });

  test('over InfiniBand', async (t) => {
    await configured('link=ib');
    const r = rig(t);
    await r.start();
    const [, second] = endpointsOf(r);
    assert.ok(Number(second?.attributes.lid) > 0);
    r.publish([targetAt(second!, { device: 'fake0' })]);
    assert.equal(least(await r.until(succeeded), 'network_rtt'), 2 * LATENCY_NS);
  });

  test('uses the devices and ports that it is told to, and only answers or only probes', async (t) => {
    await configured();
    const r = rig(t, { devices: ['fake1:1'], probe: false });
    await r.start();
    assert.deepEqual(devicesOf(r), ['fake1']);
    await r.stop();
    const prober = rig(t, { reflect: false });
    await prober.start();
    assert.deepEqual(prober.endpoints(), []);
  });

  test('says which targets no port reaches', async (t) => {
    await configured();
    const r = rig(t);
    await r.start();
    r.publish([rdmaTarget({ gid: '2001:db8::1' }), rdmaTarget({ device: 'mlx5_9' }), rdmaTarget({ lid: 3 })]);
    await r.gather();
    const own = r.acc.metrics.find(({ name }) => name === 'weft_rdma');
    assert.deepEqual(own?.fields.unassigned_targets, { kind: 'gauge', value: 3, unit: 'targets' });
    assert.deepEqual(own?.fields.ports, { kind: 'gauge', value: 2, unit: 'ports' });
  });

  test('takes its endpoint back when the device goes, and announces the new one when it is back', async (t) => {
    const devices = await configured();
    const r = rig(t);
    await r.start();
    const [first, second] = endpointsOf(r);
    r.publish([targetAt(second!, { dst: 'b', device: 'fake0' })]);
    await r.until(succeeded);
    await devices.command('remove fake0');
    await eventually(() => !r.endpoints().some((endpoint) => deviceOf(endpoint) === 'fake0'));
    const has = (level: string, words: RegExp): boolean => r.log.messages(level).some((message) => words.test(message));
    assert.ok(has('warn', /; it is opened anew$/));
    await devices.command('add fake0');
    await eventually(() => r.endpoints().some((endpoint) => deviceOf(endpoint) === 'fake0'));
    const back = r.endpoints().find((endpoint) => deviceOf(endpoint) === 'fake0');
    assert.notEqual(back?.attributes.qpn, first?.attributes.qpn);
    assert.ok(has('info', /^open again: queue pair/) && !has('warn', /^open again/));
    // It kept its targets, and probes them again.
    const seen = r.acc.metrics.length;
    await r.until((metric) => succeeded(metric) && r.acc.metrics.indexOf(metric) >= seen);
  });

  test('asks for a fresh list when a target falls silent; what was sent to a queue pair that was replaced is stale', async (t) => {
    await configured();
    const peer = rig(t, { devices: ['fake1'] });
    await peer.start();
    const old = targetAt(peer.endpoints()[0]!, { dst: 'b', timeoutMs: 50 });
    await peer.stop();
    const r = rig(t, { devices: ['fake0'] });
    await r.start();
    const reasons: string[] = [];
    r.board.subscribeRefreshes((reason) => {
      reasons.push(reason);
      // Its host may have registered without it in between.
      r.publish([]);
      r.publish([{ ...old, qpn: old.qpn + 1 }]);
    });
    r.publish([old]);
    const metric = await r.until((one) => isProbe(one) && countOf(one, 'stale') > 0);
    assert.deepEqual([metric.tags.dst, reasons[0]], ['b', 'b fell silent']);
    assert.ok(r.log.messages('info').some((message) => message.startsWith('queue pairs were replaced')));
  });
});

describe('inputs.rdma-ud, when a port does not open', () => {
  test('reports it with the remedy, goes on with the others, and opens it when it is cured', async (t) => {
    const devices = await configured();
    const r = rig(t);
    // A queue pair that cannot have inline data is asked for without.
    await devices.command('fail ibv_create_qp ENOMEM times=2');
    await r.start();
    const [error, ...others] = r.acc.errors;
    assert.ok(error instanceof StartupError && others.length === 0);
    assert.match(error.message, /^cannot use RDMA port fake0:1: the limit of locked memory is too low/);
    assert.deepEqual(devicesOf(r), ['fake1']);
    assert.equal(r.clock.waitMs, RETRY_MS);
    await r.clock.look();
    await r.untilAnnounced();
    assert.deepEqual(devicesOf(r), ['fake0', 'fake1']);
    assert.equal(r.acc.errors.length, 1);
    assert.equal(r.clock.waitMs, RESCAN_MS);
    await r.stop();
    assert.ok(!r.clock.isWaitedFor);
  });

  test('without any device waits for one', async (t) => {
    const devices = await configured();
    await devices.command('remove fake0');
    await devices.command('remove fake1');
    const r = rig(t);
    await r.start();
    await r.clock.look();
    assert.equal(r.acc.errors.length, 1, 'said once');
    assert.match(String(r.acc.errors[0]), /this host has no RDMA device/);
    await devices.command('add fake1');
    await r.clock.look();
    await r.untilAnnounced();
    assert.deepEqual(devicesOf(r), ['fake1']);
  });

  const WRONG: readonly (readonly [string, Partial<RdmaUdConfig>, RegExp])[] = [
    ['an unknown device', { devices: ['mlx5_0'] }, /mlx5_0:1: there is no such device, there is fake0, fake1/],
    ['an unknown port', { devices: ['fake0:2'] }, /fake0:2: the device has no such port; it has 1/],
    ['a wrong GID index', { devices: ['fake0'], gid_index: 77 }, /no GID of index 77; it has 0 fe80::.*roce-v2/],
    ['an address it has not', { devices: ['fake0'], address: '192.0.2.1' }, /no GID of address 192\.0\.2\.1/],
  ];
  for (const [what, options, words] of WRONG) {
    test(`${what} is named, with what there is`, async (t) => {
      await configured();
      const r = rig(t, options);
      await r.start();
      assert.match(String(r.acc.errors[0]), words);
      assert.deepEqual(r.endpoints(), []);
    });
  }

  test('an inactive port is named, with how to bring it up', async (t) => {
    const devices = await configured();
    await devices.command('event fake0 port_err');
    const r = rig(t, { devices: ['fake0'] });
    await r.start();
    assert.match(String(r.acc.errors[0]), /fake0:1: it is not active; bring it up \(ip link set lo up\)/);
  });

  for (const [options, words] of [
    [{ devices: ['mlx5_0:x'] }, /^devices: expected/],
    [{ address: 'eth0' }, /^address: expected/],
    [{ address: '10.0.0.1', gid_index: 1 }, /^gid_index: expected either/],
    [{ probe: false, reflect: false }, /^probe, reflect: expected/],
  ] as const) {
    test(`refuses ${JSON.stringify(options)} before it starts`, (t) => {
      assert.throws(
        () => rig(t, options as Partial<RdmaUdConfig>),
        (error: unknown) => error instanceof ConfigError && words.test(error.message),
      );
    });
  }
});
