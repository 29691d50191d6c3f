/** Metrics of every kind, for properties. */

import fc from 'fast-check';
import { Distribution } from '../../core/distribution.js';
import { count, distribution, type Field, gauge, type Metric, text } from '../../core/metric.js';

const TROUBLE = ['', '\u0000', '\n', '"', '\\', ',', ' ', '=', '\ud800', '😀', '__proto__', 'toJSON', 'a\tb', '\u2028'];
/** Texts, those that break formats among them. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(...TROUBLE),
);

const figures: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 63, Number.MIN_VALUE, Number.MAX_VALUE),
);

/** Empty ones, zeros, the largest durations there are, merged sums beyond 2^53. */
export const anyDistribution: fc.Arbitrary<Distribution> = fc
  .array(fc.oneof(fc.nat(2000), fc.double({ min: 0, max: 1e17, noNaN: true })), { maxLength: 20 })
  .map((values) => {
    const made = new Distribution();
    for (const value of values) made.record(value);
    return made;
  });

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(figures, anyText).map(([value, unit]) => gauge(value, unit)),
  fc.tuple(figures, anyText).map(([value, unit]) => count(value, unit)),
  anyText.map(text),
  anyDistribution.map(distribution),
);

/** Also with what the pipeline would refuse (NaN, an empty name), and times before 1970. */
export const anyMetric: fc.Arbitrary<Metric> = fc.record({
  name: anyText,
  tags: fc.dictionary(anyText, anyText, { maxKeys: 5 }),
  fields: fc.dictionary(anyText, anyField, { maxKeys: 5 }),
  timeNs: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
});
