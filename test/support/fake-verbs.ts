/**
 * RDMA devices for a process under test: the fake verbs library (test/native/fake_verbs/fake_verbs.h, where settings and
 * commands stand). The process gets it by its environment; the library then connects to the test, which tells it what
 * happens to its devices.
 */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { compileFakeVerbs } from '../native/compile.js';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

let built: Promise<string> | undefined;

/** Path of the library, compiled when it is not yet. */
export function buildFakeVerbs(): Promise<string> {
  built ??= compileFakeVerbs({ sanitized: false });
  return built;
}

/** The devices of one process. */
export class FakeDevices {
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  /** Runs one command and returns what it says. Rejects with the reason when it is refused, or the process is gone. */
  command(line: string): Promise<string> {
    const answer = this.#last.then(() => this.#ask(line));
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Counts by their names, summed over the devices when `device` is `all`. */
  async counts(device: string, ...names: readonly string[]): Promise<Record<string, number>> {
    const words = (await this.command(['get', device, ...names].join(' '))).split(' ');
    return Object.fromEntries(words.map((word) => word.split('=')).map(([name, value]) => [name, Number(value)]));
  }

  async count(device: string, name: string): Promise<number> {
    return (await this.counts(device, name))[name]!;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(line: string): Promise<string> {
    this.#socket.write(`${line}\n`);
    const { done, value } = await this.#answers.next();
    if (done) throw new Error(`${line}: the process has gone`);
    const [, outcome, text] = /^(ok|error) (.*)$/.exec(value)!;
    if (outcome === 'error') throw new Error(`${line}: ${text}`);
    return text!;
  }
}

export interface FakeVerbs {
  /** For the environment of the process. */
  readonly env: Readonly<Record<'WEFT_LIBIBVERBS' | 'FAKE_VERBS' | 'FAKE_VERBS_CONTROL', string>>;
  /** The devices of the next process that loads the library: each has its own. */
  next(): Promise<FakeDevices>;
}

/** `settings` as `devices=2,latency_us=4.8`. Closed with the test. */
export async function startFakeVerbs(t: Pick<TestContext, 'after'>, settings = ''): Promise<FakeVerbs> {
  const library = await buildFakeVerbs();
  const path = join(await tempFolder(t), 'fake-verbs');
  const waiting: FakeDevices[] = [];
  const all: FakeDevices[] = [];
  const server = createServer((socket) => {
    // Its end is told by the command that gets no answer.
    socket.on('error', () => {});
    const devices = new FakeDevices(socket);
    all.push(devices);
    waiting.push(devices);
    server.emit('devices');
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => {
    for (const devices of all) devices.close();
    server.close();
  });
  return {
    env: { WEFT_LIBIBVERBS: library, FAKE_VERBS: settings, FAKE_VERBS_CONTROL: path },
    async next() {
      return waitFor('a process that loads the library', () => waiting.shift(), {
        turn: () => once(server, 'devices'),
      });
    },
  };
}
