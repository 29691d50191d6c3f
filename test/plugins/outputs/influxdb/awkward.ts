/** Metrics that are hard to write, and what is compared of them once they are stored. */

import fc from 'fast-check';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, type Field, gauge, type Metric, text } from '../../../../core/metric.js';
import { visitValues } from '../../../../plugins/common/line-protocol.js';
import { START_NS } from './made.js';

type Values = Readonly<Record<string, string | number | boolean | null>>;
/** A point in one form, sent or stored: name, tags, ms, values. */
export type Plain = readonly [string, Readonly<Record<string, string>>, number, Values];

export function sent({ name, tags, fields, timeNs }: Metric): Plain {
  const values: Record<string, string | number> = {};
  for (const key in fields) visitValues(key, fields[key] as Field, (found, value) => (values[found] = value));
  const present = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
  return [name, present, Number(timeNs / 1_000_000n), values];
}

/** Sorted, and independent of the order of keys. */
export function canonical(points: readonly Plain[]): string[] {
  const ordered = (map: object): object => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return points.map(([name, tags, ms, values]) => JSON.stringify([name, ordered(tags), ms, ordered(values)])).sort();
}

const AWKWARD = [
  ...[
    '',
    ' ',
    'a,b',
    'a=b',
    'a b',
    'end\\',
    'a\\,b',
    'a\\=b',
    'C:\\temp',
    '\\\\',
    'say "hi"',
    '\\"',
    "it's",
    "\\'",
    '#x',
  ],
  ...[
    '\n',
    'a\nb',
    '\r',
    '\t',
    'a\tb',
    '\0',
    '😀',
    'é',
    '\u2028',
    '\ud83d',
    'time',
    '_field',
    'true',
    '1i',
    'null',
    'x=',
  ],
  ...['x'.repeat(65_536), 'é'.repeat(32_000), 'm,t=1 v=1'],
];
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('m', 'host', 'rtt', 'v') },
  fc.constantFrom(...AWKWARD),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('\\', '"', ',', '=', ' ', 'a'), maxLength: 6 }),
);
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    1,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    2 ** 63 - 1024,
    2 ** 64,
    1e21,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
  fc.integer(),
);
const spread = fc.array(fc.integer({ min: 0, max: 1e12 }), { maxLength: 5 }).map((values) => {
  const made = new Distribution();
  for (const value of values) made.record(value);
  return made;
});
const field: fc.Arbitrary<Field> = fc.oneof(
  number.map((value) => gauge(value)),
  number.map((value) => count(value)),
  number.map((value) => count(value, 's')),
  word.map((value) => text(value)),
  spread.map((value) => distribution(value)),
);
const awkwardMetric = fc.record({
  name: word,
  tags: fc.dictionary(word, word, { maxKeys: 3 }),
  fields: fc.dictionary(word, field, { minKeys: 1, maxKeys: 3 }),
  offsetNs: fc.integer({ min: 0, max: 999_999 }),
});
/** Each in a millisecond of its own: equal series and times would overwrite each other. */
export const awkwardBatch = fc.array(awkwardMetric, { minLength: 1, maxLength: 20 }).map((drafts) =>
  drafts.map(({ offsetNs, ...metric }, i): Metric => {
    return { ...metric, timeNs: START_NS + BigInt(i) * 1_000_000n + BigInt(offsetNs) };
  }),
);
