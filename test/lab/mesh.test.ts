/** Three hosts that probe one another over RDMA. One that crashes is a loss to both others, and to nothing else. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasLatency, total } from '../support/probe-rows.js';
import { LabAgent, toHost } from './agent.js';
import { type Lab, startLab } from './lab.js';
import { labUnavailable } from './unavailable.js';

const POLICY = { mode: 'mesh', transport: 'rdma-ud', interval: '200ms', timeout: '3s' };
/** Those under way when a host crashes, and those that waited for an answer then. */
const WINDOWS_WITH_OLD_PROBES = 4;

describe('three hosts over RDMA', { skip: labUnavailable() ?? false }, () => {
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('weft-lab-'));
  const ofProcess = (pid: string | number): string => `weft-lab-${pid}-`;
  let orphan: string;
  let lab: Lab;
  let agents: readonly LabAgent[];
  const othersOf = (agent: LabAgent): string[] =>
    agents.filter((other) => other !== agent).map(({ guest }) => guest.name);

  before(async () => {
    const dead = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    orphan = mkdtempSync(join(tmpdir(), ofProcess(dead)));
    lab = await startLab({ hosts: 3 });
    const [first, ...rest] = lab.guests;
    const controller = { heartbeat: '2s', refresh: '2s', policies: [POLICY] };
    agents = await Promise.all([
      LabAgent.start(first, { controllerOn: first, controller }),
      ...rest.map((guest) => LabAgent.start(guest, { controllerOn: first })),
    ]);
  });
  after(() => lab?.stop());

  it('are a mesh of six pairs, each with its delays', async () => {
    await Promise.all(agents.map((agent) => agent.measures(...othersOf(agent))));
    for (const agent of agents) {
      const rows = await agent.windows(1);
      assert.deepEqual([...new Set(rows.map(({ tags }) => tags.dst))].sort(), othersOf(agent).sort());
      for (const host of othersOf(agent))
        assert.ok(toHost(rows, host).some(hasLatency), `${agent.guest.name} → ${host}`);
    }
  });

  it('one crashes: its probes are lost, those between the others are not', async () => {
    const [a, b, c] = agents as [LabAgent, LabAgent, LabAgent];
    await assert.rejects(c.guest.run('echo c >/proc/sysrq-trigger'), /its guest ended[\s\S]*Kernel panic/);
    await assert.rejects(c.guest.run('true'), /its guest ended/);
    const windows = await Promise.all([a, b].map((agent) => agent.windows(WINDOWS_WITH_OLD_PROBES + 1)));
    for (const [i, other] of [b, a].entries()) {
      const last = windows[i]?.at(-1)?.time;
      const rows = (windows[i] ?? []).filter(({ time }) => time === last);
      const [crashed, well] = [toHost(rows, c.guest.name), toHost(rows, other.guest.name)];
      assert.deepEqual([total(crashed, 'success'), total(well, 'timeout')], [0, 0]);
      assert.ok(total(crashed, 'timeout') > 0 && total(well, 'success') > 0);
    }
  });

  it('leave nothing behind', async () => {
    assert.ok(!existsSync(orphan), 'the folder of a test that was killed is removed');
    await lab.stop();
    await lab.stop();
    const left = folders().filter((name) => name.startsWith(ofProcess(process.pid)));
    assert.deepEqual(left, []);
    assert.equal(execFileSync('sh', ['-c', 'pgrep -P $PPID qemu || echo none'], { encoding: 'utf8' }), 'none\n');
  });
});
