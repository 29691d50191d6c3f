/**
 * The filters every plugin has, with Telegraf's names, meaning and order: `select` (namepass, namedrop, tagpass, tagdrop)
 * decides about the whole metric, `modify` (fieldinclude, fieldexclude, taginclude, tagexclude) about its parts. An input
 * adds its tags between the two; an output does both at once.
 */

import type { FilterConfig } from '../config/common.js';
import type { Metric, Tags } from '../metric.js';
import { compileGlobs, type Matcher } from './glob.js';

type TagMatchers = readonly (readonly [tag: string, matches: Matcher])[];

export class Filter {
  readonly #namePass: Matcher | undefined;
  readonly #nameDrop: Matcher | undefined;
  readonly #tagPass: TagMatchers | undefined;
  readonly #tagDrop: TagMatchers | undefined;
  readonly #fieldInclude: Matcher | undefined;
  readonly #fieldExclude: Matcher | undefined;
  readonly #tagInclude: Matcher | undefined;
  readonly #tagExclude: Matcher | undefined;

  constructor(config: FilterConfig) {
    this.#namePass = compileGlobs(config.namepass);
    this.#nameDrop = compileGlobs(config.namedrop);
    this.#tagPass = compileTagGlobs(config.tagpass);
    this.#tagDrop = compileTagGlobs(config.tagdrop);
    this.#fieldInclude = compileGlobs(config.fieldinclude);
    this.#fieldExclude = compileGlobs(config.fieldexclude);
    this.#tagInclude = compileGlobs(config.taginclude);
    this.#tagExclude = compileGlobs(config.tagexclude);
  }

  /** Whether the metric passes at all. What is both passed and dropped is dropped. */
  select(metric: Metric): boolean {
    if (!keeps(metric.name, this.#namePass, this.#nameDrop)) return false;
    if (this.#tagPass !== undefined && !anyTag(metric.tags, this.#tagPass)) return false;
    return this.#tagDrop === undefined || !anyTag(metric.tags, this.#tagDrop);
  }

  /**
   * The metric without what the filter removes: the same object if that is nothing, undefined if it had fields and none
   * is left.
   */
  modify(metric: Metric): Metric | undefined {
    const fields = pick(metric.fields, this.#fieldInclude, this.#fieldExclude);
    const tags = pick(metric.tags, this.#tagInclude, this.#tagExclude);
    if (fields !== metric.fields && isEmpty(fields)) return undefined;
    if (fields === metric.fields && tags === metric.tags) return metric;
    return { name: metric.name, tags, fields, timeNs: metric.timeNs };
  }

  /** Select and modify in one: undefined when the metric does not pass. */
  apply(metric: Metric): Metric | undefined {
    return this.select(metric) ? this.modify(metric) : undefined;
  }
}

function compileTagGlobs(patterns: Readonly<Record<string, string[]>> | undefined): TagMatchers | undefined {
  const compiled: (readonly [string, Matcher])[] = [];
  for (const [tag, globs] of Object.entries(patterns ?? {})) {
    const matches = compileGlobs(globs);
    if (matches !== undefined) compiled.push([tag, matches]);
  }
  return compiled.length === 0 ? undefined : compiled;
}

/** One matching tag is enough: the entries of tagpass and tagdrop are alternatives. */
function anyTag(tags: Tags, matchers: TagMatchers): boolean {
  for (const [tag, matches] of matchers) {
    const value = tags[tag];
    // Not `undefined`: a tag may be called like something every object inherits.
    if (typeof value === 'string' && matches(value)) return true;
  }
  return false;
}

function keeps(key: string, include: Matcher | undefined, exclude: Matcher | undefined): boolean {
  return (include === undefined || include(key)) && (exclude === undefined || !exclude(key));
}

/** The entries that are kept; the same object when that is all of them. */
function pick<T>(
  entries: Readonly<Record<string, T>>,
  include: Matcher | undefined,
  exclude: Matcher | undefined,
): Readonly<Record<string, T>> {
  if (include === undefined && exclude === undefined) return entries;
  const kept: Record<string, T> = {};
  let removed = false;
  for (const key in entries) {
    const value = entries[key];
    if (value !== undefined && keeps(key, include, exclude)) kept[key] = value;
    else removed = true;
  }
  return removed ? kept : entries;
}

function isEmpty(entries: object): boolean {
  for (const _ in entries) return false;
  return true;
}
