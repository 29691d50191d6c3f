/** An RDMA engine in a guest, pumped by a process of its own: what the engine does, without what an agent does beside it. */

import { fileURLToPath } from 'node:url';
import type { EngineStats } from '../../native/index.js';
import type { Guest } from './guest.js';
import type { GuestProcess } from './guest-process.js';

/** In the guest. */
export const STEP_FILE = '/run/engine-step.json';
const SCRIPT = fileURLToPath(new URL('./engine-process.js', import.meta.url));

export interface LabEngineOptions {
  readonly device: string;
  /** Of its reflector, and of each queue pair that probes. */
  readonly receiveSlots: number;
}

/** Some time with targets, and as much more as it takes until every probe has ended. */
export interface EngineStep {
  readonly ms: number;
  /** Default: nothing is probed. */
  readonly probing?: Probing;
}

export interface Probing {
  /** Of the reflector. */
  readonly gid: string;
  readonly qpn: number;
  /** Entries for it, each probed once an interval, evenly spread. */
  readonly targets: number;
  readonly intervalUs: number;
  readonly timeoutUs: number;
}

export interface StepResult {
  /** What the slices brought, by result. */
  readonly records: Readonly<Record<string, number>>;
  /** As long as there were targets. */
  readonly probedMs: number;
  /** null: nothing was measured. */
  readonly networkP50Ns: number | null;
  /** Since the engine was opened. */
  readonly stats: EngineStats;
  readonly rssBytes: number;
}

export class LabEngine {
  readonly guest: Guest;
  readonly process: GuestProcess;
  readonly gid: string;
  readonly qpn: number;
  #printed = 1;

  private constructor(guest: Guest, process: GuestProcess, { gid, qpn }: { gid: string; qpn: number }) {
    this.guest = guest;
    this.process = process;
    this.gid = gid;
    this.qpn = qpn;
  }

  /** Prober and reflector of the guest's device; resolves when it answers. */
  static async start(guest: Guest, receiveSlots: number): Promise<LabEngine> {
    const options: LabEngineOptions = { device: guest.rdmaDevice, receiveSlots };
    const process = guest.start(`exec node '${SCRIPT}' '${JSON.stringify(options)}'`);
    return new LabEngine(guest, process, JSON.parse(await process.until('it is open', ({ lines }) => lines[0])));
  }

  /** Resolves when every probe has ended. */
  async step(step: EngineStep): Promise<StepResult> {
    const { ended } = await this.begin(step);
    return ended;
  }

  /** Resolves when no more is sent. */
  async begin(step: EngineStep): Promise<{ readonly ended: Promise<StepResult> }> {
    await this.guest.write(STEP_FILE, JSON.stringify(step));
    this.process.kill('SIGUSR2');
    const at = this.#printed;
    this.#printed += 2;
    await this.process.until('it sends no more', ({ lines }) => lines[at]);
    return {
      ended: this.process.until('the probes ended', ({ lines }) => lines[at + 1]).then((line) => JSON.parse(line)),
    };
  }
}
