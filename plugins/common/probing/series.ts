/**
 * The targets of one transport and the series their probes become. A target keeps its id while it stays on the list,
 * whatever changes about how often it is probed; a series is what metrics of equal tags belong to.
 */

import type { Tags } from '../../../core/metric.js';
import type { AgentInfo } from '../../../core/plugin.js';
import type { Target, Transport } from '../../../core/target.js';
import { CLOCK_NAMES } from '../../../native/index.js';

export interface Series {
  readonly tags: Tags;
  /** Number of (target, path, clock) that share these tags. */
  users: number;
}

/** Of a target that did not answer lately: silences.ts. */
export interface Silence {
  /** Timeouts in a row, since the last answer. */
  timeouts: number;
  readonly runs: SilentRun[];
}

/** Timeouts of one series in one window. */
export interface SilentRun {
  /** Of the window: UTC, µs. */
  readonly startUs: number;
  readonly series: Series;
  timeouts: number;
}

export interface ProbedTarget<T extends Target = Target> {
  readonly id: number;
  readonly key: string;
  target: T;
  /** By path (0 when paths are not told apart) and clock; made when first needed. */
  readonly series: (Series | undefined)[];
  /** Clock of the last answer, or the one that is expected: what unanswered probes are counted under. */
  clock: number;
  hasAnswered: boolean;
  /** When the last probe that was answered was sent: UTC, µs. Where silences are watched. */
  answeredUs: number;
  /** Undefined while it answers, and where silences are not watched. */
  silence: Silence | undefined;
  /** Another end has taken the place of this one: probes that it did not answer are no loss. */
  isReplaced: boolean;
}

export interface SeriesOptions {
  readonly transport: Transport;
  readonly agent: AgentInfo;
  /** A series for each path, with the tag `path`. */
  readonly perPath: boolean;
}

export interface Replaced<T extends Target> {
  /** Probed from now on. */
  readonly active: ProbedTarget<T>[];
  /** No longer on the list. */
  readonly removed: ProbedTarget<T>[];
  /** On the list before and now, with other paths; only where paths have series of their own. */
  readonly repathed: ProbedTarget<T>[];
}

/** Of a target that no engine probes yet. */
const USER = CLOCK_NAMES.indexOf('user');

/** Path ids go round: native/src/base/target_table.h. */
const PATH_IDS = 256;

/** What makes a target the same target after a change of the list. */
export function targetKey(target: Target): string {
  const where = placeOf(target);
  const labels = Object.entries(target.labels).flat();
  return [target.dst, ...where, target.mode ?? '', target.dscp, target.payloadBytes, ...labels].join('\u0000');
}

function placeOf(target: Target): readonly (string | number | boolean)[] {
  switch (target.transport) {
    case 'udp':
      return [target.address, target.port, target.plain];
    case 'tcp':
      return [target.address, target.port, ...(target.http === undefined ? [] : Object.values(target.http))];
    case 'rdma-ud':
      return [target.gid, target.qpn, target.lid, target.device ?? ''];
  }
}

export class TargetTable<T extends Target> {
  readonly #options: SeriesOptions;
  readonly #byKey = new Map<string, ProbedTarget<T>>();
  /** Ids are never given twice: an answer that comes late must not be taken for another target's. */
  readonly #byId = new Map<number, ProbedTarget<T>>();
  #nextId = 1;
  /** By destination, which tells nearly all apart: keys made of all tags would be the larger part of this table. */
  readonly #series = new Map<string, Series[]>();
  readonly #sourceTags: Tags;

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#sourceTags = prefixed('src_', options.agent.labels);
  }

  /** Takes over a new list. */
  replace(targets: readonly T[]): Replaced<T> {
    const left = new Map(this.#byKey);
    const active: ProbedTarget<T>[] = [];
    const repathed: ProbedTarget<T>[] = [];
    this.#byKey.clear();
    for (const target of targets) {
      const key = this.#uniqueKey(target);
      const known = left.get(key);
      left.delete(key);
      const probed = known ?? this.#add(key, target);
      if (this.#options.perPath && !samePaths(probed.target, target)) repathed.push(probed);
      probed.target = target;
      this.#byKey.set(key, probed);
      active.push(probed);
    }
    return { active, removed: [...left.values()], repathed };
  }

  /** Forgets removed targets; returns the tags of the series that ended with them. */
  forget(removed: readonly ProbedTarget<T>[]): Tags[] {
    const ended: Tags[] = [];
    for (const probed of removed) {
      this.#byId.delete(probed.id);
      this.#end(probed, () => true, ended);
    }
    return ended;
  }

  /** Forgets the paths that these targets have no more; returns as `forget` does. */
  forgetPaths(repathed: readonly ProbedTarget<T>[]): Tags[] {
    const ended: Tags[] = [];
    for (const probed of repathed) this.#end(probed, (path) => !hasPath(probed.target, path), ended);
    return ended;
  }

  byId(id: number): ProbedTarget<T> | undefined {
    return this.#byId.get(id);
  }

  series(probed: ProbedTarget<T>, path: number, clock: number): Series {
    const place = (this.#options.perPath ? path : 0) * CLOCK_NAMES.length + clock;
    const known = probed.series[place];
    if (known !== undefined) return known;
    const tags = this.#tags(probed.target, path, clock);
    const namesakes = this.#series.get(probed.target.dst) ?? [];
    let series = namesakes.find((other) => sameTags(other.tags, tags));
    if (series === undefined) {
      series = { tags, users: 0 };
      this.#series.set(probed.target.dst, [...namesakes, series]);
    }
    series.users += 1;
    probed.series[place] = series;
    return series;
  }

  /** Takes the target out of its series of the paths that are `over`; adds the tags of those it was the last of. */
  #end(probed: ProbedTarget<T>, over: (path: number) => boolean, ended: Tags[]): void {
    probed.series.forEach((series, place) => {
      if (series === undefined || !over(Math.floor(place / CLOCK_NAMES.length))) return;
      probed.series[place] = undefined;
      series.users -= 1;
      if (series.users > 0) return;
      this.#drop(series);
      ended.push(series.tags);
    });
  }

  #drop(series: Series): void {
    const dst = series.tags.dst ?? '';
    const left = (this.#series.get(dst) ?? []).filter((other) => other !== series);
    if (left.length > 0) this.#series.set(dst, left);
    else this.#series.delete(dst);
  }

  /** The same target twice on a list is probed twice. */
  #uniqueKey(target: T): string {
    const key = targetKey(target);
    let unique = key;
    for (let copy = 2; this.#byKey.has(unique); copy += 1) unique = `${key}#${copy}`;
    return unique;
  }

  #add(key: string, target: T): ProbedTarget<T> {
    const id = this.#nextId++;
    const probed: ProbedTarget<T> = {
      id,
      key,
      target,
      series: CLOCK_NAMES.map(() => undefined),
      clock: USER,
      hasAnswered: false,
      answeredUs: Number.NEGATIVE_INFINITY,
      silence: undefined,
      isReplaced: false,
    };
    this.#byId.set(id, probed);
    return probed;
  }

  #tags(target: T, path: number, clock: number): Tags {
    return {
      transport: this.#options.transport,
      src: this.#options.agent.hostname,
      dst: target.dst,
      clock: CLOCK_NAMES[clock] ?? 'user',
      ...(this.#options.perPath ? { path: String(path) } : {}),
      ...(target.mode === undefined ? {} : { mode: target.mode }),
      ...this.#sourceTags,
      ...prefixed('dst_', target.labels),
    };
  }
}

function samePaths(a: Target, b: Target): boolean {
  return a.paths === b.paths && a.firstPath === b.firstPath;
}

function hasPath(target: Target, path: number): boolean {
  return (path - target.firstPath + PATH_IDS) % PATH_IDS < target.paths;
}

function sameTags(a: Tags, b: Tags): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function prefixed(prefix: string, labels: Readonly<Record<string, string>>): Tags {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [prefix + name, value]));
}
