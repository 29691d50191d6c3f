/** What the probes of one series add up to in one window. */

import { getSystemErrorName } from 'node:util';
import { Distribution } from '../../../core/distribution.js';
import { count, distribution, type Field, type Fields, text } from '../../../core/metric.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';

const SUCCESS = RESULT_NAMES.indexOf('success');
const SEND_ERROR = RESULT_NAMES.indexOf('send_error');
const COUNTED_APART = new Set(['late', 'duplicate', 'send_error']);

export class Sums {
  readonly #results = new Array<number>(RESULT_NAMES.length).fill(0);
  #networkRtt: Distribution | undefined;
  #proberDelay: Distribution | undefined;
  #responderDelay: Distribution | undefined;
  #errno = 0;

  /** Adds record `i` of the slice. */
  add(slice: Slice, i: number): void {
    const result = slice.result(i);
    this.#results[result] = (this.#results[result] ?? 0) + 1;
    if (result === SEND_ERROR) this.#errno = slice.errno(i);
    if (result !== SUCCESS) return;
    this.#networkRtt ??= new Distribution();
    this.#proberDelay ??= new Distribution();
    this.#responderDelay ??= new Distribution();
    this.#networkRtt.record(slice.networkRttNs(i));
    this.#proberDelay.record(slice.proberDelayNs(i));
    this.#responderDelay.record(slice.responderDelayNs(i));
  }

  /** `sent` counts the probes that left the host. Without a success there is no distribution: never a zero latency. */
  fields(): Fields {
    const fields: Record<string, Field> = {};
    let sent = 0;
    RESULT_NAMES.forEach((name, result) => {
      const value = this.#results[result] ?? 0;
      fields[name] = count(value, 'probes');
      if (!COUNTED_APART.has(name)) sent += value;
    });
    fields.sent = count(sent, 'probes');
    if (this.#errno !== 0) fields.send_error_cause = text(getSystemErrorName(-this.#errno));
    if (this.#networkRtt !== undefined) fields.network_rtt = distribution(this.#networkRtt);
    if (this.#proberDelay !== undefined) fields.prober_delay = distribution(this.#proberDelay);
    if (this.#responderDelay !== undefined) fields.responder_delay = distribution(this.#responderDelay);
    return fields;
  }
}
