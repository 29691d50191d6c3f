/** QEMU's control protocol (QMP, docs/interop/qmp-spec.txt) over a stream: as much of it as the lab needs. */

import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

interface Reply {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Qmp {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** The stream may not be connected yet; when it closes, all that waits is rejected. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    const lines = createInterface({ input: stream }).on('line', (line) => this.#take(JSON.parse(line) as Reply));
    // QEMU may end at any time: what waits then is told so on close.
    for (const emitter of [stream, lines]) emitter.on('error', () => {});
    stream.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('QEMU has ended'));
      this.#waiting.clear();
    });
    // Nothing else is answered before it; a failure shows in what is.
    this.#execute('qmp_capabilities', {}).catch(() => {});
  }

  /** Lets 127.0.0.1:`port` of this machine lead to the guest's `guestPort`; returns the port, which QEMU chooses. */
  async forward(netdev: string, guestPort: number): Promise<number> {
    await this.#human(`hostfwd_add ${netdev} tcp:127.0.0.1:0-:${guestPort}`);
    const table = await this.#human('info usernet');
    const rows = table.matchAll(/TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)/g);
    for (const [, port, to] of rows) if (Number(to) === guestPort) return Number(port);
    throw new Error(`QEMU forwards nothing to port ${guestPort}:\n${table}`);
  }

  /** A command of the monitor for people; it says nothing when all is well. */
  async #human(line: string): Promise<string> {
    return String(await this.#execute('human-monitor-command', { 'command-line': line }));
  }

  #execute(command: string, args: object): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  #take(reply: Reply): void {
    // The greeting and events have no id.
    const waiting = reply.id === undefined ? undefined : this.#waiting.get(reply.id);
    if (reply.id === undefined || waiting === undefined) return;
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting.resolve(reply.return);
    else waiting.reject(new Error(`QEMU: ${reply.error.desc}`));
  }
}
