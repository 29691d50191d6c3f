/** What the input says of itself. */

import { count, type Fields, gauge, type Metric, text } from '../../../core/metric.js';
import type { FailureReason } from '../../common/peer/failure.js';

export type Act = 'register' | 'fetch';

/** What is so now. */
export interface Standing {
  readonly url: string;
  readonly isRegistered: boolean;
  readonly isLost: boolean;
  readonly targets: number;
  readonly scale: number;
  /** Since the controller last said that the list is right, s; undefined: it has not since the start. */
  readonly listAgeS: number | undefined;
}

const COUNTERS = {
  registrations: 'registrations',
  fetches: 'fetches',
  lists: 'lists',
  not_modified: 'answers',
} as const;
type Counter = keyof typeof COUNTERS;

export class Tally {
  readonly #counts = new Map<Counter, number>();
  /** A reason that was seen once stays, with 0: its series goes on. */
  readonly #failures = new Map<`${Act} ${FailureReason}`, number>();

  add(counter: Counter): void {
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + 1);
  }

  fail(act: Act, reason: FailureReason): void {
    const key = `${act} ${reason}` as const;
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
  }

  /** What happened since the last call, and how things stand. */
  metrics(standing: Standing, timeNs: bigint): Metric[] {
    const metrics = [
      { name: 'weft_controller', tags: {}, fields: this.#fields(standing), timeNs },
      ...this.#failed(timeNs),
    ];
    this.#counts.clear();
    for (const key of this.#failures.keys()) this.#failures.set(key, 0);
    return metrics;
  }

  #fields({ url, isRegistered, isLost, targets, scale, listAgeS }: Standing): Fields {
    const counters = Object.entries(COUNTERS).map(([counter, unit]) => {
      return [counter, count(this.#counts.get(counter as Counter) ?? 0, unit)] as const;
    });
    return {
      url: text(url),
      registered: gauge(Number(isRegistered)),
      lost: gauge(Number(isLost)),
      targets: gauge(targets, 'targets'),
      scale: gauge(scale, 'ratio'),
      ...(listAgeS !== undefined && { list_age: gauge(listAgeS, 's') }),
      ...Object.fromEntries(counters),
    };
  }

  #failed(timeNs: bigint): Metric[] {
    return [...this.#failures].map(([key, failures]) => {
      const [request = '', reason = ''] = key.split(' ');
      const fields = { failures: count(failures, 'failures') };
      return { name: 'weft_controller_failures', tags: { request, reason }, fields, timeNs };
    });
  }
}
