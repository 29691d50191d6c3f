/**
 * Two or three hosts with RDMA on one wire: QEMU guests with soft-RoCE, which this machine needs no hardware, no kernel
 * module and no right for. README.md tells what they can show and what they cost.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import { promisify } from 'node:util';
import { compileProgram } from '../native/compile.js';
import { Guest } from './guest.js';
import type { GuestProcess } from './guest-process.js';
import { makeInitramfs } from './initramfs.js';
import type { Machine } from './machine.js';
import { labKernel, labUnavailable } from './unavailable.js';

export type Guests = readonly [Guest, Guest, ...Guest[]];

export interface LabOptions {
  readonly hosts: 2 | 3;
  /** Of each guest. Default 768. */
  readonly memoryMb?: number;
  /** Added to the kernel's command line. */
  readonly kernelParameters?: string;
  /** The guests end then, whatever becomes of the test. Default 10 min. */
  readonly lifetimeMs?: number;
}

export interface Lab {
  readonly guests: Guests;
  /** Ends the guests. Legal twice. */
  stop(): Promise<void>;
}

const PREFIX = 'weft-lab-';
const MEMORY_MB = 768;
const LIFETIME_MS = 10 * 60_000;

/** Boots the guests at the same time; rejects, with the console of the guest that failed, when one does not come up. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { hosts, memoryMb = MEMORY_MB, kernelParameters = '', lifetimeMs = LIFETIME_MS } = options;
  const kernel = labKernel();
  if (kernel === undefined) throw new Error(labUnavailable());
  sweepDeadLabs();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const machines: Machine[] = [];
  const onExit = (): void => {
    for (const machine of machines) machine.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', onExit);
  const stop = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => machine.stop()));
    onExit();
    process.off('exit', onExit);
  };
  try {
    const initramfs = makeInitramfs(kernel, folder);
    const tscKhz = await measureTscKhz();
    const guests = Array.from({ length: hosts }, (_, i) => {
      const wire = wireArguments(folder, i + 1, hosts);
      const machine = { kernel: kernel.image, kernelParameters, tscKhz, initramfs, memoryMb, wire, lifetimeMs };
      return Guest.boot({ node: i + 1, ...machine }, (started) => machines.push(started));
    });
    return { guests: (await Promise.all(guests)) as readonly Guest[] as Guests, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A guest reads this machine's counter as it is; its own measurement of the rate goes wrong when this machine is busy. */
async function measureTscKhz(): Promise<number> {
  const { stdout } = await promisify(execFile)(await compileProgram('test/lab/tsc_khz.cc'));
  return Number(stdout);
}

/**
 * A lab for all tests of a file, to be made in the body of a `describe`. What a test has started is ended after it; what a
 * later `before` has started stays for all tests.
 */
export class SharedLab {
  #lab: Lab | undefined;

  constructor(options: LabOptions) {
    before(async () => {
      this.#lab = await startLab(options);
    });
    after(() => this.#lab?.stop());
    let kept = new Map<Guest, ReadonlySet<GuestProcess>>();
    beforeEach(() => {
      kept = new Map(this.guests.map((guest) => [guest, guest.processes]));
    });
    afterEach(async () => {
      await Promise.all([...kept].map(([guest, processes]) => guest.endProcesses(processes)));
    });
  }

  get guests(): Guests {
    if (this.#lab === undefined) throw new Error('the guests are there in tests only');
    return this.#lab.guests;
  }
}

/**
 * The network `wire` of guest `node`: Unix datagram sockets, which lose nothing and keep the order. Two guests are joined
 * directly; with three, the first one's QEMU is the hub (of QEMU, not of the guest: it forwards whatever the guest does).
 */
function wireArguments(folder: string, node: number, hosts: number): string[] {
  const cable = (id: string, from: number, to: number): string[] => {
    const end = (a: number, b: number): string => join(folder, `${a}-${b}`);
    const addresses = `local.type=unix,local.path=${end(from, to)},remote.type=unix,remote.path=${end(to, from)}`;
    return ['-netdev', `dgram,id=${id},${addresses}`];
  };
  if (node > 1) return cable('wire', node, 1);
  if (hosts === 2) return cable('wire', 1, 2);
  const others = Array.from({ length: hosts - 1 }, (_, i) => i + 2);
  const hub = ['-netdev', 'hubport,id=wire,hubid=0'];
  const port = (to: number): string[] => ['-netdev', `hubport,id=port${to},hubid=0,netdev=to${to}`];
  return [...hub, ...others.flatMap((to) => [...cable(`to${to}`, 1, to), ...port(to)])];
}

/** Removes the folders that test processes killed in the middle have left. */
function sweepDeadLabs(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
