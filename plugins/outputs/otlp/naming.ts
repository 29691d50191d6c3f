/**
 * How metrics are called over OTLP: a hierarchy with dots, the unit beside the name and not in it. The names are chosen so
 * that a receiver that makes Prometheus names of them arrives at those of outputs.prometheus: one query fits both.
 */

import type { Field } from '../../../core/metric.js';

/** OTLP has no place for text. */
export type NumericField = Exclude<Field, { kind: 'text' }>;

/** What one field of a metric becomes. */
export interface Shape {
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  /** The value is divided by this to get to the unit. */
  readonly divisor: number;
  /** Value of the attribute `result`, where several fields are one metric. */
  readonly result: string | undefined;
}

const results = (prefix: string, names: readonly string[], name: string): [string, readonly [string, string?]][] =>
  names.map((result) => [prefix + result, [name, result]]);

const EXCHANGE_RESULTS = ['success', 'timeout', 'invalid', 'reset'];
/** Fields of `probe` that are not simply `weft.probe.<field>`. Maps, since names may be those of an object's own methods. */
const PROBE = new Map<string, readonly [name: string, result?: string]>([
  ...results('', ['success', 'timeout', 'send_error', 'invalid', 'stale'], 'weft.probes'),
  ...results('payload_', EXCHANGE_RESULTS, 'weft.probe.payload'),
  ...results('http_', EXCHANGE_RESULTS, 'weft.probe.http'),
  ['sent', ['weft.probes.sent']],
  ['duplicate', ['weft.probe.duplicates']],
  ['first_byte', ['weft.probe.http_first_byte']],
]);
/** `1` is a ratio to UCUM and its readers; a pure number of weft has no unit there. */
const UNITS = new Map([
  ['ns', { unit: 's', divisor: 1e9 }],
  ['ms', { unit: 's', divisor: 1e3 }],
  ['s', { unit: 's', divisor: 1 }],
  ['bytes', { unit: 'By', divisor: 1 }],
  ['ratio', { unit: '1', divisor: 1 }],
  ['1', { unit: '', divisor: 1 }],
]);
/** What may stand between the braces of an annotation, and is worth it. */
const THINGS = /^[A-Za-z][\w ./-]{0,59}$/;

/** What field `key` of metric `name` becomes. */
export function shapeOf(name: string, key: string, field: NumericField): Shape {
  const { unit, divisor } = UNITS.get(field.unit) ?? {
    unit: THINGS.test(field.unit) ? `{${field.unit}}` : '',
    divisor: 1,
  };
  const [known, result] = (name === 'probe' && PROBE.get(key)) || [];
  return { name: known ?? `${hierarchy(name)}.${key.replace(/_total$/, '')}`, unit, divisor, result };
}

/** `weft_agent` is `weft.agent`; what others call theirs stays. */
function hierarchy(name: string): string {
  return name === 'probe' ? 'weft.probe' : name.replace(/^weft_/, 'weft.');
}
