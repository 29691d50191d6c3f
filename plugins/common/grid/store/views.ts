/**
 * Views of the grid as they are asked for: made once, kept while there is room, made anew when their window changes. One of
 * 300 000 pairs takes some 100 ms of a core. So all are made in slices, and a large one that is known is served as it was
 * for a moment longer while its successor is made; the first of its kind makes its askers wait, and nobody else.
 */

import { setImmediate } from 'node:timers/promises';
import { type Axis, axisOf, type Within } from './axis.js';
import { COUNTS, DELAYS, type Delay } from './cell.js';
import type { GridStore } from './grid-store.js';
import type { Level } from './hosts.js';
import type { Mesh } from './mesh.js';
import { type Pattern, type PatternLimits, patternsOf } from './patterns.js';
import { inSlices, type Steps } from './slices.js';
import {
  cellsOf,
  countsOf,
  DELAY_STATS,
  type DelayMatrices,
  delayMatrices,
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

/** What views of one window, level and members have in common, whichever delay they show. Row = source; row-major. */
interface Frame {
  readonly startMs: number;
  readonly endMs: number;
  /** Equal for equal content, within one process. */
  readonly revision: string;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly plan: Plan;
  /** As `countsOf` gives them. */
  readonly counts: Float64Array;
  readonly loss: Float64Array;
  readonly states: Uint8Array;
  /** Of views with the same members on both axes. */
  readonly patterns: readonly Pattern[];
}

export interface View extends Frame {
  readonly delay: DelayMatrices;
}

/** Why there is no view. `size`: more than MAX_VIEW_CELLS. */
export type NoView = 'transport' | 'window' | 'size';

interface Entry {
  readonly view: View;
  /** Since when it is known that its window has changed. */
  staleSinceMs: number | undefined;
}

/** A view that is being made. */
interface Making {
  readonly revision: string;
  readonly view: Promise<View | NoView>;
}

/** 1 000 × 1 000 hosts, and a little. */
export const MAX_VIEW_CELLS = 2 ** 20;
/** Of all views; at 250 ToRs and 300 000 pairs the three delays of one take 23 MB together. */
const MAX_VIEWS_BYTES = 96 * 2 ** 20;
/** Of a plan: its number and its cell. */
const PLAN_PAIR_BYTES = 12;
/** Views of fewer pairs are never served late: to make one takes a few ms. */
const MIN_LARGE_PAIRS = 10_000;
/** A view is served so long after its window has changed. */
const MAX_LAG_MS = 5000;

export class Views {
  readonly #store: GridStore;
  readonly #limitsOf: (transport: string) => PatternLimits;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #making = new Map<string, Making>();
  /** Views are made one after the other: one of 2^20 cells takes up to 170 MB. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: GridStore, limitsOf: (transport: string) => PatternLimits) {
    this.#store = store;
    this.#limitsOf = limitsOf;
  }

  /** `nowMs`: monotonic. */
  async get(query: ViewQuery, nowMs: number): Promise<View | NoView> {
    const mesh = this.#store.mesh(query.transport);
    if (mesh === undefined) return 'transport';
    const window = windowOf(query, mesh);
    if (window === undefined) return 'window';
    const key = keyOf(query);
    const known = this.#entries.get(key);
    const revision = revisionOf(this.#store, mesh, window);
    if (known === undefined || !this.#isServed(known, revision, mesh, nowMs))
      return await this.#made(key, query, mesh, revision);
    this.#entries.delete(key);
    this.#entries.set(key, known);
    // Whoever asks once this is too old meets what went wrong.
    if (known.view.revision !== revision) this.#made(key, query, mesh, revision).catch(() => {});
    return known.view;
  }

  /** Whether what is known is new enough. */
  #isServed(known: Entry, revision: string, mesh: Mesh, nowMs: number): boolean {
    if (known.view.revision === revision) return true;
    if (mesh.pairs < MIN_LARGE_PAIRS) return false;
    known.staleSinceMs ??= nowMs;
    return nowMs - known.staleSinceMs < MAX_LAG_MS;
  }

  /** Who asks for what is being made waits for that; of a large mesh even when rows came in since it was begun. */
  #made(key: string, query: ViewQuery, mesh: Mesh, revision: string): Promise<View | NoView> {
    const known = this.#making.get(key);
    if (known !== undefined && (known.revision === revision || mesh.pairs >= MIN_LARGE_PAIRS)) return known.view;
    const making: Making = { revision, view: this.#makeAndKeep(key, query, mesh) };
    this.#making.set(key, making);
    const forget = (): void => {
      if (this.#making.get(key) === making) this.#making.delete(key);
    };
    making.view.then(forget, forget);
    return making.view;
  }

  async #makeAndKeep(key: string, query: ViewQuery, mesh: Mesh): Promise<View | NoView> {
    // Not before those are answered who get what is known.
    const made = this.#turn.then(() => setImmediate()).then(() => inSlices(mesh, () => this.#make(query, mesh)));
    this.#turn = made.catch(() => {});
    const view = await made;
    return typeof view === 'string' ? view : this.#keep(key, view);
  }

  *#make(query: ViewQuery, mesh: Mesh): Steps<View | NoView> {
    const window = windowOf(query, mesh);
    if (window === undefined) return 'window';
    const revision = revisionOf(this.#store, mesh, window);
    const known = this.#frameOf(query, revision);
    if (known !== undefined) return { ...known, delay: yield* delayMatrices(window, known.plan, query.delay) };
    const plan = yield* this.#plan(query, mesh);
    if (cellsOf(plan) > MAX_VIEW_CELLS) return 'size';
    yield;
    const counts = yield* countsOf(window, plan);
    const [loss, states] = [lossMatrix(counts), stateMatrix(counts)];
    yield;
    const network = yield* delayMatrices(window, plan, 'network_rtt');
    const delay = query.delay === 'network_rtt' ? network : yield* delayMatrices(window, plan, query.delay);
    const { rows, columns } = plan;
    const limits = this.#limitsOf(query.transport);
    const patterns = rows === columns ? patternsOf({ axis: rows, states, loss, p99Ns: network.p99 }, limits) : [];
    const { startMs, endMs } = window;
    return { startMs, endMs, revision, rows, columns, plan, counts, loss, states, patterns, delay };
  }

  /** That of a view which differs from `query` in the delay only, unless its window has changed. */
  #frameOf(query: ViewQuery, revision: string): Frame | undefined {
    for (const delay of DELAYS) {
      const view = this.#entries.get(keyOf({ ...query, delay }))?.view;
      if (view?.revision === revision) return view;
    }
    return undefined;
  }

  *#plan({ level, srcIn, dstIn }: ViewQuery, mesh: Mesh): Steps<Plan> {
    const rows = axisOf(this.#store.hosts, mesh, level, srcIn);
    yield;
    const isSame = srcIn?.level === dstIn?.level && srcIn?.name === dstIn?.name;
    const columns = isSame ? rows : axisOf(this.#store.hosts, mesh, level, dstIn);
    yield;
    return yield* planOf(mesh, rows, columns);
  }

  #keep(key: string, view: View): View {
    this.#entries.delete(key);
    this.#entries.set(key, { view, staleSinceMs: undefined });
    for (const oldest of this.#entries.keys()) {
      if (oldest === key || bytesOf(this.#entries.values()) <= MAX_VIEWS_BYTES) break;
      this.#entries.delete(oldest);
    }
    return view;
  }
}

/** Of all that is made of a window; equal for equal content, within one process. */
export function revisionOf({ hosts }: GridStore, mesh: Mesh, { startMs, revision }: GridWindow): string {
  return [startMs, revision, mesh.revision, hosts.moves].join('-');
}

function keyOf(query: ViewQuery): string {
  return JSON.stringify(query);
}

function windowOf({ startMs }: ViewQuery, mesh: Mesh): GridWindow | undefined {
  return startMs === undefined ? mesh.settledWindow() : mesh.window(startMs);
}

/** What several views have in common counts once. */
function bytesOf(entries: Iterable<Entry>): number {
  let bytes = 0;
  const counted = new Set<Float64Array>();
  for (const { view } of entries) {
    const { states, counts, plan } = view;
    bytes += 8 * states.length * DELAY_STATS.length;
    if (counted.has(counts)) continue;
    counted.add(counts);
    bytes += 8 * states.length * (COUNTS.length + 1) + PLAN_PAIR_BYTES * plan.pairs.length;
  }
  return bytes;
}
