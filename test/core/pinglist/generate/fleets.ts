/** Policies as users write them, fleets in random topologies, and what the lists of a generator hold. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { Validator } from '../../../../core/config/validator.js';
import { PinglistGenerator } from '../../../../core/pinglist/generate/generator.js';
import type { Member } from '../../../../core/pinglist/generate/member.js';
import { PoliciesForm, type Policy } from '../../../../core/pinglist/generate/policy.js';
import type { Topology } from '../../../../core/pinglist/generate/topology.js';
import { parsePinglist } from '../../../../core/pinglist/pinglist.js';
import type { Endpoint, Target } from '../../../../core/target.js';

export const HOUR_MS = 3_600_000;

const validator = new Validator();
const form = asWritten(PoliciesForm);

/** Written as in a configuration; fails on what would be refused there. */
export function policies(...written: object[]): Policy[] {
  assert.deepEqual(validator.errors(form, written), []);
  return decode(form, written, (branch, value) => validator.errors(branch, value).length === 0) as Policy[];
}

/** Answers on UDP at 10.0.0.0 + `number`. */
export function member(id: string, number: number, labels: Readonly<Record<string, string>> = {}): Member {
  return { id, labels, endpoints: [udp(`10.0.${number >> 8}.${number & 255}`)] };
}

export function udp(address: string, port = 862): Endpoint {
  return { transport: 'udp', address, port, attributes: {} };
}

export function tcp(address: string, port = 8620): Endpoint {
  return { transport: 'tcp', address, port, attributes: {} };
}

export function generatorOf(
  members: readonly Member[],
  policies: readonly Policy[],
  topology?: Topology,
): PinglistGenerator {
  const generator = new PinglistGenerator(policies, topology);
  for (const one of members) generator.set(one);
  return generator;
}

/** As an agent reads it, which refuses a list that is not quite right. */
export function targetsOf(generator: PinglistGenerator, id: string, nowMs = 0): readonly Target[] {
  const list = generator.list(id, nowMs);
  assert.ok(list !== undefined, `no list for ${id}`);
  const { revision, targets } = parsePinglist(JSON.parse(list.json()), { file: id });
  assert.equal(revision, list.revision);
  assert.equal(targets.length, list.targets);
  return targets;
}

/** `source>destination` for each target of each member, in order: one that is there twice shows twice. */
export function pairsOf(generator: PinglistGenerator, members: readonly Member[]): string[] {
  return members.flatMap(({ id }) => targetsOf(generator, id).map(({ dst }) => `${id}>${dst}`)).sort();
}

/** A ToR by its labels. */
export function torOf({ labels }: Member): string {
  return `${labels.dc ?? ''}/${labels.pod ?? ''}/${labels.tor ?? ''}`;
}

/** Those with an equal key together, in the order in which the keys appear. */
export function groupsOf(members: readonly Member[], keyOf: (member: Member) => string | undefined): Member[][] {
  const keys = [...new Set(members.map(keyOf))];
  return keys.map((key) => members.filter((one) => keyOf(one) === key));
}

/** Few names, so that ToRs are uneven, some hosts stand alone, and labels are missing here and there. */
const anyLabels = fc.record(
  { dc: fc.constantFrom('d1', 'd2', 'd3'), pod: fc.constantFrom('p1', 'p2'), tor: fc.constantFrom('t1', 't2', 't3') },
  { requiredKeys: [] },
);

export const anyFleet = fc.array(anyLabels, { maxLength: 40 }).chain((labels) =>
  // Ids in no order.
  fc
    .uniqueArray(fc.stringMatching(/^[a-zA-Z0-9]{1,4}$/), { minLength: labels.length, maxLength: labels.length })
    .map((ids) => labels.map((own, i) => member(ids[i]!, i + 1, own))),
);

/** One policy of every mode, as it is written. */
export const anyPolicy = fc
  .record({
    policy: fc.constantFrom<object>(
      { mode: 'mesh' },
      { mode: 'mesh', group_by: 'pod' },
      { mode: 'arrow', src: { pod: 'p1' }, dst: { tor: ['t1', 't[3-9]'] } },
      { mode: 'tor-mesh' },
      { mode: 'inter-tor' },
      { mode: 'inter-tor', sample: 2 },
      { mode: 'inter-dc', per_dc: 2 },
    ),
    paths: fc.constantFrom<unknown>(1, 3, { ecmp: 2 }, { ecmp: 16, coverage: 0.99 }),
    interval: fc.constantFrom('1s', '10s'),
    select: fc.constantFrom({}, { dc: 'd?' }, { dc: ['d1', 'd2'] }),
  })
  .map(({ policy, ...common }) => ({ ...policy, ...common }));

export const anyPolicies = fc.array(anyPolicy, { maxLength: 4 });
