/** Runs the two ends of the UDP engine in processes of their own (engine-process.ts) and returns what the prober measured. */

import { fileURLToPath } from 'node:url';
import { JsonChild } from './child.js';

export interface ProberPlan {
  readonly port: number;
  readonly targets: number;
  readonly intervalUs: number;
  readonly plain: boolean;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface ProberResult {
  readonly results: Readonly<Record<string, number>>;
  readonly success: number;
  readonly wallNs: number;
  /** CPU time of the whole prober process while it measured. */
  readonly cpuNs: number;
  readonly networkP50Ns: number;
  readonly networkP99Ns: number;
  readonly programP50Ns: number;
  readonly programP99Ns: number;
}

const SCRIPT = fileURLToPath(new URL('./engine-process.js', import.meta.url));

export class EngineReflector {
  readonly #child: JsonChild;
  readonly port: number;

  private constructor(child: JsonChild, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<EngineReflector> {
    const child = new JsonChild(process.execPath, [SCRIPT, 'reflector']);
    const { port } = await child.next<{ port: number }>();
    return new EngineReflector(child, port);
  }

  async stop(): Promise<void> {
    await this.#child.dispose();
  }
}

/** Probes a reflector of its own for as long as the plan says. */
export async function runEngine(plan: Omit<ProberPlan, 'port'>): Promise<ProberResult> {
  const reflector = await EngineReflector.start();
  try {
    const prober = new JsonChild(process.execPath, [
      SCRIPT,
      'prober',
      JSON.stringify({ ...plan, port: reflector.port }),
    ]);
    try {
      return await prober.next<ProberResult>();
    } finally {
      await prober.dispose();
    }
  } finally {
    await reflector.stop();
  }
}
