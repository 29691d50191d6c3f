/**
 * A process that registers agents with a memory store for as long as it lives and prints each registration once it is
 * acknowledged: `id lastSeenMs port`. Arguments: the snapshot, the first number to use.
 */

import { MemoryStore } from '../../../controller/store/memory-store.js';
import { systemClock } from '../../../core/clock.js';
import { silentLogger } from '../../../core/log.js';
import { entry, Holder } from '../entries.js';

const AGENTS = 50;
const AT_ONCE = 8;
/** A snapshot every few dozen registrations, so that kills meet it. */
const MIN_COMPACT_BYTES = 4096;
/** Should the parent die before it kills. */
const LIFETIME_MS = 30_000;

const [snapshot = '', first = '0'] = process.argv.slice(2);
const context = { clock: systemClock, log: silentLogger, minCompactBytes: MIN_COMPACT_BYTES };
const store = new MemoryStore({ type: 'memory', snapshot }, context);
let next = Number(first);

async function register(): Promise<void> {
  for (;;) {
    const number = next++;
    const endpoints = [{ transport: 'udp' as const, address: '10.0.0.1', port: number % 65_536, attributes: {} }];
    const kept = await store.put(entry(`agent-${number % AGENTS}`, number, { endpoints }));
    process.stdout.write(`${kept.id} ${number}\n`);
  }
}

setTimeout(() => process.exit(1), LIFETIME_MS).unref();
await store.open(new Holder());
await Promise.all(Array.from({ length: AT_ONCE }, register));
