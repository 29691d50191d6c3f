/**
 * What the records of TCP probes say. Two results tell more than their name: a refused probe is a success, since the host
 * answered, and an unreachable one is a timeout, since no answer came but somebody said why. What a probe then exchanges
 * on its connection has an outcome of its own: docs/design/006-results-of-a-tcp-probe.md.
 */

import { getSystemErrorName } from 'node:util';
import { count, distribution, type Field, type Fields, gauge, text } from '../../../core/metric.js';
import type { TcpTarget } from '../../../core/target.js';
import { EXCHANGE_NAMES, RESULT_NAMES, type Slice } from '../../../native/index.js';
import { type Distributions, OWN_NUMBERS, probes, type Reading } from '../../common/probing/reading.js';

const SUCCESS = RESULT_NAMES.indexOf('success');
const TIMEOUT = RESULT_NAMES.indexOf('timeout');
const SEND_ERROR = RESULT_NAMES.indexOf('send_error');
const NO_EXCHANGE = EXCHANGE_NAMES.indexOf('none');
const EXCHANGE_SUCCESS = EXCHANGE_NAMES.indexOf('success');

// The reading's own numbers.
const SEND_ERRNO = OWN_NUMBERS;
const REFUSED = OWN_NUMBERS + 1;
const UNREACHABLE = OWN_NUMBERS + 2;
const UNREACHABLE_ERRNO = OWN_NUMBERS + 3;
const SYN_RETRANSMITS = OWN_NUMBERS + 4;
const RETRANSMITTED = OWN_NUMBERS + 5;
const SOURCE_PORT = OWN_NUMBERS + 6;
const HTTP_STATUS = OWN_NUMBERS + 7;
const PAYLOAD_NUMBERS = OWN_NUMBERS + 8;
const HTTP_NUMBERS = PAYLOAD_NUMBERS + EXCHANGE_NAMES.length;
const NUMBERS = HTTP_NUMBERS + EXCHANGE_NAMES.length;

// The durations.
const NETWORK_RTT = 0;
const CONNECT_TIME = 1;
const DURATIONS = 4;

/** What is exchanged on the connection, and what its fields are called. */
interface ExchangeKind {
  /** From here on a number for each of EXCHANGE_NAMES; in the place of `none`, the segments sent again. */
  readonly numbers: number;
  readonly duration: number;
  readonly outcomes: readonly (readonly [exchange: number, field: string])[];
  readonly retransmits: string;
  readonly time: string;
}

const PAYLOAD = exchangeKind('payload', 'payload_rtt', PAYLOAD_NUMBERS, 2);
const HTTP = exchangeKind('http', 'first_byte', HTTP_NUMBERS, 3);

/** `sourcePort`: say which port probes came from, for series that have one. */
export function tcpReading({ sourcePort }: { readonly sourcePort: boolean }): Reading<TcpTarget> {
  return {
    numbers: NUMBERS,
    durations: DURATIONS,
    count: countRecord,
    measure,
    fields: (numbers, distributions) => fieldsOf(numbers, distributions, sourcePort),
  };
}

function countRecord(numbers: number[], slice: Slice, i: number, target: TcpTarget): void {
  const synRetransmits = slice.synRetransmits(i);
  add(numbers, SYN_RETRANSMITS, synRetransmits);
  switch (slice.result(i)) {
    case SUCCESS:
      if (slice.refused(i)) add(numbers, REFUSED, 1);
      else if (synRetransmits > 0) add(numbers, RETRANSMITTED, 1);
      break;
    case TIMEOUT:
      if (slice.errno(i) === 0) break;
      add(numbers, UNREACHABLE, 1);
      numbers[UNREACHABLE_ERRNO] = slice.errno(i);
      break;
    case SEND_ERROR:
      numbers[SEND_ERRNO] = slice.errno(i);
      break;
  }
  const port = slice.sourcePort(i);
  if (port !== 0) numbers[SOURCE_PORT] = port;
  if (slice.exchange(i) !== NO_EXCHANGE) countExchange(numbers, slice, i, kindOf(target));
}

function countExchange(numbers: number[], slice: Slice, i: number, kind: ExchangeKind): void {
  add(numbers, kind.numbers + slice.exchange(i), 1);
  add(numbers, kind.numbers + NO_EXCHANGE, slice.exchangeRetransmits(i));
  const status = slice.httpStatus(i);
  if (status !== 0) numbers[HTTP_STATUS] = status;
}

function measure(samples: number[], at: number, slice: Slice, i: number, target: TcpTarget): void {
  samples[at + NETWORK_RTT] = slice.networkRttNs(i);
  samples[at + CONNECT_TIME] = slice.programRttNs(i);
  samples[at + PAYLOAD.duration] = Number.NaN;
  samples[at + HTTP.duration] = Number.NaN;
  if (slice.exchange(i) === EXCHANGE_SUCCESS) samples[at + kindOf(target).duration] = slice.exchangeNs(i);
}

/** What not every window has is added in one order, so that windows of the same kind have objects of one shape. */
function fieldsOf(numbers: readonly number[], distributions: Distributions, sourcePort: boolean): Fields {
  const at = (place: number): number => numbers[place] ?? 0;
  const [success = 0, timeout = 0, sendError = 0, invalid = 0] = numbers;
  const fields: Record<string, Field> = {
    sent: probes(success + timeout + invalid),
    success: probes(success),
    timeout: probes(timeout),
    send_error: probes(sendError),
    invalid: probes(invalid),
    refused: probes(at(REFUSED)),
    unreachable: probes(at(UNREACHABLE)),
    syn_retransmits: packets(at(SYN_RETRANSMITS)),
    retransmitted: probes(at(RETRANSMITTED)),
  };
  const connected = success - at(REFUSED);
  if (connected > 0) fields.drop_rate = gauge(at(RETRANSMITTED) / connected, 'ratio');
  addDistribution(fields, 'network_rtt', distributions[NETWORK_RTT]);
  addDistribution(fields, 'connect_time', distributions[CONNECT_TIME]);
  addExchange(fields, numbers, distributions, PAYLOAD);
  addExchange(fields, numbers, distributions, HTTP);
  if (at(HTTP_STATUS) !== 0) fields.http_status = gauge(at(HTTP_STATUS));
  if (sourcePort && at(SOURCE_PORT) !== 0) fields.source_port = gauge(at(SOURCE_PORT));
  if (at(SEND_ERRNO) !== 0) fields.send_error_cause = cause(at(SEND_ERRNO));
  if (at(UNREACHABLE_ERRNO) !== 0) fields.unreachable_cause = cause(at(UNREACHABLE_ERRNO));
  return fields;
}

function addExchange(
  fields: Record<string, Field>,
  numbers: readonly number[],
  distributions: Distributions,
  kind: ExchangeKind,
): void {
  if (!kind.outcomes.some(([exchange]) => numbers[kind.numbers + exchange] !== 0)) return;
  for (const [exchange, name] of kind.outcomes) fields[name] = probes(numbers[kind.numbers + exchange] ?? 0);
  fields[kind.retransmits] = packets(numbers[kind.numbers + NO_EXCHANGE] ?? 0);
  addDistribution(fields, kind.time, distributions[kind.duration]);
}

function addDistribution(fields: Record<string, Field>, name: string, values: Distributions[number]): void {
  if (values !== undefined) fields[name] = distribution(values);
}

function exchangeKind(name: string, time: string, numbers: number, duration: number): ExchangeKind {
  const outcomes = EXCHANGE_NAMES.flatMap((outcome, i) =>
    i === NO_EXCHANGE ? [] : [[i, `${name}_${outcome}`] as const],
  );
  return { numbers, duration, outcomes, retransmits: `${name}_retransmits`, time };
}

function kindOf({ http }: TcpTarget): ExchangeKind {
  return http === undefined ? PAYLOAD : HTTP;
}

function add(numbers: number[], place: number, value: number): void {
  numbers[place] = (numbers[place] ?? 0) + value;
}

const NO_PACKETS = count(0, 'packets');

function packets(value: number): Field {
  return value === 0 ? NO_PACKETS : count(value, 'packets');
}

function cause(errno: number): Field {
  return text(getSystemErrorName(-errno));
}
