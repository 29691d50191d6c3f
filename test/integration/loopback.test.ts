/** The whole agent on loopback: pinglist in, JSON lines out. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUdpReflector, port } from '../../native/index.js';
import { startPump } from '../support/engine-pump.js';
import { merged, total } from '../support/probe-rows.js';
import { TestAgent } from './agent.js';

describe('agent on loopback', () => {
  it('probes what the pinglist says and writes windows of it', async () => {
    const options = { address: '0.0.0.0', port: 0, allowedPrefixes: [], rateLimit: 0, timestamps: 'auto' as const };
    const engine = createUdpReflector({ ...options, key: new Uint8Array() });
    const pump = startPump(engine);
    const common = { transport: 'udp', port: port(engine), interval: '20ms', timeout: '500ms' };
    const agent = await TestAgent.start({
      hostname: 'here',
      targets: [
        { ...common, dst: 'one', address: '127.3.0.1', labels: { tor: 't1' } },
        { ...common, dst: 'two', address: '127.3.0.2', paths: 4 },
      ],
      udp: { listen: '127.3.0.9:0' },
    });
    try {
      const windows = await agent.windows(2);
      for (const rows of windows) {
        assert.deepEqual(rows.map((row) => row.tags.dst).sort(), ['one', 'two']);
        for (const row of rows) {
          assert.equal(row.tags.src, 'here');
          assert.equal(row.tags.transport, 'udp');
          assert.equal(row.tags.dst_tor, row.tags.dst === 'one' ? 't1' : undefined);
          const { sent = 0, success = 0 } = row.fields;
          assert.ok(sent >= 45 && sent <= 55, `${sent} probes in a window of 50 intervals`);
          assert.ok(success <= sent);
          const delays = merged([row], 'network_rtt');
          assert.equal(delays.count, success);
          assert.ok(delays.minNs > 0 && delays.maxNs < 500e6);
        }
      }
      assert.ok(total(windows.flat(), 'success') > 150);
    } finally {
      await agent.stop();
      await pump.stop();
    }
  });
});
