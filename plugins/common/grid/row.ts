/**
 * Rows on the wire, version 1: what one source host says of one window, in JSON. A row holds `probe` metrics (DESIGN.md,
 * section 5) without loss: what row-encoder.ts writes, row-decoder.ts reads back as equal metrics. Targets that agree in
 * transport, clock, mode, further tags and the names of their fields are a group, so that names are written once:
 * a large part of a window would be nothing but names. docs/rows.md describes the form for other programs.
 */

import { WeftError } from '../../../core/errors.js';
import type { Unit } from '../../../core/metric.js';

export const ROW_VERSION = 1;
/** Below the URL of a listener. */
export const ROWS_PATH = 'v1/rows';

/** What a decoder takes; an encoder makes nothing beyond it. */
export const ROW_LIMITS = {
  /** In one document. */
  rows: 10_000,
  /** In one row, over all groups. Further targets of a window go into further rows. */
  targets: 10_000,
  /** In one row. */
  groups: 1000,
  /** Of one kind, of one target. */
  fields: 64,
  /** Labels of an end, and tags of a group. */
  labels: 64,
  nameChars: 128,
  valueChars: 1024,
  /** The longest window is a day. */
  windowMs: 86_400_000,
} as const;

/** The name, when its unit is the usual one of its kind (DEFAULT_UNITS). */
export type FieldName = string | readonly [name: string, unit: Unit];

export const DEFAULT_UNITS = { counts: 'probes', gauges: '1' } as const;

export interface RowsDocument {
  readonly version: typeof ROW_VERSION;
  readonly rows: readonly RowForm[];
}

export interface RowForm {
  readonly src: string;
  /** `start`: UTC with nine digits of the second. */
  readonly window: { readonly start: string; readonly length_ms: number };
  /** Of the source host: tags `src_<label>`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly groups: readonly GroupForm[];
}

export interface GroupForm {
  readonly transport: string;
  readonly clock?: string;
  readonly mode?: string;
  /** Those that have no place of their own in a row. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly counts?: readonly FieldName[];
  readonly gauges?: readonly FieldName[];
  readonly texts?: readonly string[];
  readonly distributions?: readonly string[];
  readonly targets: readonly TargetForm[];
}

/** Each list is as long as the group's of that name. A group without fields says that the series of its targets ended. */
export interface TargetForm {
  readonly dst: string;
  readonly path?: string;
  /** Of the target: tags `dst_<label>`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly counts?: readonly number[];
  readonly gauges?: readonly number[];
  readonly texts?: readonly string[];
  readonly distributions?: readonly DistributionForm[];
}

/** Whole nanoseconds. */
export interface DistributionForm {
  readonly count: number;
  /** As a text from 2^53 on: a number would lose digits. */
  readonly sum: number | string;
  readonly min: number;
  readonly max: number;
  /** Index, count, index, count, …, of scale 5, ascending. Values of 0 are in none: `count` less the buckets. */
  readonly buckets: readonly number[];
}

/** A document is wrong, and nothing of it is used; the message begins with the place. */
export class RowError extends WeftError {
  /** Such as `rows[3].groups[0].targets[7].counts[1]`. */
  readonly path: string;
  /** Without the place. */
  readonly problem: string;

  constructor(path: string, problem: string) {
    super('WEFT_ROW', path === '' ? problem : `${path}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** Tags that are properties of a row, a group or a target. */
const PLACED = new Set(['src', 'dst', 'transport', 'clock', 'mode', 'path']);
export const SRC_LABEL = 'src_';
export const DST_LABEL = 'dst_';
export type LabelPrefix = typeof SRC_LABEL | typeof DST_LABEL;

/** Whether a tag stands in `tags` of a group. */
export function isFurtherTag(name: string): boolean {
  return !PLACED.has(name) && labelOf(name, SRC_LABEL) === undefined && labelOf(name, DST_LABEL) === undefined;
}

/** The label that a tag holds; undefined when it holds none. */
export function labelOf(tag: string, prefix: LabelPrefix): string | undefined {
  return tag.length > prefix.length && tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined;
}

/** Of labels, tags and fields. `__proto__` would not be a key like others once it is in an object. */
export function isName(name: string): boolean {
  return name !== '' && name.length <= ROW_LIMITS.nameChars && name !== '__proto__';
}

/** Of tags and texts. */
export function isValue(value: string): boolean {
  return value.length <= ROW_LIMITS.valueChars;
}

export function isWholeCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The numbers of a target as far as they depend on each other. */
export class Balance {
  #sent: number | undefined;
  #timeout: number | undefined;
  #invalid: number | undefined;
  /** Undefined: it has no such field. */
  success: number | undefined;

  note(field: string, value: number): void {
    if (field === 'sent') this.#sent = value;
    else if (field === 'success') this.success = value;
    else if (field === 'timeout') this.#timeout = value;
    else if (field === 'invalid') this.#invalid = value;
  }

  /** What is wrong with counts that do not add up; undefined when they do. */
  fault(): string | undefined {
    const [sent, success, timeout, invalid] = [this.#sent, this.success, this.#timeout, this.#invalid];
    if (sent === undefined || success === undefined || timeout === undefined || invalid === undefined) return undefined;
    const sum = success + timeout + invalid;
    return sent === sum ? undefined : `sent is success + timeout + invalid, ${sum}, not ${sent}`;
  }
}
