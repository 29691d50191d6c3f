/** Metrics of every kind, for properties. */

import fc from 'fast-check';
import { Distribution } from '../../core/distribution.js';
import { count, distribution, type Field, gauge, type Metric, text } from '../../core/metric.js';

/** What has a meaning in some format, or breaks it, and what databases keep for themselves. */
const TROUBLE = [
  ...['', ' ', ',', '=', '"', '\\', "'", '#x', 'x=', 'a,b', 'a=b', 'a b', 'say "hi"', "it's"],
  ...['end\\', '\\\\', 'a\\,b', 'a\\=b', '\\"', "\\'", 'C:\\temp'],
  ...['\u0000', '\n', 'a\nb', '\r', '\t', 'a\tb', '\u2028', '\ud800', '\ud83d', '😀', 'é'],
  ...['__proto__', 'toJSON', 'time', '_field', 'true', '1i', 'null', 'm,t=1 v=1'],
];
/** Texts, those that break formats among them. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(...TROUBLE),
);

/** The largest double that int64 holds, and those beyond it. */
const AROUND_INT64 = [2 ** 63 - 1024, 2 ** 63, 2 ** 64, -(2 ** 63)];

const figures: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    1,
    2 ** 53,
    1e21,
    ...AROUND_INT64,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
  ),
);

/** Empty ones, zeros, the largest durations there are, merged sums beyond 2^53. */
export const anyDistribution: fc.Arbitrary<Distribution> = fc
  .array(fc.oneof(fc.nat(2000), fc.double({ min: 0, max: 1e17, noNaN: true })), { maxLength: 20 })
  .map((values) => {
    const made = new Distribution();
    for (const value of values) made.record(value);
    return made;
  });

const fieldOf = (texts: fc.Arbitrary<string>): fc.Arbitrary<Field> =>
  fc.oneof(
    fc.tuple(figures, anyText).map(([value, unit]) => gauge(value, unit)),
    fc.tuple(figures, anyText).map(([value, unit]) => count(value, unit)),
    texts.map(text),
    anyDistribution.map(distribution),
  );

/** Also with what the pipeline would refuse (NaN, an empty name), and times before 1970. */
export const anyMetric: fc.Arbitrary<Metric> = fc.record({
  name: anyText,
  tags: fc.dictionary(anyText, anyText, { maxKeys: 5 }),
  fields: fc.dictionary(anyText, fieldOf(anyText), { maxKeys: 5 }),
  timeNs: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
});

/** Mostly usual words, else whatever breaks formats, and 64 KiB of it. */
const awkwardText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('m', 'host', 'rtt', 'v') },
  { weight: 2, arbitrary: anyText },
  fc.string({ unit: fc.constantFrom('\\', '"', ',', '=', ' ', 'a'), maxLength: 6 }),
  fc.constantFrom('x'.repeat(65_536), 'é'.repeat(32_000)),
);

const S = 1_000_000_000n;
const MS = 1_000_000n;

/**
 * What an output is given at once: metrics with a field at least, each in a millisecond of its own, since in many databases equal
 * series and times overwrite each other; one batch in four is older than 1970.
 */
export const awkwardBatch: fc.Arbitrary<Metric[]> = fc
  .record({
    startNs: fc.constantFrom(1_767_225_600n * S, 1_767_225_600n * S, 0n, -1_000_000_000n * S),
    drafts: fc.array(
      fc.record({
        name: awkwardText,
        tags: fc.dictionary(awkwardText, awkwardText, { maxKeys: 3 }),
        fields: fc.dictionary(awkwardText, fieldOf(awkwardText), { minKeys: 1, maxKeys: 3 }),
        offsetNs: fc.nat(999_999),
      }),
      { minLength: 1, maxLength: 20 },
    ),
  })
  .map(({ startNs, drafts }) =>
    drafts.map(({ offsetNs, ...metric }, i) => ({ ...metric, timeNs: startNs + BigInt(i) * MS + BigInt(offsetNs) })),
  );
