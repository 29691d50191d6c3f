/** The reading of transports that stamp a probe at both ends: the network's round trip and the delays of the hosts. */

import { getSystemErrorName } from 'node:util';
import { distribution, type Field, type Fields, text } from '../../../core/metric.js';
import type { Target } from '../../../core/target.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';
import { type Distributions, OWN_NUMBERS, probes, type Reading } from './reading.js';

const SEND_ERROR = RESULT_NAMES.indexOf('send_error');
/** Of the last send error. */
const ERRNO = OWN_NUMBERS;
const STALE = OWN_NUMBERS + 1;

/** All three of every success. */
export const delayReading: Reading<Target> = {
  numbers: OWN_NUMBERS + 1,
  durations: 3,
  count,
  measure,
  fields(numbers, distributions) {
    return fieldsOf(numbers, distributions, undefined);
  },
};

/** Of a transport whose ends are replaced, by another queue pair, when their agent restarts. */
export const replaceableDelayReading: Reading<Target> = {
  ...delayReading,
  numbers: OWN_NUMBERS + 2,
  stale: STALE,
  fields(numbers, distributions) {
    return fieldsOf(numbers, distributions, numbers[STALE] ?? 0);
  },
};

function count(numbers: number[], slice: Slice, i: number): void {
  if (slice.result(i) === SEND_ERROR) numbers[ERRNO] = slice.errno(i);
}

function measure(samples: number[], at: number, slice: Slice, i: number): void {
  samples[at] = slice.networkRttNs(i);
  samples[at + 1] = slice.proberDelayNs(i);
  samples[at + 2] = slice.responderDelayNs(i);
}

/**
 * `sent` counts the probes that left the host, but for stale ones: loss is `timeout / sent` on every transport. The usual windows are written out as literals: objects that grow are
 * larger and slower.
 */
function fieldsOf(numbers: readonly number[], distributions: Distributions, stale: number | undefined): Fields {
  const [success = 0, timeout = 0, sendError = 0, invalid = 0, late = 0, duplicate = 0, errno = 0] = numbers;
  const [networkRtt, proberDelay, responderDelay] = distributions;
  const sent = success + timeout + invalid;
  const isWhole = networkRtt !== undefined && proberDelay !== undefined && responderDelay !== undefined;
  if (isWhole && errno === 0 && stale === undefined) {
    return {
      sent: probes(sent),
      success: probes(success),
      timeout: probes(timeout),
      send_error: probes(sendError),
      invalid: probes(invalid),
      late: probes(late),
      duplicate: probes(duplicate),
      network_rtt: distribution(networkRtt),
      prober_delay: distribution(proberDelay),
      responder_delay: distribution(responderDelay),
    };
  }
  if (isWhole && errno === 0 && stale !== undefined) {
    return {
      sent: probes(sent),
      success: probes(success),
      timeout: probes(timeout),
      send_error: probes(sendError),
      invalid: probes(invalid),
      late: probes(late),
      duplicate: probes(duplicate),
      stale: probes(stale),
      network_rtt: distribution(networkRtt),
      prober_delay: distribution(proberDelay),
      responder_delay: distribution(responderDelay),
    };
  }
  const fields: Record<string, Field> = {
    sent: probes(sent),
    success: probes(success),
    timeout: probes(timeout),
    send_error: probes(sendError),
    invalid: probes(invalid),
    late: probes(late),
    duplicate: probes(duplicate),
  };
  if (stale !== undefined) fields.stale = probes(stale);
  if (networkRtt !== undefined) fields.network_rtt = distribution(networkRtt);
  if (proberDelay !== undefined) fields.prober_delay = distribution(proberDelay);
  if (responderDelay !== undefined) fields.responder_delay = distribution(responderDelay);
  if (errno !== 0) fields.send_error_cause = text(getSystemErrorName(-errno));
  return fields;
}
