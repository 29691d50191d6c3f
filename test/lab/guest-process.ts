/** A command that runs in a guest. The protocol stands in guest/agent.py. */

import { createConnection, type Socket } from 'node:net';
import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';

export interface GuestExit {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GuestCommand {
  /** For bash. */
  readonly command: string;
  /** Its standard input. */
  readonly input: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const FRAME_HEADER_BYTES = 5;
/** For the condition of `until`; a guest starts Node in seconds. */
const UNTIL_LIMIT_MS = 120_000;

export class GuestProcess {
  /** Rejects when the guest itself ended, or the process was destroyed. */
  readonly exit: Promise<GuestExit>;
  stdout = '';
  stderr = '';
  readonly #name: string;
  readonly #console: () => string;
  readonly #socket: Socket;
  readonly #decoders = { o: new StringDecoder('utf8'), e: new StringDecoder('utf8') };
  readonly #watchers = new Set<() => void>();
  #received = Buffer.alloc(0);
  #code: number | undefined;

  /** `port` of this machine leads to the guest's agent; `console` is what the guest has said, should it end. */
  constructor(port: number, command: GuestCommand, console: () => string) {
    this.#name = command.command;
    this.#console = console;
    this.#socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
    const request = Buffer.from(JSON.stringify(command));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(request.length);
    this.#socket.write(Buffer.concat([size, request]));
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // What a broken connection means, its close says.
    this.#socket.on('error', () => {});
    const closed = new Promise((resolve) => {
      this.#socket.once('close', resolve);
    });
    this.exit = closed.then(() => this.#result());
    // Who does not ask for the end need not hear of a guest's.
    this.exit.catch(() => {});
    this.#socket.on('close', () => this.#changed());
  }

  /** Complete lines of the standard output so far. */
  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /**
   * Resolves once `condition` gives something; checked whenever the process printed. Rejects, with what it printed, when it
   * ends before or the time is over.
   */
  until<T>(what: string, condition: (process: this) => T | undefined | false, timeoutMs = UNTIL_LIMIT_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`${this.#name}: ${why} ${what}\n${this.stdout}\n${this.stderr}`));
      const check = (): void => {
        const value = condition(this);
        if (value !== undefined && value !== false) resolve(value);
        else if (this.#socket.closed) fail('ended before');
        else return;
        done();
      };
      const timer = setTimeout(() => {
        fail(`not in ${timeoutMs} ms:`);
        done();
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(check);
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Sends the signal to the command and its descendants (its process group). */
  kill(signal: NodeJS.Signals): void {
    if (!this.#socket.closed) this.#socket.write(Buffer.of(constants.signals[signal]));
  }

  /** Ends it whatever state it is in; for `after` hooks. */
  async destroy(): Promise<void> {
    this.#socket.destroy();
    await this.exit.catch(() => {});
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + this.#received.readUInt32BE(1);
      if (this.#received.length < end) break;
      const data = this.#received.subarray(FRAME_HEADER_BYTES, end);
      const kind = String.fromCharCode(this.#received.readUInt8(0));
      this.#received = this.#received.subarray(end);
      if (kind === 'o') this.stdout += this.#decoders.o.write(data);
      else if (kind === 'e') this.stderr += this.#decoders.e.write(data);
      else this.#code = Number(data);
    }
    this.#changed();
  }

  #result(): GuestExit {
    const { stdout, stderr } = this;
    if (this.#code === undefined) {
      throw new Error(`${this.#name}: its guest ended, or it was destroyed\n${stdout}${stderr}\n${this.#console()}`);
    }
    if (this.#code >= 0) return { code: this.#code, signal: null, stdout, stderr };
    const ended = -this.#code;
    const [signal] = Object.entries(constants.signals).find(([, number]) => number === ended) ?? [];
    return { code: null, signal: (signal ?? `SIG${ended}`) as NodeJS.Signals, stdout, stderr };
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
