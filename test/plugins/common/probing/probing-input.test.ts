/** What every input with engines does, whatever its transport: on loopback, with a real board and real engines. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { ConfigError, NativeError, StartupError } from '../../../../core/errors.js';
import { isEndOfSeries, type Metric } from '../../../../core/metric.js';
import type { PluginContext } from '../../../../core/plugin.js';
import type { IpTarget } from '../../../../core/target.js';
import { TcpInput } from '../../../../plugins/inputs/tcp/tcp.js';
import { UdpInput } from '../../../../plugins/inputs/udp/udp.js';
import { tcpTarget, udpTarget } from '../../../core/pinglist/targets.js';
import { settle } from '../../../support/fake-clock.js';
import {
  countOf,
  ENDLESS_WINDOW_MS,
  isProbe,
  type ProbingRig,
  probingRig,
  SHORT_WINDOW_MS,
  succeeded,
} from '../../../support/probing-rig.js';

const SHARED = {
  ...{ listen: '127.0.0.1:0' as string | string[], probe: true, source_address: '', source_address_ipv6: '' },
  ...{ per_path: false, allowed_prefixes: [] as string[], rate_limit: 0, fault_loss: 0 },
};
const UDP_ONLY = { timestamps: 'auto', key: '', fault_network_delay: 0, fault_responder_delay: 0 } as const;
type Options = Partial<typeof SHARED>;

interface TransportCase {
  readonly transport: 'udp' | 'tcp';
  readonly create: (options: Options, context: PluginContext) => UdpInput | TcpInput;
  readonly target: (changes: Pick<IpTarget, 'address' | 'port' | 'dst' | 'intervalMs' | 'paths'>) => IpTarget;
  /** Takes a port of 127.0.0.1 until the test ends. */
  readonly takePort: (t: TestContext) => Promise<number>;
}

const TRANSPORTS: readonly TransportCase[] = [
  {
    transport: 'udp',
    create: (options, context) => new UdpInput({ ...SHARED, ...UDP_ONLY, ...options }, context),
    target: udpTarget,
    async takePort(t) {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      t.after(() => socket.close());
      await once(socket, 'listening');
      return socket.address().port;
    },
  },
  {
    transport: 'tcp',
    create: (options, context) =>
      new TcpInput({ ...SHARED, max_connections: 100, max_accepted: 100, ...options }, context),
    target: tcpTarget,
    async takePort(t) {
      const server = createServer().listen(0, '127.0.0.1');
      t.after(() => server.close());
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
  },
];

for (const { transport, create, target, takePort } of TRANSPORTS) {
  const rig = (t: TestContext, options: Options = {}, windowMs = SHORT_WINDOW_MS): ProbingRig =>
    probingRig(t, (context) => create(options, context), windowMs);
  /** Hangs up a list of these hosts, each of them the input's own reflector. */
  const probe = (r: ProbingRig, hosts: readonly string[], paths = 1): void => {
    const { port } = r.endpoints()[0]!;
    r.publish(hosts.map((dst) => target({ dst, paths, address: '127.0.0.1', port, intervalMs: 10 })));
  };

  describe(`an input of ${transport}`, () => {
    test('tells paths apart when asked to', async (t) => {
      const r = rig(t, { per_path: true });
      await r.start();
      probe(r, ['a'], 3);
      for (const path of ['0', '1', '2']) await r.until((metric) => succeeded(metric) && metric.tags.path === path);
    });

    test('ends the series of a target that leaves the list, behind its last probes', async (t) => {
      const r = rig(t);
      await r.start();
      probe(r, ['a', 'b']);
      const { tags } = await r.until((metric) => succeeded(metric) && metric.tags.dst === 'a');
      probe(r, ['b']);
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
      await r.start();
      probe(r, ['a']);
      await r.gatherUntil('prober', 'success', 3);
      assert.equal(r.acc.metrics.filter(isProbe).length, 0);
      await r.stop();
      const [metric] = r.acc.metrics.filter(isProbe);
      assert.ok(countOf(metric!, 'success') >= 3);
      const { length } = r.acc.metrics;
      await r.gather();
      await settle();
      assert.equal(r.acc.metrics.length, length, 'nothing comes after stop');
    });

    test('announces where it answers, as long as it does', async (t) => {
      const r = rig(t, { listen: ['127.0.0.1:0', '[::1]:0'] });
      await r.start();
      assert.deepEqual(
        r
          .endpoints()
          .map((endpoint) => [endpoint.transport, endpoint.address])
          .sort(),
        [
          [transport, '127.0.0.1'],
          [transport, '::1'],
        ],
      );
      assert.ok(r.endpoints().every(({ port }) => port > 0));
      await r.stop();
      assert.deepEqual(r.endpoints(), []);
    });

    test('announces nothing before a worker answers', async (t) => {
      const r = rig(t);
      await r.begin();
      assert.deepEqual(r.endpoints(), []);
    });

    test('is complete with all of its endpoints, and when it has none', async (t) => {
      const r = rig(t, { listen: ['127.0.0.1:0', '[::1]:0'] });
      const seen: string[] = [];
      r.board.subscribeEndpoints(({ endpoints, isComplete }) => seen.push(`${endpoints.length} ${isComplete}`));
      await r.start();
      assert.deepEqual(seen, ['0 true', '0 false', '1 false', '2 false', '2 true']);
      const port = r.endpoints().find(({ address }) => address === '127.0.0.1')?.port;
      const taken = rig(t, { listen: [`127.0.0.1:${port}`] });
      let isComplete = false;
      taken.board.subscribeEndpoints((announced) => ({ isComplete } = announced));
      await assert.rejects(taken.start());
      assert.ok(isComplete);
    });

    test('only answers, or only probes, when told to', async (t) => {
      const enginesOf = async (r: ProbingRig): Promise<(string | undefined)[]> => {
        await r.start();
        await r.gather();
        return [...new Set(r.acc.metrics.map(({ tags }: Metric) => tags.engine))];
      };
      assert.deepEqual(await enginesOf(rig(t, { probe: false })), ['reflector']);
      const prober = rig(t, { listen: [] });
      assert.deepEqual(await enginesOf(prober), ['prober']);
      assert.deepEqual(prober.endpoints(), []);
    });

    test('is stopped twice, without a start, and started again', async (t) => {
      const r = rig(t);
      await r.stop();
      await r.gather();
      assert.deepEqual(r.acc.metrics, []);
      await r.start();
      await Promise.all([r.stop(), r.stop()]);
      await r.stop();
      await r.start();
      probe(r, ['a']);
      await r.until(succeeded);
    });

    test('says what may help when its port is taken, and leaves nothing open', async (t) => {
      const port = await takePort(t);
      const r = rig(t, { listen: ['127.0.0.2:0', `127.0.0.1:${port}`] });
      await assert.rejects(r.start(), (error: unknown) => {
        assert.ok(error instanceof StartupError && error.retryable && error.cause instanceof NativeError);
        assert.match(
          error.message,
          new RegExp(`127\\.0\\.0\\.1 port ${port} \\(is another agent or reflector running`),
        );
        return true;
      });
      assert.deepEqual(r.endpoints(), []);
      await r.gather();
      assert.deepEqual(r.acc.metrics, []);
    });

    test('says so when it is to listen on an address of another host', async (t) => {
      await assert.rejects(rig(t, { listen: '192.0.2.1:0' }).start(), /this host does not have that address/);
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
}
