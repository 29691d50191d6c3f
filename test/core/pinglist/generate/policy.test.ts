/** Policies as they are written in a configuration, and what is said of wrong ones. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeValue } from '../../../../core/config/describe.js';
import { explain } from '../../../../core/config/explain.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { Validator } from '../../../../core/config/validator.js';
import { PoliciesForm } from '../../../../core/pinglist/generate/policy.js';
import { TopologyForm } from '../../../../core/pinglist/generate/topology.js';
import { policies } from './fleets.js';

const validator = new Validator();

function mistakes(form: Parameters<typeof asWritten>[0], value: unknown): string[] {
  const problems = explain(validator.errors(asWritten(form), value), value, (_, found) => describeValue(found));
  return problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('policies', () => {
  test('defaults', () => {
    assert.deepEqual(policies({ mode: 'tor-mesh' }, { mode: 'inter-dc', paths: { ecmp: 8 } }), [
      { mode: 'tor-mesh', transport: 'udp', interval: 1000, paths: 1, dscp: 0, select: {} },
      {
        mode: 'inter-dc',
        per_dc: 4,
        transport: 'udp',
        interval: 1000,
        paths: { ecmp: 8, coverage: 0.99 },
        dscp: 0,
        select: {},
      },
    ]);
  });

  test('durations are decoded, lists and maps stay as they are', () => {
    const [policy] = policies({
      mode: 'arrow',
      src: { dc: 'd1' },
      dst: { tor: ['t1', 't2'] },
      transport: ['udp', 'tcp'],
      interval: '1m30s',
      timeout: '250ms',
    });
    assert.deepEqual(policy, {
      mode: 'arrow',
      src: { dc: 'd1' },
      dst: { tor: ['t1', 't2'] },
      transport: ['udp', 'tcp'],
      interval: 90_000,
      timeout: 250,
      paths: 1,
      dscp: 0,
      select: {},
    });
  });

  const cases: readonly (readonly [name: string, policy: unknown, expected: RegExp])[] = [
    ['no mode', {}, /^0: the option "mode" is missing/],
    ['unknown mode', { mode: 'ring' }, /^0\.mode: expected .*"mesh".* found "ring"/],
    ['option of another mode', { mode: 'mesh', sample: 2 }, /^0\.sample: unknown option "sample"/],
    ['misspelt option', { mode: 'inter-tor', sampel: 2 }, /^0\.sampel: unknown option .* "sample"/],
    ['arrow without an end', { mode: 'arrow', src: {} }, /^0: the option "dst" is missing/],
    ['unknown transport', { mode: 'mesh', transport: 'icmp' }, /^0\.transport: expected .* found "icmp"/],
    ['interval too short', { mode: 'mesh', interval: '1ms' }, /^0\.interval: expected at least 10ms/],
    ['interval without unit', { mode: 'mesh', interval: 10 }, /^0\.interval: .*add a unit/],
    ['too many paths', { mode: 'mesh', paths: 257 }, /^0\.paths: expected at most 256/],
    ['no path', { mode: 'mesh', paths: 0 }, /^0\.paths: expected at least 1/],
    ['certainty', { mode: 'mesh', paths: { ecmp: 4, coverage: 1 } }, /^0\.paths\.coverage: expected at most 0\.999999/],
    ['payload', { mode: 'mesh', payload_bytes: 9000 }, /^0\.payload_bytes: expected at most 8972/],
    ['label name', { mode: 'mesh', select: { 'to-r': 'x' } }, /^0\.select\.to-r: "to-r" is not a valid name here/],
    ['label value', { mode: 'mesh', select: { tor: 1 } }, /^0\.select\.tor: expected .* found the number 1/],
    ['nobody for ever', { mode: 'mesh', select: { tor: [] } }, /^0\.select\.tor: /],
  ];
  for (const [name, policy, expected] of cases) {
    test(`refused: ${name}`, () => {
      const [first, ...rest] = mistakes(PoliciesForm, [policy]);
      assert.match(first ?? 'nothing', expected);
      assert.deepEqual(rest, []);
    });
  }
});

test('topology: labels by agent, and nothing else', () => {
  assert.deepEqual(mistakes(TopologyForm, { agents: { 'host-a': { labels: { tor: 't1', pod: '' } } } }), []);
  assert.deepEqual(mistakes(TopologyForm, {}), []);
  assert.match(
    mistakes(TopologyForm, { agents: { a: { tor: 't1' } } }).join(),
    /unknown option "tor"|"labels" is missing/,
  );
  assert.match(mistakes(TopologyForm, { agents: { a: { labels: { 'to-r': 'x' } } } }).join(), /not a valid name here/);
});
