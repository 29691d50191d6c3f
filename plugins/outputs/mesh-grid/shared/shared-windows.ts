/** The windows in Redis: rows are pushed and read from where this server stopped. One exchange at a time. */

import { randomUUID } from 'node:crypto';
import type { AnswerWatch } from '../../../../core/redis/answer-watch.js';
import type { RedisConnection } from '../../../../core/redis/connection.js';
import { MAX_ROW_BYTES, NameTable, type Offset, START, WindowOffsets } from './offsets.js';
import type { PendingSlice } from './pending.js';
import { NAMES, PUSH, READ } from './scripts.js';

export interface SharedWindowsOptions {
  /** Of keys and channel. */
  readonly prefix: string;
  readonly windowMs: number;
  readonly answers: AnswerWatch;
}

/** What Redis had of a row and this server lacked. */
export interface ReadRow {
  readonly name: string;
  readonly rest: Buffer;
  /** It is not the row that was read before: what it had in common with that is not known. */
  readonly isOther: boolean;
  /** Where it ends; hand it to `advance` when the rest was taken. */
  readonly end: Offset;
}

/** `+`: added; `=`: there already; `!`: the row is full. */
export type Verdict = '+' | '=' | '!';

export interface PushedRow extends ReadRow {
  /** For each frame. */
  readonly verdicts: readonly Verdict[];
}

export class SharedWindows {
  readonly channel: string;
  readonly #options: SharedWindowsOptions;
  readonly #connection: RedisConnection;
  readonly #names = new NameTable();
  readonly #offsets = new Map<number, WindowOffsets>();

  constructor(connection: RedisConnection, options: SharedWindowsOptions) {
    this.#connection = connection;
    this.#options = options;
    this.channel = channelOf(options);
  }

  /** `announcement` is published when anything was added. */
  async push({ endMs, rows }: PendingSlice, ttlMs: number, announcement: string): Promise<PushedRow[]> {
    const offsets = this.#of(endMs);
    const args: (string | Buffer)[] = [String(ttlMs), randomUUID(), offsets.id, this.channel, announcement];
    args.push(String(MAX_ROW_BYTES));
    for (const { name, frames } of rows) {
      const { length, tail } = offsets.of(name);
      args.push(name, String(length), tail, String(frames.length));
      for (const { bytes } of frames) args.push(bytes);
    }
    const answer = new Answer(await this.#eval(PUSH, endMs, args));
    offsets.id = answer.text();
    answer.number();
    return rows.map(({ name }) => {
      const [isOther, rest] = [answer.number() === 1, answer.bytes()];
      const verdicts = [...answer.text()] as Verdict[];
      return { name, isOther, rest, verdicts, end: { length: answer.number(), tail: answer.bytes() } };
    });
  }

  /** What is new of rows, or all of them from their beginning. */
  async read(endMs: number, names: readonly string[], from: 'rest' | 'whole' = 'rest'): Promise<ReadRow[]> {
    const offsets = this.#of(endMs);
    const args: (string | Buffer)[] = [offsets.id];
    for (const name of names) {
      const { length, tail } = from === 'rest' ? offsets.of(name) : START;
      args.push(name, String(length), tail);
    }
    const answer = new Answer(await this.#eval(READ, endMs, args));
    offsets.id = answer.text();
    answer.number();
    return names.map((name) => {
      const [isOther, rest] = [answer.number() === 1, answer.bytes()];
      return { name, isOther, rest, end: { length: answer.number(), tail: answer.bytes() } };
    });
  }

  /** The rest of a row was taken: reading goes on at its end. */
  advance(endMs: number, { name, end }: ReadRow): void {
    this.#of(endMs).set(name, end);
  }

  /** Whether a window has anything that was not read, as far as sums tell. */
  async hasMore(endMs: number): Promise<boolean> {
    const known = this.#offsets.get(endMs);
    const answer = new Answer(await this.#eval(READ, endMs, [known?.id ?? '']));
    const [id, bytes] = [answer.text(), answer.number()];
    return id !== '' && (id !== known?.id || bytes !== known.bytes);
  }

  /** All rows of a window, by name. */
  async names(endMs: number): Promise<string[]> {
    const fields = await this.#eval(NAMES, endMs, []);
    // The others begin with a digit.
    return fields.map(String).filter((name) => name !== 'id' && name !== 'bytes');
  }

  /** Forgets how far windows were read that ended before. */
  forgetBefore(endMs: number): void {
    for (const known of this.#offsets.keys()) if (known < endMs) this.#offsets.delete(known);
  }

  #of(endMs: number): WindowOffsets {
    const known = this.#offsets.get(endMs);
    if (known !== undefined) return known;
    const offsets = new WindowOffsets(this.#names);
    this.#offsets.set(endMs, offsets);
    return offsets;
  }

  async #eval(script: string, endMs: number, args: readonly (string | Buffer)[]): Promise<unknown[]> {
    const key = `${this.channel}:${endMs}`;
    const answer = await this.#options.answers.within(this.#connection.evalBytes(script, [key], args));
    if (!Array.isArray(answer)) throw new TypeError(`Redis answers ${typeof answer} where a list is expected`);
    return answer;
  }
}

/** Servers whose windows are of another length have other keys. */
export function channelOf({ prefix, windowMs }: Pick<SharedWindowsOptions, 'prefix' | 'windowMs'>): string {
  return `${prefix}grid:${windowMs}`;
}

/** The values of a script's answer, one after the other. Throws TypeError when one is of another kind. */
class Answer {
  readonly #values: readonly unknown[];
  #next = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  bytes(): Buffer {
    const value = this.#values[this.#next++];
    if (Buffer.isBuffer(value)) return value;
    throw new TypeError(`Redis answers ${typeof value} where bytes are expected`);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  number(): number {
    const value = this.#values[this.#next++];
    if (typeof value === 'number') return value;
    throw new TypeError(`Redis answers ${typeof value} where a number is expected`);
  }
}
