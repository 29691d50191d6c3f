/**
 * tcpdump as the judge: captures the STAMP packets at both ends and says, probe by probe, between which figures the network
 * round trip and the responder's delay must lie, with the same formula as weft but none of its code.
 *
 * A packet that arrives has one stamp, which a capture and a socket both read. A packet that is sent has none in common:
 * Linux stamps it for a capture of the sender, hands it over to that (2 to 10 µs), gives it to the driver, there stamps it
 * for the socket, hands that stamp over (0.5 to 3 µs), and puts the packet on the cable, where a capture at the far end
 * stamps it again. So the socket's stamp lies between two captures on any machine, however slow it is at the time.
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Host, Port } from './netns.js';
import { type CapturedPacket, parsePcap } from './pcap.js';
import { waitFor, withLimit } from './wait-for.js';

const SNAP_BYTES = 160;
const RING_KIB = 16_384;
/** Stamps in ns, no names, stay root. Without --immediate-mode: it would wake tcpdump, and so delay the sender, for each packet. */
const OPTIONS = ['--time-stamp-precision=nano', '-n', '-Z', 'root'];

/** The UDP packets of a host, both ways, in order. */
export interface HostPackets {
  /** Stamped at the host's own interface. */
  readonly near: readonly CapturedPacket[];
  /** Stamped at the other end of its cable. */
  readonly far: readonly CapturedPacket[];
}

export interface Capture {
  stop(): Promise<HostPackets>;
}

/** Captures what goes to and from that UDP port, of whichever host; resolves when the capture is running. */
export async function startCapture(host: Host, port: number): Promise<Capture> {
  const [near, far] = await Promise.all([tap(host, port), tap(host.farEnd, port)]);
  return {
    async stop() {
      const [atHost, atFarEnd] = await Promise.all([near(), far()]);
      return { near: atHost, far: atFarEnd };
    },
  };
}

/** Resolves, when it is running, to what ends it. */
async function tap(where: Port, port: number): Promise<() => Promise<CapturedPacket[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-capture-'));
  const file = join(folder, 'packets.pcap');
  const what = ['-i', where.device, '-w', file, '-s', String(SNAP_BYTES), '-B', String(RING_KIB)];
  const args = [...OPTIONS, ...what, 'udp', 'port', String(port)];
  const child = where.spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  if (child.stderr === null) throw new Error('tcpdump has no output');
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const counts = async (): Promise<{ captured: number; received: number }> => {
    child.kill('SIGUSR1');
    const [, captured, received] = await lineOf(lines, /(\d+) packets? captured, (\d+) packets? received by filter/);
    return { captured: Number(captured), received: Number(received) };
  };
  await lineOf(lines, /listening on/);
  return async () => {
    const { received } = await counts();
    // The kernel hands packets over in blocks, one that is not full after a second.
    await waitFor(`${received} packets to be captured`, async () => (await counts()).captured >= received);
    child.kill('SIGINT');
    await withLimit('the end of tcpdump', exited);
    const packets = parsePcap(await readFile(file));
    await rm(folder, { recursive: true });
    return packets;
  };
}

/** What the expression finds in the next line that has it. */
async function lineOf(lines: AsyncIterator<string>, wanted: RegExp): Promise<RegExpExecArray> {
  const said: string[] = [];
  for (;;) {
    const { done, value } = await withLimit(`${wanted} of tcpdump`, lines.next(), { seen: () => said.join('\n') });
    if (done === true) throw new Error(`tcpdump ended: ${said.join('\n')}`);
    const found = wanted.exec(value);
    if (found !== null) return found;
    said.push(value);
  }
}

/** ns; what the kernel's stamps of that probe give lies within. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export interface CapturedProbe {
  /** ns since the epoch, by the prober's clock. */
  readonly sentNs: bigint;
  /** (T5 − T2) − (T4 − T3) */
  readonly networkRtt: Bounds;
  /** T4 − T3 */
  readonly responderDelay: Bounds;
}

/** The probes of which both captures hold all packets, in the order in which they were sent. */
export function capturedProbes(atProber: HostPackets, atReflector: HostPackets, port: number): CapturedProbe[] {
  const [prober, proberFar] = [new Stamps(atProber.near, port), new Stamps(atProber.far, port)];
  const [reflector, reflectorFar] = [new Stamps(atReflector.near, port), new Stamps(atReflector.far, port)];
  const captured: CapturedProbe[] = [];
  for (const [probe, sentNs] of prober.probes) {
    const onCableNs = proberFar.probes.get(probe);
    const t3 = reflector.probes.get(probe);
    const answeredNs = reflector.answers.get(probe);
    const answerOnCableNs = reflectorFar.answers.get(probe);
    const t5 = prober.answers.get(probe);
    if (onCableNs === undefined || t3 === undefined || answeredNs === undefined) continue;
    if (answerOnCableNs === undefined || t5 === undefined) continue;
    const responderDelay = { low: Number(answeredNs - t3), high: Number(answerOnCableNs - t3) };
    const low = Number(t5 - onCableNs) - responderDelay.high;
    const high = Number(t5 - sentNs) - responderDelay.low;
    captured.push({ sentNs, networkRtt: { low, high }, responderDelay });
  }
  return captured;
}

/** When one tap saw each probe and its answer. A probe is known by the prober's port and its sequence number. */
class Stamps {
  readonly probes = new Map<string, bigint>();
  /** The first ones: a follow-up has the same sequence number and comes later. */
  readonly answers = new Map<string, bigint>();

  constructor(packets: readonly CapturedPacket[], port: number) {
    for (const { sourcePort, destinationPort, payload, timeNs } of packets) {
      const isProbe = destinationPort === port;
      const seen = isProbe ? this.probes : this.answers;
      const key = `${isProbe ? sourcePort : destinationPort}/${payload.readUInt32BE(0)}`;
      if (!seen.has(key)) seen.set(key, timeNs);
    }
  }
}
