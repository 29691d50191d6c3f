import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupError } from '../../../../core/errors.js';
import { createRdmaEngine, rdmaStatus } from '../../../../native/index.js';
import { EnginePump } from '../../../../plugins/common/probing/engine-pump.js';
import { DEFAULT_QKEY, type PortOptions } from '../../../../plugins/inputs/rdma-ud/config.js';
import { openPingPort, pingRdma, type RdmaReply } from '../../../../plugins/inputs/rdma-ud/ping.js';
import { rdmaTarget } from '../../../core/pinglist/targets.js';
import { LATENCY_NS, ownFakeVerbs } from '../../../support/rdma-rig.js';

const configured = ownFakeVerbs();

const OPTIONS: PortOptions = {
  ...{ gidIndex: -1, address: '', pkeyIndex: 0, qkey: DEFAULT_QKEY, serviceLevel: 0, trafficClass: 0, queuePairs: 0 },
  ...{ receiveSlots: 256, rateLimit: 0, busyPoll: false, probe: true, reflect: false },
};

test('a target that answers: the three delays add up to what the program saw', async (t) => {
  await configured();
  const handle = createRdmaEngine({ ...OPTIONS, device: 'fake1', port: 1, probe: false, reflect: true });
  const reflector = new EnginePump({ handle, onSlice() {}, onError: assert.fail });
  t.after(() => reflector.stop());
  const { gid, qpn, lid } = rdmaStatus(handle);
  // One probe may wait for the address handle, which a thread makes: on a busy machine it takes its time.
  const target = rdmaTarget({ gid, qpn, lid, intervalMs: 1000 });
  const replies: RdmaReply[] = [];
  const engine = await openPingPort({ target, from: { device: 'fake0', port: undefined }, options: OPTIONS });
  await pingRdma(engine, { target, count: 2 }, (reply) => replies.push(reply), new AbortController().signal);
  assert.deepEqual(
    replies.map(({ number, result }) => [number, result]),
    [1, 2].map((number) => [number, 'success']),
  );
  for (const { reading } of replies) {
    assert.ok(reading !== undefined);
    const { networkRttNs, proberDelayNs, responderDelayNs, programRttNs, clock } = reading;
    assert.deepEqual([networkRttNs, clock], [2 * LATENCY_NS, 'hardware']);
    assert.ok(Math.abs(networkRttNs + proberDelayNs + responderDelayNs - programRttNs) < 1);
  }
});

test('the probes leave by the port that reaches the target', async (t) => {
  const devices = await configured();
  await devices.command('gid fake0 3 2001:db8::1');
  await devices.command('gid fake0 2 none');
  const openedFor = async (gid: string): Promise<string> => {
    const engine = await openPingPort({ target: rdmaTarget({ gid }), from: undefined, options: OPTIONS });
    const pump = new EnginePump({ handle: engine, onSlice() {}, onError: assert.fail });
    t.after(() => pump.stop());
    return rdmaStatus(engine).gid;
  };
  assert.equal(await openedFor('::ffff:10.0.0.9'), '::ffff:10.0.0.2');
  assert.equal(await devices.count('fake0', 'contexts'), 0, 'what does not reach it is closed');
  assert.equal(await openedFor('2001:db8::9'), '2001:db8::1');
});

test('a target that no port reaches: each is named, and none stays open', async () => {
  const devices = await configured();
  await assert.rejects(
    openPingPort({ target: rdmaTarget({ gid: '2001:db8::9' }), from: undefined, options: OPTIONS }),
    (error: unknown) =>
      error instanceof StartupError &&
      /reaches 2001:db8::9: fake0:1 has ::ffff:10\.0\.0\.1, fake1:1 has ::ffff:10\.0\.0\.2; choose/.test(error.message),
  );
  assert.equal(await devices.count('all', 'live'), 0);
});
