/**
 * Views of the grid as they are asked for: made once, kept while there is room, made anew when their window changes. One of
 * 300 000 pairs takes some 100 ms of a core. So a large one that is known is served as it was for a moment longer, while
 * its successor is made in steps that let others run in between; the first of its kind makes its asker wait.
 */

import { setImmediate } from 'node:timers/promises';
import { type Axis, axisOf, type Within } from './axis.js';
import { COUNTS, type Delay } from './cell.js';
import type { GridStore } from './grid-store.js';
import type { Level } from './hosts.js';
import type { Mesh } from './mesh.js';
import { type Pattern, type PatternLimits, patternsOf } from './patterns.js';
import {
  cellsOf,
  countsOf,
  DELAY_STATS,
  DelayFilling,
  type DelayMatrices,
  lossMatrix,
  type Plan,
  planOf,
  stateMatrix,
} from './view.js';
import type { GridWindow } from './window.js';

export interface ViewQuery {
  readonly transport: string;
  /** Of a window that is kept; undefined: the newest settled one. */
  readonly startMs: number | undefined;
  readonly level: Level;
  readonly delay: Delay;
  readonly srcIn: Within | undefined;
  readonly dstIn: Within | undefined;
}

/** Row = source. All matrices are row-major. */
export interface View {
  readonly startMs: number;
  readonly endMs: number;
  /** Equal for equal content, within one process. */
  readonly revision: string;
  readonly rows: Axis;
  readonly columns: Axis;
  /** As `countsOf` gives them. */
  readonly counts: Float64Array;
  readonly loss: Float64Array;
  readonly states: Uint8Array;
  readonly delay: DelayMatrices;
  readonly network: DelayMatrices;
  /** Of views with the same members on both axes. */
  readonly patterns: readonly Pattern[];
}

/** Why there is no view. `size`: more than MAX_VIEW_CELLS. */
export type NoView = 'transport' | 'window' | 'size';

interface Entry {
  view: View;
  /** Since when it is known that its window has changed. */
  staleSinceMs: number | undefined;
  refreshing: boolean;
}

/** 1 000 × 1 000 hosts, and a little. */
export const MAX_VIEW_CELLS = 2 ** 20;
/** Of all views; one at 250 ToRs takes 15 MB. */
const MAX_VIEWS_BYTES = 96 * 2 ** 20;
/** Views of fewer pairs are made at once: that takes a few ms. */
const MIN_LARGE_PAIRS = 10_000;
/** A view is served so long after its window has changed. */
const MAX_LAG_MS = 5000;
/** Pairs of a step: about 1 ms. */
const PAIRS_PER_STEP = 4000;

export class Views {
  readonly #store: GridStore;
  readonly #limitsOf: (transport: string) => PatternLimits;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(store: GridStore, limitsOf: (transport: string) => PatternLimits) {
    this.#store = store;
    this.#limitsOf = limitsOf;
  }

  /** `nowMs`: monotonic. */
  get(query: ViewQuery, nowMs: number): View | NoView {
    const mesh = this.#store.mesh(query.transport);
    if (mesh === undefined) return 'transport';
    const window = query.startMs === undefined ? mesh.settledWindow() : mesh.window(query.startMs);
    if (window === undefined) return 'window';
    const key = JSON.stringify(query);
    const known = this.#entries.get(key);
    if (known !== undefined && this.#serves(known, query, mesh, window, nowMs)) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.view;
    }
    const making = this.#make(query, mesh, window);
    for (;;) {
      const { done, value } = making.next();
      if (done === true) return value === 'size' ? value : this.#keep(key, value);
    }
  }

  /** Whether what is known is new enough; sets going what replaces it if it is not new. */
  #serves(known: Entry, query: ViewQuery, mesh: Mesh, window: GridWindow, nowMs: number): boolean {
    if (known.view.revision === this.#revision(mesh, window)) return true;
    if (mesh.pairs < MIN_LARGE_PAIRS) return false;
    known.staleSinceMs ??= nowMs;
    if (nowMs - known.staleSinceMs >= MAX_LAG_MS) return false;
    if (!known.refreshing) void this.#refresh(known, query, mesh, window);
    return true;
  }

  async #refresh(known: Entry, query: ViewQuery, mesh: Mesh, window: GridWindow): Promise<void> {
    known.refreshing = true;
    const making = this.#make(query, mesh, window);
    const structure = this.#structure(mesh);
    for (;;) {
      await setImmediate();
      // Numbers of pairs may stand for others now: the next who asks begins anew.
      if (structure !== this.#structure(mesh) || !mesh.windows.includes(window)) {
        known.refreshing = false;
        return;
      }
      const { done, value } = making.next();
      if (done !== true) continue;
      if (value !== 'size') known.view = value;
      known.staleSinceMs = undefined;
      known.refreshing = false;
      return;
    }
  }

  *#make(query: ViewQuery, mesh: Mesh, window: GridWindow): Generator<undefined, View | 'size'> {
    // What changes while this is made shows as another revision, and the view is made again.
    const revision = this.#revision(mesh, window);
    const plan = this.#plan(query, mesh);
    if (cellsOf(plan) > MAX_VIEW_CELLS) return 'size';
    yield;
    const counts = countsOf(window, plan);
    const [loss, states] = [lossMatrix(counts), stateMatrix(counts)];
    yield;
    const network = yield* filled(new DelayFilling(window, plan, 'network_rtt'));
    const delay = query.delay === 'network_rtt' ? network : yield* filled(new DelayFilling(window, plan, query.delay));
    const { rows, columns } = plan;
    const limits = this.#limitsOf(query.transport);
    const patterns = rows === columns ? patternsOf({ axis: rows, states, loss, p99Ns: network.p99 }, limits) : [];
    const { startMs, endMs } = window;
    return { startMs, endMs, revision, rows, columns, counts, loss, states, delay, network, patterns };
  }

  #plan({ level, srcIn, dstIn }: ViewQuery, mesh: Mesh): Plan {
    const rows = axisOf(this.#store.hosts, mesh, level, srcIn);
    const isSame = srcIn?.level === dstIn?.level && srcIn?.name === dstIn?.name;
    return planOf(mesh, rows, isSame ? rows : axisOf(this.#store.hosts, mesh, level, dstIn));
  }

  #revision(mesh: Mesh, { startMs, revision }: GridWindow): string {
    return [startMs, revision, this.#structure(mesh)].join('-');
  }

  #structure(mesh: Mesh): string {
    return `${mesh.revision}-${this.#store.hosts.moves}`;
  }

  #keep(key: string, view: View): View {
    this.#entries.delete(key);
    this.#entries.set(key, { view, staleSinceMs: undefined, refreshing: false });
    let bytes = 0;
    for (const entry of this.#entries.values()) bytes += bytesOf(entry.view);
    for (const [oldest, entry] of this.#entries) {
      if (bytes <= MAX_VIEWS_BYTES || oldest === key) break;
      bytes -= bytesOf(entry.view);
      this.#entries.delete(oldest);
    }
    return view;
  }
}

function* filled(filling: DelayFilling): Generator<undefined, DelayMatrices> {
  while (!filling.advance(PAIRS_PER_STEP)) yield;
  return filling.matrices;
}

function bytesOf({ states, delay, network }: View): number {
  const delays = delay === network ? 1 : 2;
  return states.length * 8 * (COUNTS.length + 1 + delays * DELAY_STATS.length);
}
