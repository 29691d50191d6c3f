/** Who probes whom: over random topologies each policy gives every pair it is for, once, and no other. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Member } from '../../../../core/pinglist/generate/member.js';
import { anyFleet, generatorOf, groupsOf, member, pairsOf, policies, torOf } from './fleets.js';

type Wanted = (source: Member, destination: Member) => boolean;

/** All ordered pairs of different members that are wanted. */
function wantedPairs(members: readonly Member[], wanted: Wanted): string[] {
  const pairs = members.flatMap((a) => members.filter((b) => a !== b && wanted(a, b)).map((b) => `${a.id}>${b.id}`));
  return pairs.sort();
}

function givesExactly(policy: object, wanted: Wanted): void {
  fc.assert(
    fc.property(anyFleet, (members) => {
      assert.deepEqual(pairsOf(generatorOf(members, policies(policy)), members), wantedPairs(members, wanted));
    }),
  );
}

const byId = (a: Member, b: Member): number => (a.id < b.id ? -1 : 1);

/** The hosts of each ToR of a DC, in order. */
function torsOf(members: readonly Member[], dc: string | undefined): Member[][] {
  const inside = members.filter(({ labels }) => labels.tor !== undefined && labels.dc === dc).sort(byId);
  return groupsOf(inside, torOf);
}

const otherTorOfDc: Wanted = ({ labels: a }, { labels: b }) =>
  a.tor !== undefined && b.tor !== undefined && a.dc === b.dc && (a.pod !== b.pod || a.tor !== b.tor);

describe('mesh', () => {
  test('all to all, without self', () => givesExactly({ mode: 'mesh' }, () => true));

  test('by a label: those that have it', () =>
    givesExactly(
      { mode: 'mesh', group_by: 'pod' },
      (a, b) => a.labels.pod !== undefined && a.labels.pod === b.labels.pod,
    ));

  test('among those selected', () =>
    givesExactly({ mode: 'mesh', select: { dc: ['d1', 'd[23]'], pod: 'p1' } }, (a, b) =>
      [a, b].every(({ labels }) => labels.dc !== undefined && labels.pod === 'p1'),
    ));
});

test('tor-mesh: all under one ToR, which dc, pod and tor name together', () =>
  givesExactly({ mode: 'tor-mesh' }, (a, b) => a.labels.tor !== undefined && torOf(a) === torOf(b)));

test('arrow: from one set to another, not back', () =>
  givesExactly(
    { mode: 'arrow', src: { dc: 'd1' }, dst: { tor: 't*' } },
    (a, b) => a.labels.dc === 'd1' && b.labels.tor !== undefined,
  ));

describe('inter-tor', () => {
  test('for each ordered pair of ToRs of a DC host i probes host i mod n', () => {
    fc.assert(
      fc.property(anyFleet, (members) => {
        const wanted = [undefined, 'd1', 'd2', 'd3'].flatMap((dc) => {
          const tors = torsOf(members, dc);
          return tors.flatMap((x) =>
            tors.filter((y) => y !== x).flatMap((y) => x.map(({ id }, i) => `${id}>${y[i % y.length]!.id}`)),
          );
        });
        assert.deepEqual(pairsOf(generatorOf(members, policies({ mode: 'inter-tor' })), members), wanted.sort());
      }),
    );
  });

  test('with a sample the hosts of each ToR together still reach every other ToR, with no more targets than needed', () => {
    fc.assert(
      fc.property(anyFleet, fc.integer({ min: 1, max: 6 }), (members, sample) => {
        const pairs = pairsOf(generatorOf(members, policies({ mode: 'inter-tor', sample })), members);
        const known = new Map(members.map((one) => [one.id, one]));
        const ends = pairs.map((pair) => pair.split('>').map((id) => known.get(id)!) as [Member, Member]);
        for (const [a, b] of ends) assert.ok(otherTorOfDc(a, b));
        assert.deepEqual(
          [...new Set(ends.map(([a, b]) => `${torOf(a)}>${torOf(b)}`))].sort(),
          [
            ...new Set(
              members.flatMap((a) => members.filter((b) => otherTorOfDc(a, b)).map((b) => `${torOf(a)}>${torOf(b)}`)),
            ),
          ].sort(),
        );
        for (const one of members.filter(({ labels }) => labels.tor !== undefined)) {
          const tors = torsOf(members, one.labels.dc);
          const own = tors.find((hosts) => hosts.includes(one))!;
          const expected = Math.min(tors.length - 1, Math.max(sample, Math.ceil((tors.length - 1) / own.length)));
          const reached = ends.filter(([a]) => a === one).map(([, b]) => torOf(b));
          assert.equal(reached.length, expected);
          assert.equal(new Set(reached).size, expected);
        }
      }),
    );
  });

  test('the example of docs/policies.md', () => {
    const fleet = ['a1', 'a2', 'b1', 'b2', 'b3'].map((id, i) => member(id, i + 1, { tor: id.slice(0, 1) }));
    assert.deepEqual(pairsOf(generatorOf(fleet, policies({ mode: 'inter-tor' })), fleet), [
      'a1>b1',
      'a2>b2',
      'b1>a1',
      'b2>a2',
      'b3>a1',
    ]);
  });
});

test('inter-dc: the same few hosts of each DC, all of them to those of all other DCs', () => {
  fc.assert(
    fc.property(anyFleet, fc.integer({ min: 1, max: 4 }), (members, perDc) => {
      const pairs = pairsOf(generatorOf(members, policies({ mode: 'inter-dc', per_dc: perDc })), members);
      const placed = members.filter(({ labels }) => labels.dc !== undefined);
      const dcs = groupsOf(placed, ({ labels }) => labels.dc);
      const taking = new Set(pairs.flatMap((pair) => pair.split('>')));
      for (const hosts of dcs) {
        const expected = dcs.length < 2 ? 0 : Math.min(perDc, hosts.length);
        assert.equal(hosts.filter(({ id }) => taking.has(id)).length, expected);
      }
      assert.deepEqual(
        pairs,
        wantedPairs(members, (a, b) => taking.has(a.id) && taking.has(b.id) && a.labels.dc !== b.labels.dc),
      );
    }),
  );
});
