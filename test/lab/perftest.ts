/** The judge of latencies: perftest's `ib_send_lat`, which knows nothing of weft. */

import type { Guest } from './guest.js';
import { mappedGid } from './wire.js';

export interface SendLatencyOptions {
  /** Of each message. Default 40, a probe's payload. */
  readonly bytes?: number;
  /** Default 1000. */
  readonly iterations?: number;
  /** Wait for completions asleep, as weft does, instead of spinning, which takes the peer's CPU. Default false. */
  readonly events?: boolean;
  /** The client spins for so long before each message; not in what is returned. Default 0. */
  readonly gapUs?: number;
}

/**
 * **Half** a round trip each, ns: `ib_send_lat` times the ping and the pong together, between two looks at the clock in the
 * program, and halves. A pong is sent by the peer's program, so all of both programs' time is in it too.
 */
export interface SendLatency {
  readonly iterations: number;
  readonly minNs: number;
  /** The median (`t_typical`). */
  readonly medianNs: number;
  readonly meanNs: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

const PORT = 18515;
const LIMIT_MS = 120_000;

/** Runs `ib_send_lat -c UD` from one guest to the other. A lost message is final on UD: no losses, please. */
export async function sendLatency(from: Guest, to: Guest, options: SendLatencyOptions = {}): Promise<SendLatency> {
  const { bytes = 40, iterations = 1000, events = false, gapUs = 0 } = options;
  // In cycles (-C): where the machine was busy, the rate that it measures for itself is off by up to a third.
  const command = async (guest: Guest): Promise<string> =>
    `ib_send_lat -c UD -F -C -d ${guest.rdmaDevice} -x ${await gidIndex(guest)} -p ${PORT} -s ${bytes} -n ${iterations}${events ? ' -e' : ''}`;
  const [server, client] = await Promise.all([command(to), command(from)]);
  const answering = to.start(server);
  try {
    await to.exec(`until ss -Hltn 'sport = :${PORT}' | grep -q LISTEN; do sleep 0.02; done`);
    const gap = gapUs > 0 ? ` --latency_gap=${gapUs}` : '';
    const output = await from.exec(`${client}${gap} ${to.address}`, { timeoutMs: LIMIT_MS });
    return parse(output, await tscKhz(from), gapUs);
  } catch (error) {
    throw new Error(`ib_send_lat: ${answering.stdout}${answering.stderr}`, { cause: error });
  } finally {
    await answering.destroy();
  }
}

async function gidIndex(guest: Guest): Promise<number> {
  const gids = `/sys/class/infiniband/${guest.rdmaDevice}/ports/1/gids`;
  const path = await guest.exec(`grep -ls ${mappedGid(guest.address)} ${gids}/[0-7]`);
  return Number(path.trim().split('/').at(-1));
}

/** Of the counter whose cycles it prints. */
async function tscKhz(guest: Guest): Promise<number> {
  const khz = /tsc_early_khz=(\d+)/.exec(await guest.exec('cat /proc/cmdline'))?.[1];
  if (khz === undefined) throw new Error(`${guest.name} was not told the rate of its counter`);
  return Number(khz);
}

/**
 * Columns of its one row: bytes, iterations, min, max, typical, mean, deviation, 99 %, 99.9 %; times in cycles, of which
 * each has half of the gap: it is the time from post to post that is halved. The deviation is beyond its numbers (`-nan`).
 */
function parse(output: string, khz: number, gapUs: number): SendLatency {
  const line = /^ *\d+ +\d+ +[\d.]+.*$/m.exec(output)?.[0].replace('-nan', '0');
  const row = line?.trim().split(/\s+/).map(Number);
  if (row === undefined || row.length < 9 || row.some(Number.isNaN)) throw new Error(`ib_send_lat says\n${output}`);
  const [, iterations = 0, min = 0, max = 0, typical = 0, mean = 0, , p99 = 0] = row;
  const ns = (cycles: number): number => Math.round((cycles / khz) * 1e6 - (gapUs * 1000) / 2);
  return { iterations, minNs: ns(min), medianNs: ns(typical), meanNs: ns(mean), p99Ns: ns(p99), maxNs: ns(max) };
}
