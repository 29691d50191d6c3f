/**
 * How metrics are called in Prometheus: base units, one family per name, `_total` on counters. The probe metric has its
 * own table, since what it says deserves better names and help than a rule can give; all others follow the rule.
 */

import type { Field } from '../../../core/metric.js';
import { helpOf } from './help.js';
import { type Label, legalName } from './labels.js';

export type FamilyType = 'counter' | 'gauge' | 'histogram';

/** What one field of a metric becomes. */
export interface Shape {
  readonly family: string;
  readonly help: string;
  readonly type: FamilyType;
  /** The value is divided by this to get to the base unit. */
  readonly divisor: number;
  /** A label that tells this field's samples from those of other fields in the same family: `result="timeout"`. */
  readonly label: Label | undefined;
}

interface Known {
  readonly family: string;
  readonly help: string;
  readonly type: FamilyType;
  /** Value of the label `result`, where several fields are one family. */
  readonly result?: string;
}

const counter = (family: string, help: string): Known => ({ family, help, type: 'counter' });
const gauge = (family: string, help: string): Known => ({ family, help, type: 'gauge' });
const histogram = (family: string, help: string): Known => ({ family, help, type: 'histogram' });
const results = (prefix: string, names: readonly string[], family: string, help: string): Record<string, Known> =>
  Object.fromEntries(names.map((result) => [prefix + result, { ...counter(family, help), result }]));

const PROBE_RESULTS = ['success', 'timeout', 'send_error', 'invalid', 'stale'];
const EXCHANGE_RESULTS = ['success', 'timeout', 'invalid', 'reset'];
const PROBE_FIELDS: Readonly<Record<string, Known>> = {
  ...results('', PROBE_RESULTS, 'weft_probes_total', 'Probes that ended, by result.'),
  sent: counter('weft_probes_sent_total', 'Probes sent.'),
  late: counter('weft_probe_late_total', 'Answers that came after the timeout of their probe.'),
  duplicate: counter('weft_probe_duplicates_total', 'Answers to probes that were already answered.'),
  refused: counter('weft_probe_refused_total', 'Successful TCP probes that the host answered with a reset.'),
  unreachable: counter('weft_probe_unreachable_total', 'Timeouts for which the network gave a reason.'),
  syn_retransmits: counter('weft_probe_syn_retransmits_total', 'SYN segments that TCP sent again.'),
  retransmitted: counter('weft_probe_retransmitted_total', 'TCP connections that took more than one SYN.'),
  drop_rate: gauge('weft_probe_drop_rate_ratio', 'Part of the TCP connections that took more than one SYN.'),
  source_port: gauge('weft_probe_source_port', 'Port that the last TCP probe came from.'),
  network_rtt: histogram(
    'weft_probe_network_rtt_seconds',
    'Round trip in the network of successful probes, without the time spent in either host.',
  ),
  prober_delay: histogram(
    'weft_probe_prober_delay_seconds',
    'Time that successful probes and their answers spent in the probing host.',
  ),
  responder_delay: histogram(
    'weft_probe_responder_delay_seconds',
    'Time between arrival of a successful probe at the answering host and departure of its answer.',
  ),
  connect_time: histogram('weft_probe_connect_time_seconds', 'Time of a TCP connect as the probing program saw it.'),
  ...results(
    'payload_',
    EXCHANGE_RESULTS,
    'weft_probe_payload_total',
    'Payloads sent on TCP connections to be echoed, by result.',
  ),
  payload_retransmits: counter(
    'weft_probe_payload_retransmits_total',
    'Segments sent again while a payload was echoed.',
  ),
  payload_rtt: histogram('weft_probe_payload_rtt_seconds', 'Time until a payload was echoed whole.'),
  ...results('http_', EXCHANGE_RESULTS, 'weft_probe_http_total', 'HTTP requests on TCP connections, by result.'),
  http_retransmits: counter('weft_probe_http_retransmits_total', 'Segments sent again during an HTTP request.'),
  http_status: gauge('weft_probe_http_status', 'Status of the last HTTP answer.'),
  first_byte: histogram(
    'weft_probe_http_first_byte_seconds',
    'Time from an HTTP request to the first byte of its answer.',
  ),
};

/** Maps, since names come from outside and may be those of an object's own methods. */
const PROBE = new Map(Object.entries(PROBE_FIELDS));
const UNITS = new Map([
  ['ns', { suffix: '_seconds', divisor: 1e9 }],
  ['ms', { suffix: '_seconds', divisor: 1e3 }],
  ['s', { suffix: '_seconds', divisor: 1 }],
  ['bytes', { suffix: '_bytes', divisor: 1 }],
  ['ratio', { suffix: '_ratio', divisor: 1 }],
]);
const PLAIN = { suffix: '', divisor: 1 };
const TYPES = { count: 'counter', gauge: 'gauge', distribution: 'histogram' } as const;

/** Prometheus has no place for text. */
export type NumericField = Exclude<Field, { kind: 'text' }>;

/** What field `key` of metric `name` becomes. */
export function shapeOf(name: string, key: string, field: NumericField): Shape {
  const type = TYPES[field.kind];
  const { suffix, divisor } = UNITS.get(field.unit) ?? PLAIN;
  const known = name === 'probe' ? PROBE.get(key) : undefined;
  if (known !== undefined && type === known.type) {
    const label = known.result === undefined ? undefined : (['result', known.result] as const);
    return { family: known.family, help: known.help, type, divisor, label };
  }
  const base = legalName(`${name === 'probe' ? 'weft_probe' : name}_${key}`).replace(/_total$/, '');
  const withUnit = base.endsWith(suffix) ? base : base + suffix;
  const family = type === 'counter' ? `${withUnit}_total` : withUnit;
  return { family, help: helpOf(family, name, key), type, divisor, label: undefined };
}

/** Labels that the exposition itself sets on samples of this metric. */
export function takenLabels(name: string): readonly string[] {
  return name === 'probe' ? ['le', 'result'] : ['le'];
}
