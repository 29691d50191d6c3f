/** The reading of transports that stamp a probe at both ends: the network's round trip and the delays of the hosts. */

import { getSystemErrorName } from 'node:util';
import { distribution, type Fields, text } from '../../../core/metric.js';
import type { Target } from '../../../core/target.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';
import { type Distributions, OWN_NUMBERS, probes, type Reading } from './reading.js';

const SEND_ERROR = RESULT_NAMES.indexOf('send_error');
/** Of the last send error. */
const ERRNO = OWN_NUMBERS;

export const delayReading: Reading<Target> = { numbers: OWN_NUMBERS + 1, durations: 3, count, measure, fields };

function count(numbers: number[], slice: Slice, i: number): void {
  if (slice.result(i) === SEND_ERROR) numbers[ERRNO] = slice.errno(i);
}

function measure(samples: number[], at: number, slice: Slice, i: number): void {
  samples[at] = slice.networkRttNs(i);
  samples[at + 1] = slice.proberDelayNs(i);
  samples[at + 2] = slice.responderDelayNs(i);
}

/** `sent` counts the probes that left the host. Both literals are written out: a spread would make larger, slower objects. */
function fields(numbers: readonly number[], distributions: Distributions): Fields {
  const [success = 0, timeout = 0, sendError = 0, invalid = 0, late = 0, duplicate = 0, errno = 0] = numbers;
  const [networkRtt, proberDelay, responderDelay] = distributions;
  const sent = success + timeout + invalid;
  const cause = errno === 0 ? undefined : { send_error_cause: text(getSystemErrorName(-errno)) };
  if (networkRtt === undefined || proberDelay === undefined || responderDelay === undefined) {
    return {
      sent: probes(sent),
      success: probes(success),
      timeout: probes(timeout),
      send_error: probes(sendError),
      invalid: probes(invalid),
      late: probes(late),
      duplicate: probes(duplicate),
      ...cause,
    };
  }
  const all = {
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
  return cause === undefined ? all : { ...all, ...cause };
}
