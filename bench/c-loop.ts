/** Builds and runs the loops of bench/c/, the limits that the figures of the engines are compared with. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { JsonChild } from './child.js';

/** UDP. 2: probe and answer. 3: probe, answer and follow-up with the exact T4, as weft does by default. */
export type Exchange = 2 | 3;

export interface LoopPlan {
  readonly probes: number;
  /** Probes a second; 0 = as many as go (UDP only). */
  readonly rate: number;
  /** Destinations that are probed in turn. */
  readonly addresses?: number;
}

export interface LoopResult {
  readonly completed: number;
  readonly lost: number;
  readonly wallNs: number;
  /** CPU time of the prober alone; RDMA: of both ends. */
  readonly cpuNs: number;
  /** From kernel stamps; TCP: tcpi_rtt; RDMA: completion stamps. */
  readonly networkP50Ns: number;
  readonly networkP99Ns: number;
  /** As the loop itself saw it; TCP: from connect() to epoll_wait(). */
  readonly programP50Ns: number;
  readonly programP99Ns: number;
}

/** The end that answers, in a process of its own. */
export interface Reflector {
  readonly port: number;
  stop(): Promise<void>;
}

/** dist/bench/ → bench/c/. */
const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'c');

class CLoop {
  readonly #folder: string;
  readonly #binary: string;

  private constructor(folder: string, binary: string) {
    this.#folder = folder;
    this.#binary = binary;
  }

  static async build(name: 'udp_loop' | 'tcp_loop' | 'rdma_loop'): Promise<CLoop> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
    const binary = join(folder, name);
    await promisify(execFile)('cc', ['-O2', '-pthread', '-o', binary, join(SOURCES, `${name}.c`), '-ldl']);
    return new CLoop(folder, binary);
  }

  async startReflector(...args: readonly string[]): Promise<Reflector> {
    const child = new JsonChild(this.#binary, ['reflector', ...args]);
    const { port } = await child.next<{ port: number }>();
    return { port, stop: () => child.dispose() };
  }

  probe(port: number, plan: LoopPlan, ...args: readonly string[]): Promise<LoopResult> {
    const spread = plan.addresses === undefined ? [] : ['--addresses', String(plan.addresses)];
    return this.run(plan, ['prober', '--port', String(port), ...spread, ...args]);
  }

  /** To its end. */
  async run(plan: LoopPlan, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<LoopResult> {
    const size = ['--probes', String(plan.probes), '--rate', String(plan.rate)];
    const child = new JsonChild(this.#binary, [...args, ...size], env);
    try {
      return await child.next<LoopResult>();
    } finally {
      await child.dispose();
    }
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class UdpLoop {
  readonly #loop: CLoop;

  private constructor(loop: CLoop) {
    this.#loop = loop;
  }

  static async build(): Promise<UdpLoop> {
    return new UdpLoop(await CLoop.build('udp_loop'));
  }

  /** Probes a reflector of its own. */
  async run(exchange: Exchange, plan: LoopPlan): Promise<LoopResult> {
    const args = ['--exchange', String(exchange)];
    const reflector = await this.#loop.startReflector(...args);
    try {
      return await this.#loop.probe(reflector.port, plan, ...args);
    } finally {
      await reflector.stop();
    }
  }

  dispose(): Promise<void> {
    return this.#loop.dispose();
  }
}

/** Its reflector is a plain listener, so it answers weft's engine as well. */
export class TcpLoop {
  readonly #loop: CLoop;
  readonly #reflector: Reflector;

  private constructor(loop: CLoop, reflector: Reflector) {
    this.#loop = loop;
    this.#reflector = reflector;
  }

  static async start(): Promise<TcpLoop> {
    const loop = await CLoop.build('tcp_loop');
    return new TcpLoop(loop, await loop.startReflector());
  }

  /** Of the reflector. */
  get port(): number {
    return this.#reflector.port;
  }

  probe(plan: LoopPlan): Promise<LoopResult> {
    return this.#loop.probe(this.port, plan);
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
    await this.#loop.dispose();
  }
}

/** Both ends of it are in one process: so are the devices of the fake verbs library. */
export class RdmaLoop {
  readonly #loop: CLoop;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(loop: CLoop, env: Readonly<Record<string, string>>) {
    this.#loop = loop;
    this.#env = env;
  }

  /** `env` says which library of verbs, with which devices. */
  static async build(env: Readonly<Record<string, string>>): Promise<RdmaLoop> {
    return new RdmaLoop(await CLoop.build('rdma_loop'), env);
  }

  run(plan: LoopPlan): Promise<LoopResult> {
    return this.#loop.run(plan, [], this.#env);
  }

  dispose(): Promise<void> {
    return this.#loop.dispose();
  }
}
