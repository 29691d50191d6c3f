/** What the rows of a mesh cost: to write at an agent, and to read at a listener that 10 000 agents push to. */

import { Distribution } from '../core/distribution.js';
import { count, distribution, type Field, type Metric } from '../core/metric.js';
import { inflate, pack, parseJson } from '../plugins/common/grid/packing.js';
import { decodeRows } from '../plugins/common/grid/row-decoder.js';
import { encodeRows, rowsDocument } from '../plugins/common/grid/row-encoder.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { median } from './statistics.js';

const AGENTS = 10_000;
const TARGETS = 30;
const WINDOW_MS = 10_000;
/** One a second in a window of 10 s. */
const PROBES = 10;
/** Of the agents' documents; all of them would be alike. */
const SAMPLE = 500;
const MAX_BYTES = 16 * 1024 * 1024;
/** Well under half a core: the rest of it is for HTTP, the pipeline and the outputs. */
const BUDGET_PERCENT = 40;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const windows = Array.from({ length: SAMPLE }, (_, agent) => windowOf(agent));
  const bodies: Buffer[] = [];
  const write = await cpuMs(async () => {
    for (const metrics of windows) bodies.push(await pack(rowsDocument(encodeRows(metrics, WINDOW_MS).rows)));
  });
  const read: number[] = [];
  for (let round = 0; round < (quick ? 3 : 9); round += 1) {
    read.push(
      await cpuMs(async () => {
        for (const body of bodies) decodeRows(parseJson(await inflate(body, MAX_BYTES)));
      }),
    );
  }
  const percent = ((median(read) / SAMPLE) * AGENTS * 100) / WINDOW_MS;
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  return [
    { name: `write a row of ${TARGETS} targets`, value: (write / SAMPLE) * 1e3, unit: 'µs' },
    { name: 'a target on the wire, compressed', value: bytes / SAMPLE / TARGETS, unit: 'bytes' },
    {
      name: `read the rows of ${AGENTS} agents with ${TARGETS} targets each 10 s`,
      value: percent,
      unit: '% of a core',
      budget: `≤ ${BUDGET_PERCENT} %`,
      ok: percent <= BUDGET_PERCENT,
    },
  ];
}

/** User and system time of this process, all threads: zlib works in the pool's. */
async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

function windowOf(agent: number): Metric[] {
  return Array.from({ length: TARGETS }, (_, i) => ({
    name: 'probe',
    tags: {
      transport: 'udp',
      src: `host-${agent}`,
      dst: `host-${(agent + 40 * i) % AGENTS}`,
      clock: 'kernel',
      mode: 'inter-tor',
      src_tor: `tor-${Math.floor(agent / 40)}`,
      src_pod: 'pod-1',
      dst_tor: `tor-${(Math.floor(agent / 40) + i) % 250}`,
      dst_pod: 'pod-2',
    },
    fields: fields(),
    timeNs: 1_767_225_610_000_000_000n,
  }));
}

function fields(): Record<string, Field> {
  return {
    ...Object.fromEntries(
      ['sent', 'success', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'].map((name, i) => {
        return [name, count(i < 2 ? PROBES : 0, 'probes')];
      }),
    ),
    network_rtt: distribution(spread(20_000)),
    prober_delay: distribution(spread(50_000)),
    responder_delay: distribution(spread(30_000)),
  };
}

/** Every value in a bucket of its own, nearly: the most there is to read. */
function spread(middleNs: number): Distribution {
  const values = new Distribution();
  for (let i = 0; i < PROBES; i += 1) values.record(middleNs * (0.5 + 2 * Math.random()));
  return values;
}
