/** What the input says of itself. */

import { count, gauge, type Metric } from '../../../core/metric.js';
import type { RowRefusal } from './judge.js';

/** What is so now. */
export interface Standing {
  readonly connections: number;
  readonly remembered: number;
}

const UNITS = {
  rows: 'rows',
  targets: 'targets',
  doubled: 'targets',
  received: 'bytes',
  connections_refused: 'connections',
} as const;
export type Counter = keyof typeof UNITS;

export class Tally {
  readonly #counts = new Map<Counter, number>();
  /** What was seen once stays, with 0: its series goes on. */
  readonly #statuses = new Map<number, number>();
  readonly #refusals = new Map<RowRefusal, number>();

  add(counter: Counter, number = 1): void {
    increase(this.#counts, counter, number);
  }

  /** A request was answered so. */
  answered(status: number): void {
    increase(this.#statuses, status, 1);
  }

  refused(reason: RowRefusal): void {
    increase(this.#refusals, reason, 1);
  }

  /** What happened since the last call, and how things stand. */
  metrics({ connections, remembered }: Standing, timeNs: bigint): Metric[] {
    const counts = Object.entries(UNITS).map(([counter, unit]) => {
      return [counter, count(this.#counts.get(counter as Counter) ?? 0, unit)] as const;
    });
    const fields = {
      ...Object.fromEntries(counts),
      connections: gauge(connections, 'connections'),
      remembered: gauge(remembered, 'targets'),
    };
    this.#counts.clear();
    return [
      { name: 'weft_mesh_listener', tags: {}, fields, timeNs },
      ...taken(this.#statuses).map(([status, requests]): Metric => {
        return {
          name: 'weft_mesh_listener_requests',
          tags: { status: String(status) },
          fields: { requests: count(requests, 'requests') },
          timeNs,
        };
      }),
      ...taken(this.#refusals).map(([reason, rows]): Metric => {
        return { name: 'weft_mesh_listener_refused', tags: { reason }, fields: { rows: count(rows, 'rows') }, timeNs };
      }),
    ];
  }
}

function increase<K>(counts: Map<K, number>, key: K, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}

/** What it holds; then all of it is 0. */
function taken<K>(counts: Map<K, number>): [K, number][] {
  const entries = [...counts];
  for (const key of counts.keys()) counts.set(key, 0);
  return entries;
}
