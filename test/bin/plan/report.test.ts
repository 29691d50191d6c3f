import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../../bin/plan/plan.js';
import { planText } from '../../../bin/plan/report.js';

const PLAN: Plan = {
  fleet: { simulated: true, agents: 10_000, dcs: 1, pods: 13, tors: 250 },
  targets: { min: 1, mean: 288, max: 300, total: 2_880_000 },
  probes_per_second: { min: 0.1, mean: 63.9, max: 12_500, total: 639_000 },
  bytes_per_second: { min: 39.6, mean: 25_304.4, max: 4_950_000, total: 253_044_000 },
  policies: [
    { name: 'rack', mode: 'tor-mesh', targets: 0, probes_per_second: 0, bytes_per_second: 0, coverage: null },
    {
      name: 'fabric',
      mode: 'inter-tor',
      targets: 2_880_000,
      probes_per_second: 639_000,
      bytes_per_second: 253_044_000,
      coverage: { ways: 16, paths: 120, probability: 0.98999 },
    },
  ],
  max_rate: { limit: 10_000, stretch: 1.25 },
  generation_ms: 1234,
};

test('a plan as text: what it would cost whom, and what is to be wondered at', () => {
  assert.equal(
    planText(PLAN),
    `10,000 agents, 250 ToRs, 13 pods, 1 DC (simulated)

per agent    min    mean     max      total
targets        1     288     300  2,880,000
probes/s     0.1    63.9  12,500    639,000
bytes/s    39.6B  25.3kB  4.95MB      253MB

policy  mode         targets  probes/s  bytes/s  ECMP coverage
rack    tor-mesh           0         0       0B  -
fabric  inter-tor  2,880,000   639,000    253MB  98.9% (120 paths, 16 ways)

Policy rack gives nobody a target of its own here.
Agents go beyond their max_rate (10,000 probes/s): the busiest one would stretch its intervals 1.25-fold.
All lists are made in 1.2s of CPU time on this machine.
`,
  );
});

test('a plan within the limits, of hosts without pods', () => {
  const text = planText({
    ...PLAN,
    fleet: { simulated: false, agents: 2, dcs: 0, pods: 0, tors: 1 },
    policies: [],
    max_rate: { limit: 10_000, stretch: 1 },
  });
  assert.match(text, /^2 agents, 1 ToR, 0 pods, 0 DCs \(of the topology file\)\n/);
  assert.match(text, /No agent goes beyond its max_rate \(10,000 probes\/s\)\./);
});
