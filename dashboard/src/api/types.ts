/** Answers of the grid's API as far as pages read them; docs/openapi-grid.json describes all of them. */

import type { Delay, Level } from '../route.js';

export interface WindowTimes {
  readonly start: string;
  readonly end: string;
  /** ms since 1970; a value of `at`. */
  readonly start_ms: number;
}

export type Unit = 'ns' | 'ratio' | 'probes' | 'packets';
/** Where fair, bad and worst begin. */
export type Steps = readonly [fair: number, bad: number, worst: number];

export interface Pattern {
  readonly pattern: string;
  readonly level: Level;
  readonly name: string;
  readonly rule: string;
}

/** Neighbours on an axis that belong to one group of the next level. */
export interface AxisGroup {
  readonly name: string;
  readonly members: number;
}

/** A grid but for its matrix. */
export interface GridHead {
  /** null: there are no data at all. */
  readonly transport: string | null;
  readonly level: Level;
  readonly delay: Delay;
  readonly stat: string;
  readonly unit: Unit;
  readonly window: WindowTimes | null;
  readonly src: readonly string[];
  readonly dst: readonly string[];
  /** In the order of the axes. */
  readonly src_groups: readonly AxisGroup[];
  readonly dst_groups: readonly AxisGroup[];
  readonly thresholds: { readonly latency_ns: Steps; readonly loss: Steps };
  readonly patterns: readonly Pattern[];
}

export interface TransportWindows {
  readonly transport: string;
  /** `start_ms` of the newest settled window. */
  readonly settled_ms: number | null;
  /** The oldest first. */
  readonly windows: readonly (WindowTimes & { readonly pairs: number })[];
}

export interface Windows {
  readonly window_ms: number;
  readonly transports: readonly TransportWindows[];
  readonly store: { readonly hosts: number; readonly cells: number };
}

/** ns, but for `count`. */
export interface DelayFigures {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Probes or packets by what became of them. */
export interface Counts {
  readonly success: number;
  readonly sent: number;
  readonly timeout: number;
  readonly send_error: number;
  readonly invalid: number;
  readonly late: number;
  readonly duplicate: number;
  readonly retransmitted: number;
  readonly syn_retransmits: number;
  readonly stale: number;
}

/** Null: no probe, or no answer. */
export interface Figures extends Readonly<Record<Delay, DelayFigures | null>> {
  readonly loss: number | null;
  readonly counts: Counts;
}

export interface CellReport {
  readonly transport: string;
  readonly level: Level;
  readonly delay: Delay;
  readonly window: WindowTimes;
  readonly src: string;
  readonly dst: string;
  readonly state: 'no_data' | 'failure' | 'value';
  readonly loss: number | null;
  readonly counts: Counts;
  /** Of the chosen delay. */
  readonly figures: DelayFigures | null;
}

export interface Pair {
  readonly transport: string;
  readonly level: Level;
  readonly src: string;
  readonly dst: string;
  /** Those with data, the oldest first. */
  readonly windows: readonly (WindowTimes & Figures)[];
}

export interface Cdf {
  readonly transport: string;
  readonly delay: Delay;
  readonly window: WindowTimes;
  readonly count: number;
  /** Ascending; the last one is the maximum. */
  readonly up_to_ns: readonly number[];
  /** How many values do not exceed each bound. */
  readonly values: readonly number[];
}

export interface Worst {
  readonly transport: string;
  readonly level: Level;
  readonly delay: Delay;
  readonly stat: string;
  readonly unit: Unit;
  readonly window: WindowTimes;
  readonly pairs: readonly { readonly src: string; readonly dst: string; readonly value: number }[];
}
