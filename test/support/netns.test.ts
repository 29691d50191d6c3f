import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { capturedProbes, startCapture } from './capture.js';
import { createNet, type Host, type Net, netnsUnavailable } from './netns.js';
import { dropArriving, dropCounts, stopDropping } from './nftables.js';

const PORT = 4711;
const ECHO = `const s = require('node:dgram').createSocket(process.argv[1]);
s.on('message', (m, r) => { s.send(m, r.port, r.address); s.send(m, r.port, r.address); });
s.bind(${PORT}, () => console.log('bound'));`;
/** Sends 10 numbered packets and prints how many were answered, once all were or after a second of silence. */
const SEND = `const s = require('node:dgram').createSocket(process.argv[1]);
const answered = new Set();
const end = () => { console.log(answered.size); s.close(); };
let silence = setTimeout(end, 1000);
s.on('message', (m) => { answered.add(m.readUInt32BE(0)); clearTimeout(silence);
  if (answered.size === 10) end(); else silence = setTimeout(end, 1000); });
for (let n = 0; n < 10; n += 1) { const m = Buffer.alloc(44); m.writeUInt32BE(n); s.send(m, ${PORT}, process.argv[2]); }`;

async function startEcho(host: Host, family: 'udp4' | 'udp6'): Promise<void> {
  const child = host.spawn(process.execPath, ['-e', ECHO, family], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
}

const send = (from: Host, family: string, address: string): number =>
  Number(from.exec(process.execPath, ['-e', SEND, family, address]));

describe('network namespaces as hosts', { skip: netnsUnavailable() ?? false }, () => {
  let net: Net;
  before(() => {
    net = createNet(3);
  });
  after(() => net.close());

  it('joins them over IPv4, where a capture sees both ends of every packet', async () => {
    const [prober, reflector] = net.hosts;
    await startEcho(reflector, 'udp4');
    const captures = await Promise.all([prober, reflector].map((host) => startCapture(host, PORT)));
    assert.equal(send(prober, 'udp4', reflector.address4), 10);
    const [atProber, atReflector] = await Promise.all(captures.map((capture) => capture.stop()));
    for (const { near, far } of [atProber!, atReflector!]) {
      assert.deepEqual([near.length, far.length], [30, 30], '10 probes, each answered twice');
    }
    const probes = capturedProbes(atProber!, atReflector!, PORT);
    assert.equal(probes.length, 10);
    for (const { networkRtt, responderDelay } of probes) {
      assert.ok(networkRtt.low > 0, `a round trip takes time, not ${networkRtt.low} ns`);
      assert.ok(networkRtt.low < networkRtt.high && responderDelay.low < responderDelay.high);
    }
  });

  it('joins them over IPv6', async () => {
    const [prober, , reflector] = net.hosts;
    await startEcho(reflector!, 'udp6');
    assert.equal(send(prober, 'udp6', reflector!.address6), 10);
  });

  it('drops the first packets, a share of them, or all of one port, and counts them', async () => {
    const [prober, reflector] = net.hosts;
    dropArriving(reflector, { port: PORT, first: 3 });
    assert.equal(send(prober, 'udp4', reflector.address4), 7);
    assert.deepEqual(dropCounts(reflector), { seen: 10, dropped: 3 });
    dropArriving(reflector, { port: PORT, share: 0.5 });
    const answered = send(prober, 'udp4', reflector.address4);
    assert.deepEqual(dropCounts(reflector), { seen: 10, dropped: 10 - answered });
    dropArriving(reflector, { port: PORT });
    assert.equal(send(prober, 'udp4', reflector.address4), 0);
    dropArriving(reflector, { port: PORT + 1 });
    assert.equal(send(prober, 'udp4', reflector.address4), 10);
    assert.deepEqual(dropCounts(reflector), { seen: 0, dropped: 0 });
    stopDropping(reflector);
  });

  it('leaves nothing behind, and sweeps up what a dead process left', () => {
    const dead = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
    const orphan = `weft-test-${dead}-1-h1`;
    execFileSync('ip', ['netns', 'add', orphan]);
    const own = createNet();
    const names = (): string => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    assert.ok(!names().includes(orphan));
    assert.ok(names().includes(own.hosts[0].namespace));
    own.close();
    own.close();
    assert.ok(!names().includes(own.hosts[0].namespace));
  });
});
