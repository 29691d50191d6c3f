/** Scapy's STAMP layer (another reading of the RFCs) as the encoder and decoder of both sides. */

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createUdpProber, createUdpReflector, port, setTargets } from '../../native/index.js';
import { startPump } from '../support/engine-pump.js';

/** Debian's python3-scapy belongs to the system's Python, not to the first one in the path. */
const PYTHON = '/usr/bin/python3';
const IMPORT = `from scapy.layers.inet import UDP
from scapy.contrib.stamp import *
# Scapy 2.5 looks for the UDP length in pkt.parent, which it sets for nested fields only.
for layer in STAMPSessionSenderTestUnauthenticated, STAMPSessionReflectorTestUnauthenticated:
    layer.fields_desc[-1].length_from = lambda pkt: pkt.underlayer.len - 8 - 44`;

const ASK = `${IMPORT}
import json, socket, sys
tlvs = [STAMPTestTLV(flags=0x80, type=7, len=16, value=bytes(16)), STAMPTestTLV(flags=0x80, type=200, len=3, value=b'abc')]
probe = STAMPSessionSenderTestUnauthenticated(seq=77, ts=1, err_estimate=ErrorEstimate(Z=1, multiplier=1), ssid=99,
                                              tlv_objects=tlvs)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.sendto(bytes(probe), ('127.0.0.1', int(sys.argv[1])))
raw = s.recv(9000)
a = UDP(bytes(UDP(sport=862, dport=1, len=8 + len(raw))) + raw)[STAMPSessionReflectorTestUnauthenticated]
print(json.dumps(dict(sent=len(bytes(probe)), got=len(raw), seq=a.seq, ssid=a.ssid, z=a.err_estimate.Z,
    multiplier=a.err_estimate.multiplier, seqSender=a.seq_sender, zSender=a.err_estimate_sender.Z, mbz=[a.mbz1, a.mbz2],
    ttl=a.ttl_sender, tlvs=[[int(t.flags), t.type, t.len, bytes(t.value).hex()] for t in a.tlv_objects])))
`;
const DECODE = `${IMPORT}
import json, sys
raw = bytes.fromhex(sys.argv[1])
p = UDP(bytes(UDP(sport=1, dport=862, len=8 + len(raw))) + raw)[STAMPSessionSenderTestUnauthenticated]
print(json.dumps(dict(seq=p.seq, z=p.err_estimate.Z, multiplier=p.err_estimate.multiplier, mbz=p.mbz,
    tlvs=[[int(t.flags), t.type, t.len] for t in p.tlv_objects])))
`;

const unavailable = (): string | false =>
  spawnSync(PYTHON, ['-c', IMPORT]).status === 0 ? false : 'scapy is missing: apt-get install python3-scapy';

async function scapy<T>(script: string, argument: string): Promise<T> {
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', script, argument]);
  return JSON.parse(stdout) as T;
}

describe('scapy', { skip: unavailable() }, () => {
  it('gets a correct answer from the reflector', async () => {
    const options = { address: '127.0.0.1', port: 0, allowedPrefixes: [], rateLimit: 0, timestamps: 'auto' as const };
    const engine = createUdpReflector({ ...options, key: new Uint8Array() });
    const pump = startPump(engine);
    try {
      const answer = await scapy<Record<string, unknown>>(ASK, String(port(engine)));
      assert.equal(answer.got, answer.sent);
      assert.deepEqual([answer.seq, answer.seqSender, answer.ssid], [77, 77, 99]);
      assert.deepEqual([answer.z, answer.zSender, answer.ttl, answer.mbz], [1, 1, 64, [0, 0]]);
      assert.notEqual(answer.multiplier, 0);
      assert.deepEqual(answer.tlvs, [
        [0, 7, 16, '00'.repeat(16)],
        [0x80, 200, 3, '616263'],
      ]);
    } finally {
      await pump.stop();
    }
  });

  it('understands what the prober sends', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const engine = createUdpProber({
      sourceAddress4: '',
      sourceAddress6: '',
      timestamps: 'auto',
      key: new Uint8Array(),
    });
    const target = { id: 1, address: '127.0.0.1', port: socket.address().port, intervalUs: 50_000, timeoutUs: 50_000 };
    setTargets(engine, [{ ...target, paths: 1, payloadBytes: 44, dscp: 0, ttl: 64, plain: false }]);
    const pump = startPump(engine);
    try {
      const [packet] = (await once(socket, 'message')) as [Buffer];
      const probe = await scapy<{ seq: number; z: number; multiplier: number; mbz: number; tlvs: number[][] }>(
        DECODE,
        packet.toString('hex'),
      );
      assert.equal(probe.seq, packet.readUInt32BE(0));
      assert.deepEqual([probe.z, probe.mbz], [1, 0]);
      assert.notEqual(probe.multiplier, 0);
      assert.ok(
        probe.tlvs.some(([flags, type]) => flags === 0x80 && type === 241),
        'asks for a follow-up',
      );
      const tlvBytes = probe.tlvs.reduce((sum, [, , length]) => sum + 4 + length!, 0);
      assert.equal(44 + tlvBytes, packet.length, 'the TLVs fill the packet');
    } finally {
      await pump.stop();
      socket.close();
    }
  });
});
