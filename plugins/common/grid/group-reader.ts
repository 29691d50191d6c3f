/** Reads one group of a row: the names first, then target after target by their places. */

import { Distribution, type SparseParts } from '../../../core/distribution.js';
import { count, distribution, type Field, gauge, type Metric, type Tags, text } from '../../../core/metric.js';
import { expected, type JsonMap, listOf, mapOf, textOf, wholeOf } from './json-values.js';
import {
  Balance,
  DEFAULT_UNITS,
  DST_LABEL,
  isFurtherTag,
  isName,
  isValue,
  type LabelPrefix,
  ROW_LIMITS,
  RowError,
  SRC_LABEL,
} from './row.js';

export interface GroupContext {
  readonly src: string;
  /** Tags of the source's labels. */
  readonly srcTags: Tags;
  readonly timeNs: bigint;
}

const GROUP_KEYS = new Set([
  'transport',
  'clock',
  'mode',
  'tags',
  'counts',
  'gauges',
  'texts',
  'distributions',
  'targets',
]);
const TARGET_KEYS = new Set(['dst', 'path', 'labels', 'counts', 'gauges', 'texts', 'distributions']);
const DISTRIBUTION_KEYS = new Set(['count', 'sum', 'min', 'max', 'buckets']);
const NO_TAGS: Tags = {};
/** More buckets than a distribution has (core/distribution.ts), as pairs. */
const MAX_BUCKET_NUMBERS = 2 * 1700;
/** A sum as a text: 2^40 values of 2^53 ns have 28 digits. */
const SUM_TEXT = /^(?:0|[1-9]\d{0,31})$/;

interface Named {
  readonly name: string;
  readonly unit: string;
}

export class GroupReader {
  /** What `read` is to be called with. */
  readonly targets: readonly unknown[];
  readonly #context: GroupContext;
  readonly #transport: string;
  readonly #clock: string | undefined;
  readonly #mode: string | undefined;
  readonly #further: Tags;
  readonly #counts: readonly Named[];
  readonly #gauges: readonly Named[];
  readonly #texts: readonly Named[];
  readonly #distributions: readonly Named[];

  /** Throws RowError, as `read` does. */
  constructor(value: unknown, context: GroupContext) {
    const group = mapOf(value, GROUP_KEYS);
    this.#context = context;
    this.#transport = textOf(group.transport, ROW_LIMITS.valueChars, 'transport');
    this.#clock = optionalText(group.clock, 'clock');
    this.#mode = optionalText(group.mode, 'mode');
    this.#further = furtherTags(group.tags);
    const known = new Set<string>();
    this.#counts = namesOf(group, 'counts', known, DEFAULT_UNITS.counts);
    this.#gauges = namesOf(group, 'gauges', known, DEFAULT_UNITS.gauges);
    this.#texts = namesOf(group, 'texts', known);
    this.#distributions = namesOf(group, 'distributions', known);
    if (group.targets === undefined) throw expected('an array', undefined, 'targets');
    this.targets = listOf(group.targets, ROW_LIMITS.targets, 'targets');
  }

  read(value: unknown): Metric {
    const target = mapOf(value, TARGET_KEYS);
    return { name: 'probe', tags: this.#tagsOf(target), fields: this.#fieldsOf(target), timeNs: this.#context.timeNs };
  }

  #tagsOf(target: JsonMap): Tags {
    const { src, srcTags } = this.#context;
    const dst = textOf(target.dst, ROW_LIMITS.valueChars, 'dst');
    const tags: Record<string, string> = { transport: this.#transport, src, dst };
    if (this.#clock !== undefined) tags.clock = this.#clock;
    if (target.path !== undefined) tags.path = textOf(target.path, ROW_LIMITS.valueChars, 'path');
    if (this.#mode !== undefined) tags.mode = this.#mode;
    for (const tag in srcTags) tags[tag] = srcTags[tag] ?? '';
    if (target.labels !== undefined) addLabels(tags, target.labels, DST_LABEL, 'labels');
    for (const tag in this.#further) tags[tag] = this.#further[tag] ?? '';
    return tags;
  }

  #fieldsOf(target: JsonMap): Record<string, Field> {
    const fields: Record<string, Field> = {};
    const success = this.#addCounts(fields, target.counts);
    const gauges = valuesOf(target.gauges, this.#gauges, 'gauges');
    for (let i = 0; i < gauges.length; i += 1) {
      const { name, unit } = this.#gauges[i] as Named;
      fields[name] = gauge(finiteOf(gauges[i], `gauges[${i}]`), unit);
    }
    const distributions = valuesOf(target.distributions, this.#distributions, 'distributions');
    for (let i = 0; i < distributions.length; i += 1) {
      const { name } = this.#distributions[i] as Named;
      fields[name] = distribution(distributionOf(distributions[i], success, `distributions[${i}]`));
    }
    const texts = valuesOf(target.texts, this.#texts, 'texts');
    for (let i = 0; i < texts.length; i += 1) {
      const { name } = this.#texts[i] as Named;
      fields[name] = text(anyTextOf(texts[i], `texts[${i}]`));
    }
    return fields;
  }

  /** Returns how many probes succeeded; undefined when that is not said. */
  #addCounts(fields: Record<string, Field>, value: unknown): number | undefined {
    const counts = valuesOf(value, this.#counts, 'counts');
    const balance = new Balance();
    for (let i = 0; i < counts.length; i += 1) {
      const number = counts[i];
      const { name, unit } = this.#counts[i] as Named;
      if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
        throw expected('a whole number', number, `counts[${i}]`);
      fields[name] = count(number, unit);
      balance.note(name, number);
    }
    const fault = balance.fault();
    if (fault !== undefined) throw new RowError('counts', fault);
    return balance.success;
  }
}

/** Labels as tags. */
export function labelTags(value: unknown, prefix: LabelPrefix, path: string): Tags {
  if (value === undefined) return NO_TAGS;
  const tags: Record<string, string> = {};
  addLabels(tags, value, prefix, path);
  return tags;
}

function addLabels(tags: Record<string, string>, value: unknown, prefix: LabelPrefix, path: string): void {
  const labels = pairsOf(value, path);
  let left: number = ROW_LIMITS.labels;
  for (const label in labels) {
    if (left-- === 0) throw new RowError(path, `expected ${ROW_LIMITS.labels} at most, found more`);
    tags[tagOf(prefix, label, path)] = textOf(labels[label], ROW_LIMITS.valueChars, path);
  }
}

/** The few labels of a mesh come again and again: making their tags anew would be most of reading a target's tags. */
const LABEL_TAGS = { [SRC_LABEL]: new Map<string, string>(), [DST_LABEL]: new Map<string, string>() };
const MAX_LABEL_TAGS = 1000;

function tagOf(prefix: LabelPrefix, label: string, path: string): string {
  const known = LABEL_TAGS[prefix];
  const tag = known.get(label);
  if (tag !== undefined) return tag;
  if (!isName(label) || !isName(prefix + label)) throw badName(label, path);
  if (known.size < MAX_LABEL_TAGS) known.set(label, prefix + label);
  return prefix + label;
}

function furtherTags(value: unknown): Tags {
  if (value === undefined) return NO_TAGS;
  const pairs = pairsOf(value, 'tags');
  const tags: Record<string, string> = {};
  const names = Object.keys(pairs);
  if (names.length > ROW_LIMITS.labels)
    throw new RowError('tags', `expected ${ROW_LIMITS.labels} at most, found ${names.length}`);
  for (const name of names) {
    if (!isName(name)) throw badName(name, 'tags');
    if (!isFurtherTag(name)) throw new RowError('tags', `${name} has a place of its own in a row`);
    tags[name] = textOf(pairs[name], ROW_LIMITS.valueChars, 'tags');
  }
  return tags;
}

function pairsOf(value: unknown, path: string): JsonMap {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonMap;
  throw expected('an object', value, path);
}

/** Adds what it reads to `known`: a name is one field's only. Without `unit` names have none. */
function namesOf(
  group: JsonMap,
  kind: 'counts' | 'gauges' | 'texts' | 'distributions',
  known: Set<string>,
  unit = '',
): Named[] {
  return listOf(group[kind], ROW_LIMITS.fields, kind).map((value, i) => {
    const path = `${kind}[${i}]`;
    const pair = Array.isArray(value) && value.length === 2 && unit !== '' ? value : [value, unit];
    const name = textOf(pair[0], ROW_LIMITS.nameChars, path);
    if (!isName(name)) throw badName(name, path);
    if (known.has(name)) throw new RowError(path, `the field ${name} is there twice`);
    known.add(name);
    return { name, unit: unit === '' ? '' : textOf(pair[1], ROW_LIMITS.nameChars, path) };
  });
}

function valuesOf(value: unknown, names: readonly Named[], kind: string): readonly unknown[] {
  const values = listOf(value, ROW_LIMITS.fields, kind);
  if (values.length === names.length) return values;
  throw new RowError(kind, `expected ${names.length} values, as many as its group has names, found ${values.length}`);
}

function distributionOf(value: unknown, success: number | undefined, path: string): Distribution {
  const parts = mapOf(value, DISTRIBUTION_KEYS, path);
  const count = wholeOf(parts.count, 0, success ?? Number.MAX_SAFE_INTEGER, `${path}.count`);
  const sumNs = sumOf(parts.sum, `${path}.sum`);
  const buckets = listOf(parts.buckets, MAX_BUCKET_NUMBERS, `${path}.buckets`);
  try {
    // Numbers or not: it looks at each of them.
    const read = { count, sumNs, minNs: parts.min, maxNs: parts.max, buckets } as SparseParts;
    return Distribution.fromSparseParts(read);
  } catch (error) {
    if (error instanceof RangeError) throw new RowError(path, error.message);
    throw error;
  }
}

function sumOf(value: unknown, path: string): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'string' && SUM_TEXT.test(value)) return BigInt(value);
  throw expected('a whole number, from 2^53 on as a text', value, path);
}

function finiteOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw expected('a number', value, path);
}

function anyTextOf(value: unknown, path: string): string {
  if (typeof value === 'string' && isValue(value)) return value;
  throw expected(`a text of ${ROW_LIMITS.valueChars} characters at most`, value, path);
}

function optionalText(value: unknown, path: string): string | undefined {
  return value === undefined ? undefined : textOf(value, ROW_LIMITS.valueChars, path);
}

function badName(name: string, path: string): RowError {
  const shown = JSON.stringify(name.slice(0, ROW_LIMITS.nameChars));
  return new RowError(path, `expected names of 1 to ${ROW_LIMITS.nameChars} characters, found ${shown}`);
}
