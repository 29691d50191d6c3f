/** An input with several engines that probe: UDP probers stand in for the ports of RDMA devices. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { PluginContext } from '../../../../core/plugin.js';
import type { UdpTarget } from '../../../../core/target.js';
import { close, createUdpProber, createUdpReflector, port } from '../../../../native/index.js';
import { delayReading } from '../../../../plugins/common/probing/delay-reading.js';
import type { EngineSource, OpenEngine } from '../../../../plugins/common/probing/engine-source.js';
import { ProbingInput } from '../../../../plugins/common/probing/probing-input.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import { proberOptions, reflectorOptions } from '../../../support/engine.js';
import { settle } from '../../../support/fake-clock.js';
import { countOf, isProbe, type ProbingRig, probingRig, succeeded } from '../../../support/probing-rig.js';

const TIMEOUT_MS = 2000;

type Mount = (engines: readonly OpenEngine<'udp'>[]) => void;

/** Probes the destinations that begin with its name. */
function prober(name: string): OpenEngine<'udp'> {
  const canProbe = ({ dst }: UdpTarget): boolean => dst.startsWith(name);
  const handle = createUdpProber(proberOptions());
  return { handle, tags: { engine: name }, prober: { name, expectedClock: 'kernel', canProbe } };
}

/** An engine that answers, and its port. */
function reflector(): { engine: OpenEngine<'udp'>; port: number } {
  const handle = createUdpReflector(reflectorOptions());
  const endpoint = { transport: 'udp', address: '127.0.0.1', port: port(handle), attributes: {} } as const;
  return {
    engine: { handle, tags: { engine: 'reflector' }, reflector: { endpoint: () => endpoint } },
    port: endpoint.port,
  };
}

class Source implements EngineSource<'udp'> {
  mount: Mount = () => {};
  readonly #first: readonly OpenEngine<'udp'>[];

  constructor(...first: readonly OpenEngine<'udp'>[]) {
    this.#first = first;
  }

  start(mount: Mount): void {
    this.mount = mount;
    mount(this.#first);
  }

  stop(): void {}
}

class Input extends ProbingInput<'udp'> {
  constructor(context: PluginContext, engines: Source) {
    super(context, { transport: 'udp', probing: { reading: delayReading, perPath: false }, engines });
  }

  get left(): number {
    return this.unassigned;
  }
}

function rig(t: TestContext, source: Source): { r: ProbingRig; input: () => Input } {
  let input: Input | undefined;
  const r = probingRig(t, (context) => {
    input = new Input(context, source);
    return input;
  });
  return { r, input: () => input as Input };
}

describe('an input with several probers', () => {
  test('deals them the targets and sums what they find in one row of windows', async (t) => {
    const answering = reflector();
    const source = new Source(prober('a'), prober('b'), answering.engine);
    const { r, input } = rig(t, source);
    await r.start();
    const target = (dst: string): UdpTarget =>
      udpTarget({ dst, address: '127.0.0.1', port: answering.port, intervalMs: 10 });
    r.publish(['a1', 'b1', 'c1'].map(target));
    assert.equal(input().left, 1);
    for (const dst of ['a1', 'b1']) await r.until((metric) => succeeded(metric) && metric.tags.dst === dst);
    await r.gather();
    const targetsOf = (engine: string): unknown =>
      r.acc.metrics.findLast(({ name, tags }) => name === 'weft_engine' && tags.engine === engine)?.fields.targets;
    assert.deepEqual([targetsOf('a'), targetsOf('b')], new Array(2).fill({ kind: 'gauge', value: 1, unit: '1' }));
    // One metric of a destination in a window, whoever settled it.
    const keys = r.acc.metrics.filter(isProbe).map(({ tags, timeNs }) => `${tags.dst} ${tags.clock} ${timeNs}`);
    assert.deepEqual(keys, [...new Set(keys)]);
    assert.ok(r.acc.metrics.filter(isProbe).every((metric) => countOf(metric, 'timeout') === 0));
  });

  test('keeps a window open until the last of them has settled it', async (t) => {
    const answering = reflector();
    const { r } = rig(t, new Source(prober('a'), prober('b'), answering.engine));
    await r.start();
    // Nobody listens there: the probes of one engine time out long after those of the other were answered.
    const silent = createUdpReflector(reflectorOptions());
    t.after(() => close(silent));
    const target = (dst: string, to: number): UdpTarget =>
      udpTarget({ dst, address: '127.0.0.1', port: to, intervalMs: 10, timeoutMs: TIMEOUT_MS });
    r.publish([target('a1', port(silent)), target('b1', answering.port)]);
    const [lost, answered] = await Promise.all(
      ['a1', 'b1'].map((dst) => r.until((metric) => isProbe(metric) && metric.tags.dst === dst)),
    );
    // Both were probed from the same moment on, each by a thread of its own; a timeout is many windows.
    const apartMs = Math.abs(Number(lost!.timeNs - answered!.timeNs)) / 1e6;
    assert.ok(apartMs < TIMEOUT_MS / 2, `${apartMs} ms`);
  });

  test('gives an engine that comes later what it is there for', async (t) => {
    const answering = reflector();
    const source = new Source(answering.engine);
    const { r, input } = rig(t, source);
    await r.start();
    r.publish([udpTarget({ dst: 'a1', address: '127.0.0.1', port: answering.port, intervalMs: 10 })]);
    await settle();
    source.mount([prober('a')]);
    assert.equal(input().left, 0);
    await r.until(succeeded);
  });
});
