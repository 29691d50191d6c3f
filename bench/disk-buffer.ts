/** What a disk buffer costs beside the least there is: the same lines appended to one file, with one sync a batch. */

import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.js';
import { silentLogger } from '../core/log.js';
import type { Metric } from '../core/metric.js';
import { DiskBuffer } from '../core/pipeline/disk/disk-buffer.js';
import { encodeMetric } from '../core/pipeline/disk/metric-codec.js';
import { Fates } from '../core/pipeline/fates.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { probeWindow } from './probe-window.js';
import { median } from './statistics.js';

const BATCH = 1000;
const BATCHES = 20;
const MAX_RATIO = 1.5;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  try {
    const metrics = Array.from({ length: BATCH }, (_, i) => probeWindow(i));
    const [plain, buffered, settled]: number[][] = [[], [], []];
    // In turn, so that what else the disk has to do befalls all alike; the first round warms up.
    for (let round = 0; round <= (quick ? 3 : 11); round += 1) {
      const place = join(folder, String(round));
      await mkdir(place);
      const append = await appended(join(place, 'plain'), metrics);
      const times = await throughBuffer(join(place, 'buffer'), metrics);
      await rm(place, { recursive: true });
      if (round === 0) continue;
      plain?.push(append);
      buffered?.push(times.persistedMs);
      settled?.push(times.settledMs);
    }
    const total = BATCH * BATCHES;
    const rate = (ms: readonly number[]): number => total / (median(ms) / 1000);
    const ratio = median((buffered ?? []).map((ms, i) => ms / (plain?.[i] ?? Number.NaN)));
    return [
      { name: 'plain append, one sync a batch', value: rate(plain ?? []), unit: 'metrics/s' },
      {
        name: 'into the disk buffer',
        value: rate(buffered ?? []),
        unit: 'metrics/s',
        limit: rate(plain ?? []),
        ratio,
        budget: `≤ ${MAX_RATIO} × the time of the plain append`,
        ok: ratio <= MAX_RATIO,
      },
      { name: 'out of it again, read back and settled', value: rate(settled ?? []), unit: 'metrics/s' },
      { name: 'a metric on the disk', value: Buffer.byteLength(encodeMetric(probeWindow(1))), unit: 'bytes' },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function appended(path: string, metrics: readonly Metric[]): Promise<number> {
  const file = await open(path, 'a');
  const startMs = performance.now();
  for (let i = 0; i < BATCHES; i += 1) {
    await file.appendFile(`${metrics.map(encodeMetric).join('\n')}\n`);
    await file.datasync();
  }
  const elapsedMs = performance.now() - startMs;
  await file.close();
  return elapsedMs;
}

async function throughBuffer(folder: string, metrics: readonly Metric[]) {
  const maxBytes = 1024 ** 3;
  const buffer = new DiskBuffer({ folder, maxBytes, limit: 10 * BATCH, clock: systemClock, log: silentLogger });
  await buffer.open();
  const startMs = performance.now();
  for (let i = 0; i < BATCHES; i += 1) {
    for (const metric of metrics) buffer.add(metric);
    if (!(await buffer.persist())) throw new Error('the disk buffer does not take it');
  }
  const persistedMs = performance.now() - startMs;
  for (let left = BATCH * BATCHES; left > 0; ) {
    const batch = await buffer.takeBatch(BATCH);
    const fates = new Fates(batch.length);
    fates.acceptAll(0, batch.length);
    buffer.settle(batch, fates);
    left -= batch.length;
    if (batch.length === 0) throw new Error(`${left} metrics are missing`);
  }
  await buffer.close();
  return { persistedMs, settledMs: performance.now() - startMs - persistedMs };
}
