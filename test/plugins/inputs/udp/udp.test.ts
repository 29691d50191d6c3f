/** The UDP input on loopback, with a real board and real engines. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import { ConfigError, NativeError, StartupError } from '../../../../core/errors.js';
import { isEndOfSeries, type Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import type { Endpoint, UdpTarget } from '../../../../core/target.js';
import type { UdpConfig } from '../../../../plugins/inputs/udp/config.js';
import { UdpInput } from '../../../../plugins/inputs/udp/udp.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import { TestAccumulator } from '../../../support/accumulator.js';
import { settle } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';

const SHORT_WINDOW_MS = 100;
/** No window of this length ends while a test runs. */
const ENDLESS_WINDOW_MS = 1e12;

const DEFAULTS: UdpConfig = {
  ...{ listen: '127.0.0.1:0', probe: true, source_address: '', source_address_ipv6: '', per_path: false },
  ...{ timestamps: 'auto', key: '', allowed_prefixes: [], rate_limit: 0 },
};

/** Tells of every metric that comes. */
class WatchedAccumulator extends TestAccumulator {
  readonly events = new EventEmitter();

  override add(metric: Metric): void {
    super.add(metric);
    this.events.emit('metric');
  }
}

interface Rig {
  readonly input: UdpInput;
  readonly acc: WatchedAccumulator;
  readonly endpoints: () => readonly Endpoint[];
  /** Hangs up a list with these targets, each the input's own reflector. */
  probe(...targets: Partial<UdpTarget>[]): void;
  /** Resolves with the first metric that `wanted` holds for. */
  until(wanted: (metric: Metric) => boolean): Promise<Metric>;
}

function rig(t: TestContext, changes: Partial<UdpConfig> = {}, windowMs = SHORT_WINDOW_MS): Rig {
  const log = new MemoryLog();
  const board = createBoard({ log, maxRate: 10_000 });
  const agent = { hostname: 'here', labels: { tor: 't1' }, version: '0', windowMs };
  const input = new UdpInput({ ...DEFAULTS, ...changes }, { name: 'udp', log, clock: systemClock, agent, board });
  t.after(() => input.stop());
  const acc = new WatchedAccumulator();
  let endpoints: readonly Endpoint[] = [];
  board.subscribeEndpoints((now) => {
    endpoints = now;
  });
  return {
    input,
    acc,
    endpoints: () => endpoints,
    probe(...targets) {
      const own = { address: '127.0.0.1', port: endpoints[0]!.port, intervalMs: 10, timeoutMs: 1000 };
      board.publish('test', { revision: '', targets: targets.map((target) => udpTarget({ ...own, ...target })) });
    },
    async until(wanted) {
      for (;;) {
        const found = acc.metrics.find(wanted);
        if (found !== undefined) return found;
        await once(acc.events, 'metric');
      }
    },
  };
}

const countOf = (metric: Metric, field: string): number => {
  const found = metric.fields[field];
  return found?.kind === 'count' ? found.value : 0;
};
const isProbe = ({ name }: Metric): boolean => name === 'probe';
const succeeded = (metric: Metric): boolean => isProbe(metric) && countOf(metric, 'success') > 0;

/** Gathers until the engine has counted `n` of `field`. */
async function gatherUntil({ input, acc }: Rig, engine: string, field: string, n: number): Promise<void> {
  const total = (): number =>
    acc.metrics
      .filter(({ name, tags }) => name === 'weft_engine' && tags.engine === engine)
      .reduce((sum, metric) => sum + countOf(metric, field), 0);
  while (total() < n) {
    await settle();
    await input.gather(acc);
  }
}

describe('inputs.udp', () => {
  test('probes what hangs on the board, and answers', async (t) => {
    const r = rig(t);
    await r.input.start(r.acc);
    r.probe({ dst: 'a', labels: { tor: 't2' } });
    const metric = await r.until(succeeded);
    assert.deepEqual(metric.tags, {
      ...{ transport: 'udp', src: 'here', dst: 'a', clock: 'kernel', src_tor: 't1', dst_tor: 't2' },
    });
    const { network_rtt, responder_delay } = metric.fields;
    assert.ok(network_rtt?.kind === 'distribution' && network_rtt.value.count === countOf(metric, 'success'));
    assert.ok(responder_delay?.kind === 'distribution' && responder_delay.value.minNs > 0);
    assert.equal(metric.timeNs % BigInt(SHORT_WINDOW_MS * 1e6), 0n, 'on the grid of windows');
    assert.deepEqual(r.acc.errors, []);
  });

  test('tells paths apart when asked to', async (t) => {
    const r = rig(t, { per_path: true });
    await r.input.start(r.acc);
    r.probe({ dst: 'a', paths: 3 });
    for (const path of ['0', '1', '2']) await r.until((metric) => succeeded(metric) && metric.tags.path === path);
  });

  test('ends the series of a target that leaves the list, behind its last probes', async (t) => {
    const r = rig(t);
    await r.input.start(r.acc);
    r.probe({ dst: 'a' }, { dst: 'b' });
    const { tags } = await r.until((metric) => succeeded(metric) && metric.tags.dst === 'a');
    r.probe({ dst: 'b' });
    const end = await r.until(isEndOfSeries);
    assert.deepEqual(end.tags, tags);
    const place = r.acc.metrics.indexOf(end);
    await r.until((metric) => succeeded(metric) && r.acc.metrics.indexOf(metric) > place + 2);
    const behind = r.acc.metrics.slice(place + 1).filter(isProbe);
    assert.deepEqual([...new Set(behind.map((metric) => metric.tags.dst))], ['b']);
    assert.equal(r.acc.metrics.filter(isEndOfSeries).length, 1);
  });

  test('hands over what it holds when it is stopped', async (t) => {
    const r = rig(t, {}, ENDLESS_WINDOW_MS);
    await r.input.start(r.acc);
    r.probe({ dst: 'a' });
    await gatherUntil(r, 'prober', 'success', 3);
    assert.equal(r.acc.metrics.filter(isProbe).length, 0);
    await r.input.stop();
    const [metric] = r.acc.metrics.filter(isProbe);
    assert.ok(countOf(metric!, 'success') >= 3);
    const { length } = r.acc.metrics;
    await r.input.gather(r.acc);
    await settle();
    assert.equal(r.acc.metrics.length, length, 'nothing comes after stop');
  });

  test('says of its engines what they count', async (t) => {
    const r = rig(t, { allowed_prefixes: ['10.0.0.0/8'] }, ENDLESS_WINDOW_MS);
    await r.input.start(r.acc);
    r.probe({ dst: 'a' });
    await gatherUntil(r, 'reflector', 'refused', 3);
    const refused = r.acc.metrics.find((metric) => countOf(metric, 'refused') > 0);
    const listen = `127.0.0.1:${r.endpoints()[0]!.port}`;
    assert.deepEqual(refused!.tags, {
      ...{ transport: 'udp', engine: 'reflector', src: 'here', listen, reason: 'not_allowed' },
    });
  });

  test('announces where it answers, as long as it does', async (t) => {
    const r = rig(t, { listen: ['127.0.0.1:0', '[::1]:0'] });
    await r.input.start(r.acc);
    assert.deepEqual(
      r.endpoints().map(({ transport, address }) => [transport, address]),
      [
        ['udp', '127.0.0.1'],
        ['udp', '::1'],
      ],
    );
    assert.ok(r.endpoints().every(({ port }) => port > 0));
    await r.input.stop();
    assert.deepEqual(r.endpoints(), []);
  });

  test('only answers, or only probes, when told to', async (t) => {
    const reflector = rig(t, { probe: false });
    await reflector.input.start(reflector.acc);
    const prober = rig(t, { listen: [] });
    await prober.input.start(prober.acc);
    assert.deepEqual(prober.endpoints(), []);
    for (const [r, engine] of [[reflector, 'reflector'] as const, [prober, 'prober'] as const]) {
      await r.input.gather(r.acc);
      assert.deepEqual([...new Set(r.acc.metrics.map(({ tags }) => tags.engine))], [engine]);
    }
  });

  test('is stopped twice, without a start, and started again', async (t) => {
    const r = rig(t);
    await r.input.stop();
    await r.input.gather(r.acc);
    assert.deepEqual(r.acc.metrics, []);
    await r.input.start(r.acc);
    await Promise.all([r.input.stop(), r.input.stop()]);
    await r.input.stop();
    await r.input.start(r.acc);
    r.probe({ dst: 'a' });
    await r.until(succeeded);
  });

  test('says what may help when its port is taken, and leaves nothing open', async (t) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.after(() => socket.close());
    const { port } = socket.address();
    const r = rig(t, { listen: ['127.0.0.2:0', `127.0.0.1:${port}`] });
    await assert.rejects(r.input.start(r.acc), (error: unknown) => {
      assert.ok(error instanceof StartupError && error.retryable && error.cause instanceof NativeError);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1 port ${port} \\(is another agent or reflector running`));
      return true;
    });
    assert.deepEqual(r.endpoints(), []);
    await r.input.gather(r.acc);
    assert.deepEqual(r.acc.metrics, []);
  });

  test('says so when it is to listen on an address of another host', async (t) => {
    const r = rig(t, { listen: '192.0.2.1:0' });
    await assert.rejects(r.input.start(r.acc), /this host does not have that address/);
  });

  for (const [option, value] of [
    ['listen', '127.0.0.1'],
    ['listen', 'host:862'],
    ['listen', ['127.0.0.1:862', '127.0.0.1:65536']],
    ['source_address', '::1'],
    ['source_address_ipv6', '127.0.0.1'],
    ['allowed_prefixes', ['10.0.0.0/33']],
    ['allowed_prefixes', ['10.0.0.0/8', 'host']],
  ] as const) {
    test(`refuses ${option}: ${JSON.stringify(value)} before it starts`, (t) => {
      assert.throws(
        () => rig(t, { [option]: value }),
        (error: unknown) => error instanceof ConfigError && error.message.startsWith(`${option}: expected`),
      );
    });
  }
});
