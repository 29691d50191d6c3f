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
  readonly shape: 'cross' | 'row' | 'column' | 'blocks';
  /** What shows it: `network_rtt` by its p99. */
  readonly figure: 'any' | 'loss' | 'network_rtt';
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
  /** Older ones that are kept but would take too long. */
  readonly left_out_windows: number;
}

export interface Paths {
  readonly window: WindowTimes;
  /** `not_told`: the agent adds its paths up; `dropped`: they gave way to newer ones. */
  readonly kept: 'yes' | 'not_told' | 'dropped';
  readonly all: Figures;
  readonly paths: readonly (Figures & { readonly path: string })[];
}

/** One direction of a host in one window. */
export interface HostEnd extends Figures {
  /** With data in the window. */
  readonly pairs: number;
  /** The other ends; those without a value first. */
  readonly worst: readonly (Figures & { readonly host: string })[];
}

export interface Host {
  readonly host: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<'tor' | 'pod' | 'dc', string>>;
  readonly transports: readonly {
    readonly transport: string;
    readonly pairs_as_source: number;
    readonly pairs_as_destination: number;
    readonly windows: number;
    readonly oldest_ms: number;
    readonly newest_ms: number;
  }[];
  readonly transport: string;
  readonly window: WindowTimes;
  readonly as_source: HostEnd;
  readonly as_destination: HostEnd;
  readonly patterns: readonly Pattern[];
  readonly patterns_of: readonly { readonly level: Level; readonly within: string | null }[];
  readonly history: readonly (WindowTimes & {
    readonly as_source: Figures | null;
    readonly as_destination: Figures | null;
  })[];
  readonly left_out_windows: number;
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

export interface WorstPair extends Figures {
  readonly src: string;
  readonly dst: string;
  readonly value: number;
}

export interface Worst {
  readonly transport: string;
  readonly level: Level;
  readonly delay: Delay;
  readonly stat: string;
  readonly unit: Unit;
  readonly window: WindowTimes;
  readonly pairs: readonly WorstPair[];
}
