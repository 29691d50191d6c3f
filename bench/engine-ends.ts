/** Runs the ends of an engine in processes of their own (engine-process.ts) and returns what the prober measured. */

import { fileURLToPath } from 'node:url';
import type { Reflector } from './c-loop.js';
import { JsonChild } from './child.js';

export interface ProberPlan {
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly targets: number;
  readonly intervalUs: number;
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

/** weft's own UDP reflector. */
export async function startReflector(): Promise<Reflector> {
  const child = new JsonChild(process.execPath, [SCRIPT, 'reflector']);
  const { port } = await child.next<{ port: number }>();
  return { port, stop: () => child.dispose() };
}

/** Probes for as long as the plan says. */
export async function runProber(plan: ProberPlan): Promise<ProberResult> {
  const prober = new JsonChild(process.execPath, [SCRIPT, 'prober', JSON.stringify(plan)]);
  try {
    return await prober.next<ProberResult>();
  } finally {
    await prober.dispose();
  }
}

/** UDP, against a reflector of its own. */
export async function runUdpEngine(plan: Omit<ProberPlan, 'port' | 'transport'>): Promise<ProberResult> {
  const reflector = await startReflector();
  try {
    return await runProber({ ...plan, transport: 'udp', port: reflector.port });
  } finally {
    await reflector.stop();
  }
}
