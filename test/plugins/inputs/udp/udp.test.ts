/** The UDP input on loopback, with a real board and real engines. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { UdpTarget } from '../../../../core/target.js';
import type { UdpConfig } from '../../../../plugins/inputs/udp/config.js';
import { UdpInput } from '../../../../plugins/inputs/udp/udp.js';
import { udpTarget } from '../../../core/pinglist/targets.js';
import {
  countOf,
  ENDLESS_WINDOW_MS,
  type ProbingRig,
  probingRig,
  SHORT_WINDOW_MS,
  succeeded,
} from '../../../support/probing-rig.js';

const DEFAULTS: UdpConfig = {
  ...{ listen: '127.0.0.1:0', probe: true, source_address: '', source_address_ipv6: '', per_path: false },
  ...{ timestamps: 'auto', key: '', allowed_prefixes: [], rate_limit: 0 },
  ...{ fault_loss: 0, fault_network_delay: 0, fault_responder_delay: 0 },
};

function rig(t: TestContext, changes: Partial<UdpConfig> = {}, windowMs = SHORT_WINDOW_MS): ProbingRig {
  return probingRig(t, (context) => new UdpInput({ ...DEFAULTS, ...changes }, context), windowMs);
}

/** Hangs up a list with these targets, each the input's own reflector. */
function probe(r: ProbingRig, ...targets: Partial<UdpTarget>[]): void {
  const own = { address: '127.0.0.1', port: r.endpoints()[0]!.port, intervalMs: 10, timeoutMs: 1000 };
  r.publish(targets.map((target) => udpTarget({ ...own, ...target })));
}

describe('inputs.udp', () => {
  test('probes what hangs on the board, and answers', async (t) => {
    const r = rig(t);
    await r.start();
    probe(r, { dst: 'a', labels: { tor: 't2' } });
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

  test('says of its engines what they count', async (t) => {
    const r = rig(t, { allowed_prefixes: ['10.0.0.0/8'] }, ENDLESS_WINDOW_MS);
    await r.start();
    probe(r, { dst: 'a' });
    await r.gatherUntil('reflector', 'refused', 3);
    const refused = r.acc.metrics.find((metric) => countOf(metric, 'refused') > 0);
    const listen = `127.0.0.1:${r.endpoints()[0]!.port}`;
    assert.deepEqual(refused!.tags, {
      ...{ transport: 'udp', engine: 'reflector', src: 'here', listen, reason: 'not_allowed' },
    });
  });
});
