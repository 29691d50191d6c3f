/** A real outputs/mesh-grid with the dashboard, by the clock of the system: pages compare windows with the time of day. */

import { systemClock } from '../../core/clock.js';
import type { Metric } from '../../core/metric.js';
import { GridServer } from '../../plugins/outputs/mesh-grid/grid-server.js';
import { configOf } from '../plugins/outputs/mesh-grid/served.js';
import { freePort } from '../support/free-port.js';
import { MemoryLog } from '../support/memory-log.js';
import { type MeshPlan, madeWindow } from './made-mesh.js';

/** Long, so that no data grow old, and no banner moves the picture, while a test looks at it. */
export const WINDOW_MS = 60_000;
/** A large mesh at once would be more than the memory holds. */
const BATCH = 5000;

export class MeshServer {
  readonly #changes: object;
  #grid: GridServer | undefined;
  #port: number | undefined;

  /** `changes`: options of outputs/mesh-grid. */
  constructor(changes: object = {}) {
    this.#changes = changes;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On a free port; after a stop on the same one. Nothing is kept across a restart. */
  async start(): Promise<void> {
    const agent = { hostname: 'grid', labels: {}, version: '0', windowMs: WINDOW_MS };
    const context = { name: 'mesh-grid', log: new MemoryLog(), clock: systemClock, agent, board: undefined as never };
    this.#port ??= await freePort();
    this.#grid = new GridServer(configOf({ listen: `127.0.0.1:${this.#port}`, ...this.#changes }), context);
    await this.#grid.connect(new AbortController().signal);
  }

  async stop(): Promise<void> {
    await this.#grid?.close();
    this.#grid = undefined;
  }

  async write(metrics: Iterable<Metric>): Promise<void> {
    let batch: Metric[] = [];
    for (const metric of metrics) {
      batch.push(metric);
      if (batch.length < BATCH) continue;
      await this.#grid?.write(batch);
      batch = [];
    }
    await this.#grid?.write(batch);
  }

  /** End of the newest whole window. */
  get endMs(): number {
    return Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  }

  async writeWindow(plan: MeshPlan, endMs: number): Promise<void> {
    await this.write(madeWindow(plan, endMs));
  }

  /** Some windows of a made mesh; the last one ended `ago` windows before the newest that is over. */
  async fill(plan: MeshPlan, windows = 3, ago = 0): Promise<void> {
    const endMs = this.endMs - ago * WINDOW_MS;
    for (let i = windows - 1; i >= 0; i -= 1) await this.writeWindow(plan, endMs - i * WINDOW_MS);
  }
}
