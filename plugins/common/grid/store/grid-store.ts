/**
 * The last windows of the whole mesh in memory: takes `probe` metrics, keeps what each source measured of each destination.
 * No I/O, no clock of its own. Metrics of one pair and window add up, whenever they come and in whatever grouping (a metric a
 * path, say), and every order ends in equal figures; the same metric twice counts twice: to tell is the listener's
 * matter. Bounds: `windows` a transport, and `maxCells` and `maxBytes` over all, for which the oldest windows give way.
 */

import { isEndOfSeries, type Metric, type Tags } from '../../../../core/metric.js';
import { ChunkPool } from './arena.js';
import { CellSums } from './cell.js';
import { HostTable } from './hosts.js';
import { Mesh, PAIR_BYTES } from './mesh.js';
import { PathKeeper } from './path-keeper.js';
import { GridWindow } from './window.js';

export interface GridLimits {
  readonly windowMs: number;
  /** Kept for each transport. */
  readonly windows: number;
  readonly maxCells: number;
  /** Of cells, tables and pairs; what Node itself takes comes on top. */
  readonly maxBytes: number;
  /** Of what is known of single paths, on top of `maxBytes`. */
  readonly maxPathBytes: number;
}

/**
 * What became of a metric: it is in the grid (`added`), it is none of a pair (`other`: another name, the end of a series), or it was
 * dropped: not a valid probe metric, older than the kept windows, more than a window ahead of the clock, beyond the limits, or
 * there already, as only a store that is shared can tell (`doubled`).
 */
export const OUTCOMES = ['added', 'other', 'malformed', 'late', 'future', 'full', 'doubled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What one source says of one destination in one window. */
export interface PairReading {
  readonly transport: string;
  readonly src: string;
  readonly dst: string;
  /** Of the window, UTC. */
  readonly endMs: number;
  /** Where both stand: `src_dc`, …; `path`. */
  readonly tags: Tags;
  readonly sums: CellSums;
}

const MAX_NAME_CHARS = 253;
/** There are three; third-party inputs may bring some more. */
const MAX_TRANSPORTS = 8;

export class GridStore {
  readonly limits: GridLimits;
  readonly hosts = new HostTable();
  readonly #meshes = new Map<string, Mesh>();
  readonly #pool = new ChunkPool();
  readonly #sums = new CellSums();
  #cells = 0;
  /** Metrics by what became of them. */
  readonly outcomes: Record<Outcome, number> = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  /** Windows and cells that gave way to newer ones before their time: `maxCells`, `maxBytes`. */
  evictedWindows = 0;
  evictedCells = 0;
  readonly paths: PathKeeper;

  constructor(limits: GridLimits) {
    this.limits = limits;
    this.paths = new PathKeeper(limits.maxPathBytes);
  }

  /** Sorted. */
  get transports(): string[] {
    return [...this.#meshes.keys()].sort();
  }

  mesh(transport: string): Mesh | undefined {
    return this.#meshes.get(transport);
  }

  /** In all windows of all transports. */
  get cells(): number {
    return this.#cells;
  }

  /** What `maxBytes` bounds. */
  get bytes(): number {
    let pairs = 0;
    for (const mesh of this.#meshes.values()) pairs += mesh.pairs;
    return this.#pool.usedBytes + pairs * PAIR_BYTES;
  }

  /** `nowMs`: UTC. */
  add(metric: Metric, nowMs: number): Outcome {
    const reading = this.read(metric, nowMs);
    const outcome = typeof reading === 'string' ? reading : this.take(reading);
    this.outcomes[outcome] += 1;
    return outcome;
  }

  /** What a metric says, or why it will not be in the grid. What the reading holds is good until the next call. */
  read(metric: Metric, nowMs: number): PairReading | Exclude<Outcome, 'added' | 'full'> {
    if (metric.name !== 'probe' || isEndOfSeries(metric)) return 'other';
    const { transport, src, dst } = metric.tags;
    if (!isName(transport) || !isName(src) || !isName(dst)) return 'malformed';
    const { windowMs } = this.limits;
    const endMs = windowEndMs(metric.timeNs, windowMs);
    if (endMs > nowMs + windowMs) return 'future';
    this.#sums.clear();
    if (!this.#sums.addFields(metric.fields)) return 'malformed';
    if (this.#isOver(this.#meshes.get(transport), endMs)) return 'late';
    return { transport, src, dst, endMs, tags: metric.tags, sums: this.#sums };
  }

  /** Puts it into the grid; `sums` hold the whole cell afterwards. */
  take({ transport, src, dst, endMs, tags, sums }: PairReading): 'added' | 'late' | 'full' {
    const mesh = this.#meshFor(transport);
    if (mesh === undefined) return 'full';
    if (this.#isOver(mesh, endMs)) return 'late';
    const window = this.#windowFor(mesh, endMs);
    if (!this.#makeRoom(mesh, window)) return 'full';
    const pair = mesh.pairOf(src, dst);
    if (!window.has(pair)) {
      mesh.hold(pair);
      this.#cells += 1;
    }
    if (tags.path) this.paths.add(window, pair, tags.path, sums, this.#meshes.values());
    window.add(pair, sums);
    this.hosts.locate(mesh.srcOf(pair), 'src', tags, endMs);
    this.hosts.locate(mesh.dstOf(pair), 'dst', tags, endMs);
    return 'added';
  }

  /** Takes out what a source said in a window. */
  forget({ transport, src }: Pick<PairReading, 'transport' | 'src'>, endMs: number): void {
    const mesh = this.#meshes.get(transport);
    const window = mesh?.window(endMs - this.limits.windowMs);
    const id = this.hosts.idOf(src);
    if (mesh === undefined || window === undefined || id === undefined) return;
    for (const pair of [...mesh.row(id).values()]) {
      if (!window.delete(pair)) continue;
      mesh.release(pair);
      this.#cells -= 1;
    }
  }

  #meshFor(transport: string): Mesh | undefined {
    const known = this.#meshes.get(transport);
    if (known !== undefined || this.#meshes.size >= MAX_TRANSPORTS) return known;
    const mesh = new Mesh(transport, this.hosts);
    this.#meshes.set(transport, mesh);
    return mesh;
  }

  #isOver(mesh: Mesh | undefined, endMs: number): boolean {
    const { windowMs, windows } = this.limits;
    const startMs = endMs - windowMs;
    return startMs <= (mesh?.windows.at(-1)?.startMs ?? startMs) - windows * windowMs;
  }

  #windowFor(mesh: Mesh, endMs: number): GridWindow {
    const { windowMs, windows } = this.limits;
    const startMs = endMs - windowMs;
    const newestMs = mesh.windows.at(-1)?.startMs ?? startMs;
    const known = mesh.window(startMs);
    if (known !== undefined) return known;
    const window = new GridWindow(startMs, endMs, this.#pool);
    mesh.insert(window);
    const oldestMs = Math.max(newestMs, startMs) - (windows - 1) * windowMs;
    while ((mesh.windows[0]?.startMs ?? oldestMs) < oldestMs) this.#cells -= mesh.dropOldest();
    return window;
  }

  /** Drops the oldest windows until there is room for a cell; false when only `window` and newer ones are left. */
  #makeRoom(mesh: Mesh, window: GridWindow): boolean {
    while (this.#cells >= this.limits.maxCells || this.bytes >= this.limits.maxBytes) {
      const oldest = this.#withOldest();
      if ((oldest?.windows[0]?.startMs ?? window.startMs) >= window.startMs) {
        if (window.cells === 0) mesh.remove(window);
        return false;
      }
      const cells = oldest?.dropOldest() ?? 0;
      this.#cells -= cells;
      this.evictedCells += cells;
      this.evictedWindows += 1;
    }
    return true;
  }

  #withOldest(): Mesh | undefined {
    let found: Mesh | undefined;
    for (const mesh of this.#meshes.values()) {
      const startMs = mesh.windows[0]?.startMs ?? Number.POSITIVE_INFINITY;
      if (startMs < (found?.windows[0]?.startMs ?? Number.POSITIVE_INFINITY)) found = mesh;
    }
    return found;
  }
}

/** A metric has the time of its window's end. */
function windowEndMs(timeNs: bigint, windowMs: number): number {
  const windowNs = BigInt(windowMs) * 1_000_000n;
  return Number((timeNs + windowNs - 1n) / windowNs) * windowMs;
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.length <= MAX_NAME_CHARS;
}
