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
  const { bytes = 40, iterations = 1000, events = false } = options;
  const command = async (guest: Guest): Promise<string> =>
    `ib_send_lat -c UD -F -d ${guest.rdmaDevice} -x ${await gidIndex(guest)} -p ${PORT} -s ${bytes} -n ${iterations}${events ? ' -e' : ''}`;
  const [server, client] = await Promise.all([command(to), command(from)]);
  const answering = to.start(server);
  try {
    await to.exec(`until ss -Hltn 'sport = :${PORT}' | grep -q LISTEN; do sleep 0.02; done`);
    return parse(await from.exec(`${client} ${to.address}`, { timeoutMs: LIMIT_MS }));
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

/** Columns of its one row: bytes, iterations, min, max, typical, mean, deviation, 99 %, 99.9 %; times in µs. */
function parse(output: string): SendLatency {
  const row = /^ *\d+ +\d+ +[\d.]+.*$/m.exec(output)?.[0].trim().split(/\s+/).map(Number);
  if (row === undefined || row.length < 9 || row.some(Number.isNaN)) throw new Error(`ib_send_lat says\n${output}`);
  const [, iterations = 0, min = 0, max = 0, typical = 0, mean = 0, , p99 = 0] = row;
  const ns = (us: number): number => Math.round(us * 1000);
  return { iterations, minNs: ns(min), medianNs: ns(typical), meanNs: ns(mean), p99Ns: ns(p99), maxNs: ns(max) };
}
