import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { PinglistError } from '../../../core/pinglist/issues.js';
import { isPingweave, parsePingweave } from '../../../core/pinglist/pingweave.js';
import { tcpTarget, udpTarget } from './targets.js';

function read(text: string, ...localAddresses: string[]) {
  return parsePingweave(parse(text), {
    source: { file: 'pinglist.yaml' },
    localAddresses,
    ports: { udp: 862, tcp: 7 },
  });
}

const probed = (text: string, ...localAddresses: string[]) =>
  read(text, ...localAddresses).targets.map(
    ({ transport, dst, mode, labels }) => `${transport} ${dst} ${mode} ${labels.group}`,
  );

const MESH = `
mesh:
  udp:
    g1: [10.0.0.1, 10.0.0.2, 10.0.0.3]
    g2: [10.0.0.3, 10.0.0.4]
  tcp:
    g1: [10.0.0.1, 10.0.0.2]
`;

describe('PingWeave form', () => {
  test('is told from the version 1 form', () => {
    assert.ok(isPingweave({ mesh: null }));
    assert.ok(isPingweave({ arrow: {} }));
    for (const other of [{ version: 1, targets: [] }, [], null, 'mesh']) assert.ok(!isPingweave(other));
  });

  test('a member probes all others of its groups, not itself', () => {
    assert.deepEqual(probed(MESH, '127.0.0.1', '10.0.0.1'), [
      'udp 10.0.0.2 mesh g1',
      'udp 10.0.0.3 mesh g1',
      'tcp 10.0.0.2 mesh g1',
    ]);
    assert.deepEqual(probed(MESH, '10.0.0.4'), ['udp 10.0.0.3 mesh g2']);
    assert.deepEqual(probed(MESH, '10.9.9.9'), []);
  });

  test('none of its own addresses is a target', () => {
    assert.deepEqual(probed(MESH, '10.0.0.1', '10.0.0.2'), ['udp 10.0.0.3 mesh g1']);
  });

  test('targets have the defaults and the ports of the input', () => {
    const { targets } = read(MESH, '10.0.0.1');
    assert.deepEqual(targets[0], udpTarget({ mode: 'mesh', labels: { group: 'g1' } }));
    assert.deepEqual(targets[2], tcpTarget({ port: 7, mode: 'mesh', labels: { group: 'g1' } }));
  });

  test('an arrow goes from src to dst only; a single address is a list of one', () => {
    const arrow = 'arrow: { udp: { up: { src: [10.0.0.1, 10.0.0.2], dst: 10.0.0.9 } } }';
    assert.deepEqual(probed(arrow, '10.0.0.1'), ['udp 10.0.0.9 arrow up']);
    assert.deepEqual(probed(arrow, '10.0.0.9'), []);
  });

  test('a target in several groups is probed once', () => {
    const twice =
      'mesh: { udp: { a: [10.0.0.1, 10.0.0.2], b: [10.0.0.2, 10.0.0.1] } }\narrow: { udp: { c: { src: 10.0.0.1, dst: 10.0.0.2 } } }';
    assert.deepEqual(probed(twice, '10.0.0.1'), ['udp 10.0.0.2 mesh a']);
  });

  test('an address matches however it is written', () => {
    assert.deepEqual(probed('mesh: { udp: { a: ["FD00::1", "fd00:0::2"] } }', 'fd00::2'), ['udp fd00::1 mesh a']);
  });

  test('empty protocols and halves of arrows are warnings; placeholders are nobody', () => {
    const { targets, warnings } = read(
      'mesh: { udp: { a: [10.0.0.1, 0.0.0.0] }, tcp: null }\narrow: { udp: { up: { src: 10.0.0.1 } } }',
      '10.0.0.1',
      '0.0.0.0',
    );
    assert.deepEqual(targets, []);
    assert.deepEqual(warnings, ['mesh.tcp is empty', 'arrow.udp.up.dst is empty']);
  });

  test('RDMA targets are counted: they need a registry', () => {
    const { targets, warnings } = read('mesh: { roce: { a: [10.0.0.1, 10.0.0.2, 10.0.0.3] } }', '10.0.0.1');
    assert.deepEqual(targets, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^2 roce targets left out/);
  });

  test('every mistake is reported', () => {
    const text =
      'mash: {}\nmesh: { sctp: {}, udp: { a: [host, 1], b: { x: 1 } } }\narrow: { tcp: { c: [], d: { from: x } } }';
    assert.throws(
      () => read(text, '10.0.0.1'),
      (error: PinglistError) => {
        assert.deepEqual(
          error.issues.map(({ path }) => path),
          ['mash', 'mesh.sctp', 'mesh.udp.a[0]', 'mesh.udp.a[1]', 'mesh.udp.b', 'arrow.tcp.c', 'arrow.tcp.d.from'],
        );
        return true;
      },
    );
  });
});
