import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WeftError } from '../../../../core/errors.js';
import type { PinglistGenerator } from '../../../../core/pinglist/generate/generator.js';
import type { Member } from '../../../../core/pinglist/generate/member.js';
import { anyFleet, anyPolicies, generatorOf, HOUR_MS, member, policies, targetsOf, tcp, udp } from './fleets.js';

type Lists = Map<string, { readonly revision: string; readonly json: string }>;

function listsOf(generator: PinglistGenerator, members: readonly Member[], nowMs = 0): Lists {
  return new Map(
    members.map(({ id }) => {
      const { revision, json } = generator.list(id, nowMs)!;
      return [id, { revision, json: json() }];
    }),
  );
}

/** Everything of a list but its revision. */
function contentOf(json: string): string {
  return json.slice(json.indexOf('"targets"'));
}

/** Changes of a fleet: somebody comes, goes, moves to another ToR, or answers elsewhere. */
const anyChange = fc.record({
  at: fc.nat({ max: 39 }),
  how: fc.constantFrom('goes', 'comes', 'moves', 'answers elsewhere', 'stays'),
});

function changed(members: readonly Member[], { at, how }: { at: number; how: string }): Member[] {
  const index = members.length === 0 ? -1 : at % members.length;
  const one = members[index];
  if (how === 'comes') return [...members, member('newcomer', 4000, members[0]?.labels)];
  if (one === undefined || how === 'stays') return [...members];
  if (how === 'goes') return members.toSpliced(index, 1);
  if (how === 'moves') return members.with(index, { ...one, labels: { ...one.labels, tor: 'elsewhere' } });
  return members.with(index, { ...one, endpoints: [udp('10.9.9.9'), udp('10.9.9.9', 863)] });
}

/** Turns one fleet into the other, member by member. */
function turn(generator: PinglistGenerator, from: readonly Member[], to: readonly Member[]): void {
  for (const { id } of from) if (!to.some((one) => one.id === id)) generator.delete(id);
  for (const one of to) generator.set(one);
}

describe('lists', () => {
  test('do not depend on the order of arrival, nor on what was there before', () => {
    fc.assert(
      fc.property(anyFleet, anyFleet, anyPolicies, fc.nat({ max: 1000 }), (members, before, written, hour) => {
        const expected = listsOf(generatorOf(members, policies(...written)), members, hour * HOUR_MS);
        const other = generatorOf(before, policies(...written));
        listsOf(other, before);
        turn(other, before, members.toReversed());
        assert.deepEqual(listsOf(other, members, hour * HOUR_MS), expected);
      }),
    );
  });

  test('labels and endpoints may come in any order', () => {
    const endpoints = [udp('10.0.0.2'), tcp('10.0.0.2'), udp('10.0.0.3')];
    const one = { id: 'b', labels: { dc: 'd', tor: 't' }, endpoints };
    const same = { id: 'b', labels: { tor: 't', dc: 'd' }, endpoints: endpoints.toReversed() };
    const fleet = [member('a', 1), one];
    const generator = generatorOf(fleet, policies({ mode: 'mesh', transport: ['udp', 'tcp'] }));
    const { version } = generator;
    const before = listsOf(generator, fleet);
    generator.set(same);
    assert.equal(generator.version, version);
    assert.deepEqual(
      listsOf(generatorOf([same, member('a', 1)], policies({ mode: 'mesh', transport: ['udp', 'tcp'] })), fleet),
      before,
    );
  });

  test('a change of one member gives another revision to exactly those lists whose content changes', () => {
    fc.assert(
      fc.property(anyFleet, anyPolicies, anyChange, (members, written, change) => {
        const generator = generatorOf(members, policies(...written));
        const before = listsOf(generator, members);
        const after = changed(members, change);
        turn(generator, members, after);
        for (const { id } of after) {
          const [old, now] = [before.get(id), generator.list(id, 0)!];
          if (old !== undefined)
            assert.equal(now.revision === old.revision, contentOf(now.json()) === contentOf(old.json));
        }
      }),
    );
  });

  test('after a change of one member they are those of a generator that never knew another fleet', () => {
    fc.assert(
      fc.property(anyFleet, anyPolicies, anyChange, (members, written, change) => {
        const generator = generatorOf(members, policies(...written));
        listsOf(generator, members);
        const after = changed(members, change);
        turn(generator, members, after);
        assert.deepEqual(listsOf(generator, after), listsOf(generatorOf(after, policies(...written)), after));
      }),
    );
  });

  test('every option of a policy that a target shows changes the revision', () => {
    const fleet = [member('a', 1), member('b', 2)];
    const options = [{}, { name: 'x' }, { interval: '2s' }, { timeout: '1s' }, { paths: 2 }, { paths: { ecmp: 2 } }];
    const more = [{ payload_bytes: 100 }, { dscp: 1 }, { ttl: 9 }];
    const revisions = [...options, ...more].map(
      (option) => generatorOf(fleet, policies({ mode: 'mesh', ...option })).list('a', 0)!.revision,
    );
    assert.equal(new Set(revisions).size, revisions.length);
  });

  test('a host that comes to one ToR changes nothing for other DCs', () => {
    const fleet = ['d1', 'd2'].flatMap((dc, d) =>
      Array.from({ length: 12 }, (_, i) => member(`${dc}-${i}`, 100 * d + i + 1, { dc, tor: `t${i % 3}` })),
    );
    const generator = generatorOf(fleet, policies({ mode: 'tor-mesh' }, { mode: 'inter-tor', paths: { ecmp: 4 } }));
    const before = listsOf(generator, fleet);
    generator.set(member('d1-99', 999, { dc: 'd1', tor: 't1' }));
    const touched = fleet.filter(({ id }) => generator.list(id, 0)!.revision !== before.get(id)!.revision);
    assert.ok(touched.length > 0);
    assert.ok(touched.every(({ labels }) => labels.dc === 'd1'));
  });

  test('equal lists of different agents have an equal revision', () => {
    const arrow = policies({ mode: 'arrow', src: { is: 'source' }, dst: { is: 'destination' } });
    const fleet = [
      member('a', 1, { is: 'source' }),
      member('b', 2, { is: 'source' }),
      member('c', 3, { is: 'destination' }),
    ];
    const lists = listsOf(generatorOf(fleet, arrow), fleet);
    assert.deepEqual(lists.get('a'), lists.get('b'));
    assert.notEqual(lists.get('a')!.revision, lists.get('c')!.revision);
  });
});

describe('generator', () => {
  const fleet = [member('a', 1), member('b', 2)];
  const mesh = policies({ mode: 'mesh' });

  test('a member that is set as it was, or deleted without being there, is no change', () => {
    const generator = generatorOf(fleet, mesh);
    const { version } = generator;
    generator.set(member('a', 1));
    generator.delete('c');
    assert.equal(generator.version, version);
    generator.delete('b');
    assert.equal(generator.version, version + 1);
    assert.equal(generator.size, 1);
    assert.deepEqual(targetsOf(generator, 'a'), []);
  });

  test('an unknown id has no list; one without endpoints or policies has an empty one', () => {
    const generator = generatorOf([...fleet, { id: 'c', labels: {}, endpoints: [] }], mesh);
    assert.equal(generator.list('d', 0), undefined);
    assert.deepEqual(
      targetsOf(generator, 'c').map(({ dst }) => dst),
      ['a', 'b'],
    );
    assert.deepEqual(
      targetsOf(generator, 'a').map(({ dst }) => dst),
      ['b'],
    );
    assert.deepEqual(targetsOf(generatorOf(fleet, []), 'a'), []);
  });

  test('a list may be written as long as the members are the same, and a list that was just made even after', () => {
    const generator = generatorOf(fleet, mesh);
    const fresh = generator.list('a', 0)!;
    const known = generator.list('a', 0)!;
    const json = known.json();
    generator.set(member('c', 3));
    assert.equal(fresh.json(), json);
    assert.throws(
      () => known.json(),
      (error) => error instanceof WeftError && error.code === 'WEFT_PINGLIST',
    );
  });

  test('the hour changes lists only where paths are exchanged', () => {
    const tors = [member('a', 1, { tor: 't1' }), member('b', 2, { tor: 't2' })];
    const revisions = (paths: unknown) => {
      const generator = generatorOf(tors, policies({ mode: 'inter-tor', paths }));
      return [0, HOUR_MS - 1, HOUR_MS].map((nowMs) => generator.list('a', nowMs)!.revision);
    };
    const [first, sameHour, nextHour] = revisions({ ecmp: 8 });
    assert.equal(first, sameHour);
    assert.notEqual(first, nextHour);
    assert.equal(new Set(revisions(8)).size, 1);
  });
});
