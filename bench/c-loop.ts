/** Builds and runs bench/c/udp_loop.c, the limit that every figure of the engine is compared with. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { JsonChild } from './child.js';

/** 2: probe and answer. 3: probe, answer and follow-up with the exact T4, as weft does by default. */
export type Exchange = 2 | 3;

export interface LoopPlan {
  readonly exchange: Exchange;
  readonly probes: number;
  /** Probes a second; 0 = as many as go. */
  readonly rate: number;
}

export interface LoopResult {
  readonly completed: number;
  readonly lost: number;
  readonly wallNs: number;
  /** CPU time of the prober alone. */
  readonly cpuNs: number;
  readonly networkP50Ns: number;
  readonly networkP99Ns: number;
}

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'c', 'udp_loop.c');

export class CLoop {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<CLoop> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
    await promisify(execFile)('cc', ['-O2', '-o', join(folder, 'udp_loop'), SOURCE]);
    return new CLoop(folder);
  }

  async run(plan: LoopPlan): Promise<LoopResult> {
    const binary = join(this.#folder, 'udp_loop');
    const exchange = ['--exchange', String(plan.exchange)];
    const reflector = new JsonChild(binary, ['reflector', ...exchange]);
    try {
      const { port } = await reflector.next<{ port: number }>();
      const size = ['--probes', String(plan.probes), '--rate', String(plan.rate)];
      const prober = new JsonChild(binary, ['prober', '--port', String(port), ...exchange, ...size]);
      try {
        return await prober.next<LoopResult>();
      } finally {
        await prober.dispose();
      }
    } finally {
      await reflector.dispose();
    }
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
