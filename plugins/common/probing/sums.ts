/** What the probes of one series add up to in one window. */

import { getSystemErrorName } from 'node:util';
import { Distribution } from '../../../core/distribution.js';
import { count, distribution, type Field, type Fields, text } from '../../../core/metric.js';
import { type ProbeResult, RESULT_NAMES, type Slice } from '../../../native/index.js';

const SUCCESS = RESULT_NAMES.indexOf('success');
const SEND_ERROR = RESULT_NAMES.indexOf('send_error');

/** Most results of most windows: one object for all of them. */
const NONE = count(0, 'probes');

/** Network RTT, prober delay, responder delay. */
const DELAYS = 3;
/**
 * Up to so many successes their delays are kept as they are: that takes a third of the memory of three distributions,
 * and an agent with 10 000 targets holds 20 000 of these sums.
 */
const MAX_SAMPLES = 32;

/** May be used for one window after the other: `clear` in between. */
export class Sums {
  readonly #results = new Array<number>(RESULT_NAMES.length).fill(0);
  /** The delays of each success, one success after the other. */
  readonly #samples: number[] = [];
  /** How many of them count: an array that is emptied would give up its room. */
  #used = 0;
  #distributions: readonly Distribution[] | undefined;
  #errno = 0;

  /** Adds record `i` of the slice. */
  add(slice: Slice, i: number): void {
    const result = slice.result(i);
    this.#results[result] = (this.#results[result] ?? 0) + 1;
    if (result === SEND_ERROR) this.#errno = slice.errno(i);
    if (result !== SUCCESS) return;
    this.#samples[this.#used++] = slice.networkRttNs(i);
    this.#samples[this.#used++] = slice.proberDelayNs(i);
    this.#samples[this.#used++] = slice.responderDelayNs(i);
    if (this.#used >= MAX_SAMPLES * DELAYS) this.#record();
  }

  /**
   * `sent` counts the probes that left the host. Without a success there is no distribution: never a zero latency. The
   * objects are literals of one shape each, which is what a hot path of the engine likes.
   */
  fields(): Fields {
    const counts = this.#counts();
    const cause = this.#errno === 0 ? {} : { send_error_cause: text(getSystemErrorName(-this.#errno)) };
    this.#record();
    const [networkRtt, proberDelay, responderDelay] = this.#distributions ?? [];
    if (networkRtt === undefined || proberDelay === undefined || responderDelay === undefined) {
      return { ...counts, ...cause };
    }
    const fields = {
      sent: counts.sent,
      success: counts.success,
      timeout: counts.timeout,
      send_error: counts.send_error,
      invalid: counts.invalid,
      late: counts.late,
      duplicate: counts.duplicate,
      network_rtt: distribution(networkRtt),
      prober_delay: distribution(proberDelay),
      responder_delay: distribution(responderDelay),
    };
    return this.#errno === 0 ? fields : { ...fields, ...cause };
  }

  #counts(): Record<'sent' | ProbeResult, Field> {
    const [success = 0, timeout = 0, sendError = 0, invalid = 0, late = 0, duplicate = 0] = this.#results;
    return {
      sent: probes(success + timeout + invalid),
      success: probes(success),
      timeout: probes(timeout),
      send_error: probes(sendError),
      invalid: probes(invalid),
      late: probes(late),
      duplicate: probes(duplicate),
    };
  }

  /** Forgets everything but the room it took. What `fields` returned stays as it is. */
  clear(): void {
    this.#results.fill(0);
    this.#used = 0;
    this.#distributions = undefined;
    this.#errno = 0;
  }

  #record(): void {
    if (this.#used === 0) return;
    this.#distributions ??= [new Distribution(), new Distribution(), new Distribution()];
    for (let i = 0; i < this.#used; i += 1) this.#distributions[i % DELAYS]?.record(this.#samples[i] ?? 0);
    this.#used = 0;
  }
}

function probes(value: number): Field {
  return value === 0 ? NONE : count(value, 'probes');
}
