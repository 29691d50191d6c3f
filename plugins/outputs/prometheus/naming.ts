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

const RESULTS = 'Probes that ended, by result.';
const PROBE_FIELDS: Readonly<Record<string, { family: string; help: string; result?: string }>> = {
  success: { family: 'weft_probes_total', help: RESULTS, result: 'success' },
  timeout: { family: 'weft_probes_total', help: RESULTS, result: 'timeout' },
  send_error: { family: 'weft_probes_total', help: RESULTS, result: 'send_error' },
  invalid: { family: 'weft_probes_total', help: RESULTS, result: 'invalid' },
  sent: { family: 'weft_probes_sent_total', help: 'Probes sent.' },
  late: { family: 'weft_probe_late_total', help: 'Answers that came after the timeout of their probe.' },
  duplicate: { family: 'weft_probe_duplicates_total', help: 'Answers to probes that were already answered.' },
  syn_retransmits: { family: 'weft_probe_syn_retransmits_total', help: 'SYN segments that TCP sent again.' },
  network_rtt: {
    family: 'weft_probe_network_rtt_seconds',
    help: 'Round trip in the network of successful probes, without the time spent in either host.',
  },
  prober_delay: {
    family: 'weft_probe_prober_delay_seconds',
    help: 'Time that successful probes and their answers spent in the probing host.',
  },
  responder_delay: {
    family: 'weft_probe_responder_delay_seconds',
    help: 'Time between arrival of a successful probe at the answering host and departure of its answer.',
  },
  connect_time: {
    family: 'weft_probe_connect_time_seconds',
    help: 'Time of a TCP connect as the probing program saw it.',
  },
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
  if (known !== undefined && type === (known.family.endsWith('_total') ? 'counter' : 'histogram')) {
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
