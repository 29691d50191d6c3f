/** `weft ping tcp` between two hosts (network namespaces), one of which loses SYNs or has them turned away. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createNet, type Host, type Net, netnsUnavailable } from '../support/netns.js';
import { WEFT } from '../support/weft-process.js';

const OPEN_PORT = 8620;
const SILENT_PORT = 8621;
const UNREACHABLE_PORT = 8622;
const SERVER = `require('node:net').createServer((s) => s.on('error', () => {})).listen(${OPEN_PORT}, () => console.log('up'))`;
/** The first SYN to the open port never arrives. */
const RULES = `table inet weft_test {
  chain arriving {
    type filter hook input priority 0; policy accept;
    tcp dport ${OPEN_PORT} tcp flags & (syn | ack) == syn limit rate 1/day burst 1 packets drop
    tcp dport ${SILENT_PORT} drop
    tcp dport ${UNREACHABLE_PORT} reject with icmp type host-unreachable
  }
}`;

describe('weft ping tcp over a network that loses', { skip: netnsUnavailable() ?? false }, () => {
  let net: Net;
  let prober: Host;
  let peer: Host;
  let server: ChildProcess;

  before(async () => {
    net = createNet();
    [prober, peer] = net.hosts;
    server = peer.spawn(process.execPath, ['-e', SERVER]);
    if (server.stdout !== null) await once(server.stdout, 'data');
    peer.exec('nft', ['-f', '-'], RULES);
  });
  after(() => net.close());

  function ping(port: number, ...options: readonly string[]): { code: number | null; stdout: string } {
    const weft = [process.execPath, WEFT, 'ping', 'tcp', `${peer.address4}:${port}`, '-i', '100ms', ...options];
    const { status, stdout } = spawnSync('ip', ['netns', 'exec', prober.namespace, ...weft], { encoding: 'utf8' });
    return { code: status, stdout };
  }

  it('counts a SYN that was sent again, and shows no round trip for it', () => {
    const { code, stdout } = ping(OPEN_PORT, '-n', '2');
    assert.match(stdout, /^ +1 +0 +\d+ +- +\d\S*s +1$/m);
    assert.match(stdout, /^ +2 +0 +\d+ +\d\S*s +\d\S*s +0$/m);
    assert.match(
      stdout,
      /^2 sent, 2 answered, 0 lost \(0% loss\)\nSYNs sent again: 1, drop rate 50% \(1 of 2 connections\)$/m,
    );
    assert.equal(code, 0);
  });

  it('counts the SYNs of a probe that silence ended', () => {
    const { code, stdout } = ping(SILENT_PORT, '-n', '1', '-w', '2s');
    assert.match(stdout, /^ +1 +0 +\d+ +- +- +1 {2}timeout$/m);
    assert.match(stdout, /^1 sent, 0 answered, 1 lost \(100% loss\)\nSYNs sent again: 1, drop rate unknown/m);
    assert.equal(code, 1);
  });

  it('names the errno of a host that is said to be unreachable', () => {
    const { code, stdout } = ping(UNREACHABLE_PORT, '-n', '1');
    assert.match(stdout, /^ +1 +0 +\d+ +- +- +0 {2}timeout EHOSTUNREACH$/m);
    assert.match(stdout, /^unreachable: 1 of the lost$/m);
    assert.equal(code, 1);
  });
});
