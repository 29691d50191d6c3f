/**
 * Publishes the pinglist that a file holds and follows the file. A new list that is wrong changes nothing: the old one
 * goes on being probed, and the mistake is reported once. Measures nothing by itself; the probing inputs do.
 */

import type { watch as fsWatch } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { delay } from '../../../core/clock.js';
import { StartupError } from '../../../core/errors.js';
import { count, gauge } from '../../../core/metric.js';
import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import { TRANSPORTS } from '../../../core/target.js';
import type { PinglistConfig } from './config.js';
import { FileWatcher, type Fingerprint, fingerprintOf, SETTLE_MS } from './file-watcher.js';
import { type ListFile, readList } from './read-list.js';

/** What a test replaces of the machine. */
export interface Machine {
  readonly watch?: typeof fsWatch;
  readonly localAddresses?: () => readonly string[];
}

export class PinglistInput implements Input {
  readonly #config: PinglistConfig;
  readonly #context: PluginContext;
  readonly #machine: Required<Pick<Machine, 'localAddresses'>> & Machine;
  #watcher: FileWatcher | undefined;
  #unsubscribe = (): void => {};
  /** See ListFile. */
  #madeFor: string | undefined;
  #reloads = 0;
  #reloadErrors = 0;

  constructor(config: PinglistConfig, context: PluginContext, machine: Machine = {}) {
    this.#config = config;
    this.#context = context;
    this.#machine = { localAddresses, ...machine };
  }

  async start(acc: Accumulator, signal: AbortSignal): Promise<void> {
    const { file, poll_interval: pollIntervalMs } = this.#config;
    let known: Fingerprint;
    try {
      const first = await this.#readSettled(signal);
      known = first.known;
      signal.throwIfAborted();
      this.#publish(first.list);
    } catch (cause) {
      signal.throwIfAborted();
      throw new StartupError(`no pinglist from ${file}`, { retryable: true, cause });
    }
    const watcher = new FileWatcher(file, known, {
      clock: this.#context.clock,
      pollIntervalMs,
      onChange: () => this.#reload(acc),
      watch: this.#machine.watch,
    });
    this.#watcher = watcher;
    this.#unsubscribe = this.#context.board.subscribeRefreshes(() => watcher.lookSoon());
  }

  async gather(acc: Accumulator): Promise<void> {
    if (this.#madeFor !== undefined && this.#madeFor !== this.#machine.localAddresses().join())
      this.#watcher?.invalidate();
    const { targets, scale } = this.#context.board.status();
    const total = TRANSPORTS.reduce((sum, transport) => sum + targets[transport], 0);
    acc.add({
      name: 'weft_pinglist',
      tags: { file: this.#config.file },
      fields: {
        targets: gauge(total, 'targets'),
        scale: gauge(scale, 'ratio'),
        reloads: count(this.#reloads, 'reloads'),
        reload_errors: count(this.#reloadErrors, 'errors'),
      },
      timeNs: this.#context.clock.nowNs(),
    });
    this.#reloads = 0;
    this.#reloadErrors = 0;
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#context.board.retract(this.#context.name);
  }

  /** What is wrong with a file that is just being written is none of its mistakes: it is read again once it has settled. */
  async #readSettled(signal: AbortSignal): Promise<{ readonly list: ListFile; readonly known: Fingerprint }> {
    const { file } = this.#config;
    for (;;) {
      const known = await fingerprintOf(file);
      try {
        return { list: await this.#read(signal), known };
      } catch (error) {
        await delay(this.#context.clock, SETTLE_MS, signal);
        signal.throwIfAborted();
        if ((await fingerprintOf(file)) === known) throw error;
      }
    }
  }

  async #reload(acc: Accumulator): Promise<void> {
    try {
      const list = await this.#read();
      // Stopped meanwhile: a stopped input must not take the board.
      if (this.#watcher === undefined) return;
      this.#publish(list);
      this.#reloads++;
    } catch (error) {
      this.#reloadErrors++;
      acc.addError(error);
    }
  }

  #read(signal?: AbortSignal): Promise<ListFile> {
    const { file, pingweave_udp_port: udp, pingweave_tcp_port: tcp } = this.#config;
    return readList(file, { localAddresses: this.#machine.localAddresses(), ports: { udp, tcp } }, signal);
  }

  #publish({ pinglist, warnings, madeFor }: ListFile): void {
    const { file } = this.#config;
    const { board, log, name } = this.#context;
    board.publish(name, pinglist);
    this.#madeFor = madeFor?.join();
    for (const warning of warnings) log.warn({ file }, warning);
    log.info({ file, revision: pinglist.revision, targets: pinglist.targets.length }, 'pinglist read');
  }
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));
}
