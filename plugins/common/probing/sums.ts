/** What the probes of one series add up to in one window. */

import { getSystemErrorName } from 'node:util';
import { Distribution } from '../../../core/distribution.js';
import { count, distribution, type Field, type Fields, text } from '../../../core/metric.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';

const SUCCESS = RESULT_NAMES.indexOf('success');
const SEND_ERROR = RESULT_NAMES.indexOf('send_error');
const COUNTED_APART = new Set(['late', 'duplicate', 'send_error']);

/** Most results of most windows: one object for all of them. */
const NONE = count(0, 'probes');

const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'] as const;
/**
 * Up to so many successes their delays are kept as they are: that takes a third of the memory of three distributions,
 * and an agent with 10 000 targets holds 20 000 of these sums.
 */
const MAX_SAMPLES = 32;

export class Sums {
  readonly #results = new Array<number>(RESULT_NAMES.length).fill(0);
  /** The delays of each success, one success after the other. */
  #samples: number[] = [];
  #distributions: readonly Distribution[] | undefined;
  #errno = 0;

  /** Adds record `i` of the slice. */
  add(slice: Slice, i: number): void {
    const result = slice.result(i);
    this.#results[result] = (this.#results[result] ?? 0) + 1;
    if (result === SEND_ERROR) this.#errno = slice.errno(i);
    if (result !== SUCCESS) return;
    this.#samples.push(slice.networkRttNs(i), slice.proberDelayNs(i), slice.responderDelayNs(i));
    if (this.#samples.length >= MAX_SAMPLES * DELAYS.length) this.#record();
  }

  /** `sent` counts the probes that left the host. Without a success there is no distribution: never a zero latency. */
  fields(): Fields {
    const fields: Record<string, Field> = {};
    let sent = 0;
    RESULT_NAMES.forEach((name, result) => {
      const value = this.#results[result] ?? 0;
      fields[name] = value === 0 ? NONE : count(value, 'probes');
      if (!COUNTED_APART.has(name)) sent += value;
    });
    fields.sent = count(sent, 'probes');
    if (this.#errno !== 0) fields.send_error_cause = text(getSystemErrorName(-this.#errno));
    this.#record();
    this.#distributions?.forEach((delays, kind) => {
      fields[DELAYS[kind] ?? ''] = distribution(delays);
    });
    return fields;
  }

  #record(): void {
    if (this.#samples.length === 0) return;
    this.#distributions ??= DELAYS.map(() => new Distribution());
    for (let i = 0; i < this.#samples.length; i += 1) {
      this.#distributions[i % DELAYS.length]?.record(this.#samples[i] ?? 0);
    }
    this.#samples = [];
  }
}
