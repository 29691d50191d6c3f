/**
 * tcpdump as the judge: captures the STAMP packets at both ends and computes the network round trip of every probe from
 * four stamps, with the same formula as weft but none of its code.
 *
 * A host's packets are taken where they arrive: at the host what comes in, at the far end of its cable what it has sent.
 * On the way out Linux stamps a packet for the capture, then spends microseconds on handing it to tcpdump, and only then
 * gives it to the driver: a capture of outgoing packets is early by more than a whole round trip here takes.
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, Port } from './netns.js';
import { type CapturedPacket, parsePcap } from './pcap.js';

const SNAP_BYTES = 160;
const RING_KIB = 16_384;
/** Stamps in ns, hand over each packet at once (nothing is missing at the end), no names, stay root. */
const OPTIONS = ['--time-stamp-precision=nano', '--immediate-mode', '-n', '-Z', 'root'];

export interface Capture {
  /** Ends the capture and returns the host's packets in order. */
  stop(): Promise<CapturedPacket[]>;
}

/** Captures UDP packets to and from `port` of the host, both ways; resolves when the capture is running. */
export async function startCapture(host: Host, port: number): Promise<Capture> {
  const both = await Promise.all([host, host.farEnd].map((where) => captureArriving(where, port)));
  return {
    async stop() {
      const packets = await Promise.all(both.map((capture) => capture.stop()));
      return packets.flat().sort((a, b) => Number(a.timeNs - b.timeNs));
    },
  };
}

async function captureArriving(where: Port, port: number): Promise<Capture> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-capture-'));
  const file = join(folder, 'packets.pcap');
  const what = ['-i', where.device, '-Q', 'in', '-w', file, '-s', String(SNAP_BYTES), '-B', String(RING_KIB)];
  const child = where.spawn('tcpdump', [...OPTIONS, ...what, 'udp', 'port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('listening on')) resolve();
    });
    child.once('error', reject);
    exited.then(() => reject(new Error(`tcpdump ended: ${said}`)), reject);
  });
  return {
    async stop() {
      child.kill('SIGINT');
      await exited;
      const packets = parsePcap(await readFile(file));
      await rm(folder, { recursive: true });
      return packets;
    },
  };
}

/** Per probe: (answer in − probe out) at the prober − (answer out − probe in) at the reflector, ns. */
export function networkRttsNs(atProber: CapturedPacket[], atReflector: CapturedPacket[], port: number): number[] {
  const reflector = roundTrips(atReflector, port);
  const rtts: number[] = [];
  for (const [probe, outsideNs] of roundTrips(atProber, port)) {
    const insideNs = reflector.get(probe);
    if (insideNs !== undefined) rtts.push(outsideNs - insideNs);
  }
  return rtts;
}

/** Time from the probe to its first answer (a follow-up has the same sequence number and comes later), by probe. */
function roundTrips(packets: readonly CapturedPacket[], port: number): Map<string, number> {
  const probes = new Map<string, bigint>();
  const trips = new Map<string, number>();
  for (const packet of packets) {
    const isProbe = packet.destinationPort === port;
    const key = `${isProbe ? packet.sourcePort : packet.destinationPort}/${packet.payload.readUInt32BE(0)}`;
    const sentNs = probes.get(key);
    if (isProbe) probes.set(key, packet.timeNs);
    else if (sentNs !== undefined && !trips.has(key)) trips.set(key, Number(packet.timeNs - sentNs));
  }
  return trips;
}
