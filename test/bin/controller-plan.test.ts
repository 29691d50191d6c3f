/** `weft controller plan` as a real process. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { closFleet } from '../../core/pinglist/generate/clos.js';
import { totalRate } from '../../core/pinglist/limits.js';
import { generatorOf, policies, targetsOf } from '../core/pinglist/generate/fleets.js';
import { tempFolder } from '../support/temp-folder.js';
import { weft } from '../support/weft-process.js';

const POLICIES = [
  { mode: 'tor-mesh', interval: '1s' },
  { mode: 'inter-tor', name: 'fabric', interval: '10s', transport: ['udp', 'tcp'], paths: { ecmp: 16 } },
] as const;

async function controllerFile(t: TestContext, controller: object = {}): Promise<string> {
  const file = join(await tempFolder(t), 'controller.yaml');
  await writeFile(file, JSON.stringify({ controller: { policies: POLICIES, ...controller } }));
  return file;
}

test('its figures are those of the lists that the policies give', async (t) => {
  const file = await controllerFile(t);
  const options = ['--agents', '60', '--hosts-per-tor', '7', '--tors-per-pod', '2', '--max-rate', '5'];
  const { code, stdout, stderr } = await weft('controller', 'plan', '-c', file, ...options, '--json');
  assert.deepEqual([code, stderr], [0, '']);
  const plan = JSON.parse(stdout);

  const fleet = closFleet({ hosts: 60, hostsPerTor: 7, torsPerPod: 2, transports: ['udp', 'tcp'] });
  const generator = generatorOf(fleet, policies(...POLICIES));
  const lists = fleet.map(({ id }) => targetsOf(generator, id));
  const sizes = lists.map(({ length }) => length);
  const rates = lists.map((list) => Number(totalRate(list).toFixed(9)));
  assert.deepEqual(plan.fleet, { simulated: true, agents: 60, dcs: 1, pods: 5, tors: 9 });
  assert.deepEqual([plan.targets.min, plan.targets.max], [Math.min(...sizes), Math.max(...sizes)]);
  assert.equal(plan.targets.total, lists.flat().length);
  assert.equal(Number(plan.probes_per_second.max.toFixed(9)), Math.max(...rates));
  assert.equal(plan.probes_per_second.total.toFixed(6), totalRate(lists.flat()).toFixed(6));
  assert.equal(plan.max_rate.stretch, plan.probes_per_second.max / 5);
  assert.ok(plan.bytes_per_second.total > 0 && plan.generation_ms > 0);
  assert.deepEqual(
    plan.policies.map(({ name }: { name: string }) => name),
    ['tor-mesh', 'fabric'],
  );
  assert.equal(plan.policies[0].coverage, null);
  assert.ok(plan.policies[1].coverage.probability > 0.99);
});

test('the fleet of a topology file, as text; nothing is registered, nothing listens', async (t) => {
  const topology = join(await tempFolder(t), 'topology.yaml');
  const labels = (tor: string): object => ({ labels: { dc: 'd1', tor } });
  await writeFile(topology, JSON.stringify({ agents: { a: labels('t1'), b: labels('t1'), c: labels('t2') } }));
  const file = await controllerFile(t, { topology, policies: [{ mode: 'inter-tor' }, { mode: 'tor-mesh' }] });
  const { code, stdout, stderr } = await weft('controller', '-c', file, 'plan', '--ecmp', '2');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^3 agents, 2 ToRs, 0 pods, 1 DC \(of the topology file\)$/m);
  assert.match(stdout, /^targets +1 +1\.67 +2 +5$/m);
  assert.match(stdout, /^inter-tor .*\(1 path, 2 ways\)$/m);
});

test('without a fleet, or with what has no effect, nothing is planned', async (t) => {
  const file = await controllerFile(t);
  const cases: readonly (readonly [options: readonly string[], problem: RegExp])[] = [
    [[], /no fleet to plan for: add --agents N/],
    [['--tors-per-pod', '3'], /add --agents N/],
    [['--agents', '0'], /whole number from 1/],
    [['--agents', '10', '--watch-config'], /leave out --watch-config/],
  ];
  for (const [options, problem] of cases) {
    const { code, stdout, stderr } = await weft('controller', 'plan', '-c', file, ...options);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, problem);
  }
});
