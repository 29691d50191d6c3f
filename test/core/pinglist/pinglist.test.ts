import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDocument } from '../../../core/pinglist/document.js';
import { PinglistError } from '../../../core/pinglist/issues.js';
import { MAX_TARGETS } from '../../../core/pinglist/limits.js';
import { parsePinglist } from '../../../core/pinglist/pinglist.js';
import type { Pinglist } from '../../../core/target.js';
import { rdmaTarget, tcpTarget, udpTarget } from './targets.js';

function parse(text: string, file = 'list.json'): Pinglist {
  const { data, locate } = readDocument(text, file);
  return parsePinglist(data, { file, locate });
}

function mistakes(data: unknown): string[] {
  try {
    parsePinglist(data, { file: 'list.json' });
  } catch (error) {
    assert.ok(error instanceof PinglistError);
    return error.issues.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const targets = (...entries: unknown[]) => ({ version: 1, targets: entries });
const udp = (extra: object = {}) => ({ transport: 'udp', dst: 'b', address: '10.0.0.2', ...extra });
const tcp = (extra: object = {}) => ({ transport: 'tcp', dst: 'b', address: '10.0.0.2', port: 80, ...extra });

describe('pinglist version 1', () => {
  test('the example of the design, with its defaults', () => {
    const text = `{ "version": 1, "revision": "7", "targets": [
      { "transport": "udp", "dst": "host-b", "address": "10.0.0.2", "port": 863, "interval": "1s", "timeout": "250ms",
        "paths": 4, "first_path": 253, "payload_bytes": 100, "dscp": 46, "ttl": 9, "mode": "tor-mesh", "plain": true, "labels": { "tor": "t2" } },
      { "transport": "udp", "dst": "host-c", "address": "2001:DB8::1" },
      { "transport": "tcp", "dst": "host-c", "address": "10.0.0.3", "port": 80 },
      { "transport": "rdma-ud", "dst": "host-c", "device": "mlx5_0", "gid": "::FFFF:10.0.0.3", "qpn": 4711, "lid": 0,
        "interval": "100ms" } ] }`;
    const { revision, targets: parsed } = parse(text);
    assert.equal(revision, '7');
    assert.deepEqual(parsed, [
      udpTarget({
        dst: 'host-b',
        port: 863,
        timeoutMs: 250,
        paths: 4,
        firstPath: 253,
        payloadBytes: 100,
        dscp: 46,
        ttl: 9,
        mode: 'tor-mesh',
        plain: true,
        labels: { tor: 't2' },
      }),
      udpTarget({ dst: 'host-c', address: '2001:db8::1' }),
      tcpTarget({ dst: 'host-c', address: '10.0.0.3', port: 80 }),
      rdmaTarget({ dst: 'host-c', gid: '::ffff:10.0.0.3', qpn: 4711, device: 'mlx5_0', intervalMs: 100 }),
    ]);
  });

  test('a TCP target that asks by HTTP', () => {
    const { targets: parsed } = parse(JSON.stringify(targets(tcp({ http: { path: '/up?a=1', status: 204 } }))));
    const http = { path: '/up?a=1', host: '', status: 204 };
    assert.deepEqual(parsed, [tcpTarget({ dst: 'b', http })]);
  });

  test('YAML says the same as JSON', () => {
    const yaml = 'version: 1\ntargets:\n  - { transport: udp, dst: b, address: 10.0.0.2 }\n';
    assert.deepEqual(parse(yaml, 'list.yaml'), parse(JSON.stringify(targets(udp()))));
    assert.deepEqual(parse(JSON.stringify(targets(udp())), 'list.yaml').targets.length, 1);
  });

  test('an empty list is a valid list', () => {
    assert.deepEqual(parsePinglist(targets(), { file: 'x' }).targets, []);
  });

  test('equal targets have an equal revision, others have not', () => {
    const revision = (...entries: unknown[]) => parsePinglist(targets(...entries), { file: 'x' }).revision;
    assert.equal(revision(udp()), revision(udp({ interval: '1000ms' })));
    assert.notEqual(revision(udp()), revision(udp({ interval: '2s' })));
  });

  test('the data is not changed', () => {
    const data = Object.freeze({ version: 1, targets: Object.freeze([Object.freeze(udp())]) });
    assert.equal(parsePinglist(data, { file: 'x' }).targets.length, 1);
  });

  const cases: [string, unknown, RegExp][] = [
    ['a list', [], /^: expected a map, found a list$/],
    ['nothing', null, /^: expected a map, found nothing$/],
    ['no version', { targets: [] }, /^: the option "version" is missing/],
    ['another version', { version: 2, targets: [] }, /^version: expected 1, found the number 2$/],
    ['no targets', { version: 1 }, /^: the option "targets" is missing/],
    [
      'unknown key',
      { version: 1, targts: [], targets: [] },
      /^targts: unknown option "targts"; did you mean "targets"\?$/,
    ],
    ['a target of another type', targets('10.0.0.2'), /^targets\[0\]: expected a target \(a map\), found "10.0.0.2"$/],
    [
      'no transport',
      targets({ dst: 'b' }),
      /^targets\[0\]\.transport: expected a transport, found nothing; valid are: rdma-ud/,
    ],
    ['unknown transport', targets(udp({ transport: 'upd' })), /transport, found "upd"; did you mean "udp"\?$/],
    ['no dst', targets({ transport: 'udp', address: '::1' }), /^targets\[0\]: the option "dst" is missing/],
    ['empty dst', targets(udp({ dst: '' })), /^targets\[0\]\.dst: must not be empty$/],
    ['a name as address', targets(udp({ address: 'host-b' })), /address: expected an IPv4 or IPv6 .* found "host-b"$/],
    ['tcp without port', targets(udp({ transport: 'tcp' })), /^targets\[0\]: the option "port" is missing/],
    ['port 0', targets(udp({ port: 0 })), /port: expected at least 1, found the number 0$/],
    [
      'port as text',
      targets(udp({ port: '862' })),
      /port: expected an integer, found "862"; leave out the quotes: 862$/,
    ],
    [
      'misspelt key',
      targets(udp({ pyload_bytes: 5 })),
      /pyload_bytes: unknown option .* did you mean "payload_bytes"\?$/,
    ],
    [
      'http and payload',
      targets(tcp({ http: {}, payload_bytes: 1 })),
      /^targets\[0\]\.http: expected either "http" or/,
    ],
    ['a path without slash', targets(tcp({ http: { path: 'x' } })), /^targets\[0\]\.http\.path: /],
    ['a second header', targets(tcp({ http: { host: 'a\r\nX: 1' } })), /^targets\[0\]\.http\.host: /],
    ['http on udp', targets(udp({ http: {} })), /http: unknown option/],
    ['plain on tcp', targets(udp({ transport: 'tcp', port: 1, plain: true })), /plain: unknown option/],
    [
      'a number as interval',
      targets(udp({ interval: 1 })),
      /interval: expected a duration .* found the number 1; add a unit$/,
    ],
    ['interval without unit', targets(udp({ interval: '1' })), /interval: expected a duration .* found "1"$/],
    ['interval too short', targets(udp({ interval: '9ms' })), /interval: expected at least 10ms, found "9ms"$/],
    ['timeout too long', targets(udp({ timeout: '61s' })), /timeout: expected at most 1m, found "61s"$/],
    ['paths', targets(udp({ paths: 257 })), /paths: expected at most 256, found the number 257$/],
    ['payload', targets(udp({ payload_bytes: 9001 })), /payload_bytes: expected at most 8972,/],
    ['first path', targets(udp({ first_path: 256 })), /first_path: expected at most 255,/],
    ['dscp', targets(udp({ dscp: 64 })), /dscp: expected at most 63,/],
    ['ttl', targets(udp({ ttl: 0 })), /ttl: expected at least 1,/],
    ['label name', targets(udp({ labels: { 'to-r': 'x' } })), /labels\.to-r: "to-r" is not a valid name here/],
    ['label value', targets(udp({ labels: { tor: 1 } })), /labels\.tor: expected a string, found the number 1/],
    [
      'gid',
      targets({ transport: 'rdma-ud', dst: 'b', gid: '10.0.0.2', qpn: 1 }),
      /gid: expected a GID .* found "10.0.0.2"$/,
    ],
    ['qpn', targets({ transport: 'rdma-ud', dst: 'b', gid: '::1', qpn: 2 ** 24 }), /qpn: expected at most 16777215,/],
    ['twins', targets(udp(), udp()), /^targets\[1\]: the same target as targets\[0\]$/],
  ];
  for (const [name, data, expected] of cases) {
    test(`refused: ${name}`, () => {
      const [first, ...rest] = mistakes(data);
      assert.match(first ?? 'nothing', expected);
      assert.deepEqual(rest, []);
    });
  }

  test('all mistakes at once, but a bounded number of them', () => {
    const bad = Array.from({ length: 80 }, () => ({ transport: 'udp', dst: '', port: 0 }));
    assert.throws(
      () => parsePinglist(targets(...bad), { file: 'list.json' }),
      (error: PinglistError) => {
        assert.equal(error.code, 'WEFT_PINGLIST');
        assert.equal(error.issues.length, 50);
        assert.equal(error.total, 240);
        assert.match(error.message, /… and 190 more$/);
        return true;
      },
    );
  });

  test('a mistake has its line and column, in YAML and in JSON', () => {
    const yaml =
      'version: 1\ntargets:\n  - transport: udp\n    dst: b\n    address: 10.0.0.2\n    port: x\n    prot: 1\n';
    const json =
      '{ "version": 1,\n  "targets": [\n    { "transport": "udp", "dst": "b",\n      "address": "10.0.0.2", "port": "x", "prot": 1 } ] }';
    const places = (text: string, file: string) => {
      try {
        parse(text, file);
      } catch (error) {
        return (error as PinglistError).issues.map(({ line, column, path }) => `${line}:${column} ${path}`).sort();
      }
      return [];
    };
    assert.deepEqual(places(yaml, 'l.yaml'), ['6:11 targets[0].port', '7:5 targets[0].prot']);
    assert.deepEqual(places(json, 'l.json'), ['4:38 targets[0].port', '4:43 targets[0].prot']);
  });

  test('text that is neither JSON nor YAML', () => {
    assert.throws(() => parse('{ "version": 1,\n  "targets": [ }', 'l.json'), /l\.json:2:16: not JSON/);
    assert.throws(() => parse('{ "version": 1,\n  "targets": [', 'l.json'), /l\.json:2:15: not JSON/);
    assert.throws(() => parse('version: 1\ntargets: [', 'l.yaml'), /l\.yaml:2:.*not valid YAML/);
  });

  test('lists that are too long are refused before they are read', () => {
    assert.throws(() => parse(`"${'x'.repeat(64 * 1024 * 1024)}"`), /the limit is 67108864/);
    assert.throws(
      () => parse(`version: 1 # ${'x'.repeat(4 * 1024 * 1024)}`, 'l.yaml'),
      /write a list of this length as JSON/,
    );
    const tooMany = { version: 1, targets: new Array(MAX_TARGETS + 1).fill(0) };
    assert.deepEqual(mistakes(tooMany), ['targets: 100001 targets, the limit is 100000']);
  });
});
