/** One QEMU process: a machine under plain emulation (no KVM), with the host's files, the wire and a way for commands. */

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { Qmp } from './qmp.js';

export interface MachineOptions {
  /** 1, 2, …: also the last part of its addresses. */
  readonly node: number;
  readonly kernel: string;
  /** Added to its command line. */
  readonly kernelParameters: string;
  /** The rate of this machine's time stamp counter, which the guest's clock is made of. */
  readonly tscKhz: number;
  readonly initramfs: string;
  readonly memoryMb: number;
  /** QEMU's arguments that make the network `wire`. */
  readonly wire: readonly string[];
  /** The machine ends then, whatever becomes of the test. */
  readonly lifetimeMs: number;
}

const READY = 'lab: ready';
/** For a guest to come up, which takes seconds: on a busy machine it may take a minute. */
const BOOT_LIMIT_MS = 180_000;
/**
 * What the kernel leaves out for an earlier start: mitigations (there is no secret), its measurement of the clock that QEMU
 * takes from the host anyway, self-tests. `panic=-1` with -no-reboot: a guest whose start fails ends.
 */
const KERNEL_PARAMETERS =
  'console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check lpj=4000000 cryptomgr.notests audit=0';
/** Node and Debian need no more; newer models start weft no faster (README.md). */
const CPU = 'Nehalem';

export class Machine {
  readonly qmp: Qmp;
  readonly #options: MachineOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #console = '';
  #onReady = (): void => {};

  constructor(options: MachineOptions) {
    this.#options = options;
    // setpriv becomes QEMU: the machine is this process's own child, dies with it, and leaves no zombie.
    const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options)];
    this.#child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#child.on('error', (error) => {
      this.#console += error.message;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', resolve);
    });
    const lifetime = setTimeout(() => this.kill(), options.lifetimeMs).unref();
    void this.#ended.then(() => clearTimeout(lifetime));
    this.qmp = new Qmp(this.#child.stdio[3] as Duplex);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('latin1').on('data', (text: string) => {
        this.#console += text;
        if (this.#console.includes(READY)) this.#onReady();
      });
    }
  }

  /** Of QEMU. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`guest ${this.#options.node} was not started`);
    return this.#child.pid;
  }

  /** What the guest's console and QEMU have said so far, without the control sequences of the firmware. */
  get console(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
    return this.#console.replace(/\x1b(\[[0-9;?]*[a-zA-Z]|c)|\r/g, '');
  }

  /** Resolves when the guest takes commands; rejects with its console when it ends before or takes too long. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (how: string): void =>
        reject(new Error(`guest ${this.#options.node} ${how}. Its console:\n${this.console}`));
      const tooLate = setTimeout(() => fail(`is not up after ${BOOT_LIMIT_MS / 1000} s`), BOOT_LIMIT_MS);
      this.#onReady = () => {
        clearTimeout(tooLate);
        resolve();
      };
      void this.#ended.then(() => {
        clearTimeout(tooLate);
        fail('ended while it started');
      });
    });
  }

  /** Ends the machine at once. Legal twice. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.kill();
    await this.#ended;
  }
}

function qemuArguments({ node, kernel, initramfs, memoryMb, wire, ...options }: MachineOptions): string[] {
  const parameters = `${KERNEL_PARAMETERS} tsc_early_khz=${options.tscKhz} node=${node} ${options.kernelParameters}`;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', CPU, '-smp', '1', '-m', String(memoryMb)],
    ...['-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-chardev', 'socket,id=qmp,fd=3,server=off', '-mon', 'chardev=qmp,mode=control'],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', parameters],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ...wire,
    ...['-device', `virtio-net-pci,netdev=wire,mac=52:54:00:00:00:0${node},romfile=`],
    // restrict: nothing leads from the guest to this machine or further.
    ...['-netdev', 'user,id=control,restrict=on'],
    ...['-device', 'virtio-net-pci,netdev=control,romfile='],
  ];
}
