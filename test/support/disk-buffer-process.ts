/**
 * A process that fills and empties a disk buffer until it is killed: `folder maxBytes first`. Metrics are called by numbers from
 * `first` on. It prints `+N` when all before N are on the disk, and `-N` when all before N have been accepted, just before
 * it says so to the buffer.
 */

import { writeSync } from 'node:fs';
import { systemClock } from '../../core/clock.js';

import { DiskBuffer } from '../../core/pipeline/disk/disk-buffer.js';
import { Fates } from '../../core/pipeline/fates.js';
import { metricOf } from './fake-output.js';
import { MemoryLog } from './memory-log.js';

const [folder = '', maxBytes = '', first = ''] = process.argv.slice(2);
const options = { folder, maxBytes: Number(maxBytes), limit: 10_000, clock: systemClock, log: new MemoryLog() };
const buffer = new DiskBuffer(options);
await buffer.open();
let next = Number(first);
for (let round = 0; ; round += 1) {
  for (const end = next + 1 + (round % 70); next < end; next += 1)
    buffer.add(metricOf(String(next), { padding: 'x'.repeat((next * 37) % 700) }));
  if (await buffer.persist()) writeSync(1, `+${next}\n`);
  const batch = await buffer.takeBatch(40);
  const last = batch.at(-1);
  if (last === undefined) continue;
  const fates = new Fates(batch.length);
  fates.acceptAll(0, batch.length);
  writeSync(1, `-${Number(last.name) + 1}\n`);
  buffer.settle(batch, fates);
}
