/**
 * What outlives a restart of the agent: the key that its registration is claimed with, and the last good list. The first
 * line is JSON, the rest the list as it came. An agent without the file works, but for up to 15 minutes after each start
 * the controller takes it for a stranger with its name.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { STRICT, Type } from '../../../core/config/schema.js';
import { describeError } from '../../../core/errors.js';
import { formReader } from '../../../core/pinglist/form-reader.js';
import { IssueCollector } from '../../../core/pinglist/issues.js';
import { MAX_PINGLIST_BYTES } from '../../../core/pinglist/limits.js';
import type { Logger } from '../../../core/plugin.js';
import { type FetchedList, readList } from './answer.js';

export interface AgentState {
  /** Sent as AGENT_KEY_HEADER. */
  readonly key: string;
  readonly list: FetchedList | undefined;
}

const HeaderForm = Type.Object(
  {
    version: Type.Literal(1),
    /** Of the agent: what another agent left is not ours. */
    id: Type.String(),
    key: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    etag: Type.String({ maxLength: 300 }),
  },
  STRICT,
);
const readHeader = formReader(HeaderForm);

const KEY_BYTES = 32;
const MAX_HEADER_BYTES = 4096;
const NEWLINE = 0x0a;

export function newKey(): string {
  return randomBytes(KEY_BYTES).toString('hex');
}

export class StateFile {
  readonly #file: string;
  readonly #id: string;
  readonly #log: Logger;
  /** Ends when all writes have; they never overlap. */
  #writes: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(file: string, id: string, log: Logger) {
    this.#file = file;
    this.#id = id;
    this.#log = log;
  }

  /** What was kept for this agent; undefined, with the reason in the log, when there is nothing to use. Never rejects. */
  async load(): Promise<AgentState | undefined> {
    try {
      const bytes = await readBounded(this.#file, MAX_HEADER_BYTES + MAX_PINGLIST_BYTES);
      return this.#parse(bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fields = { file: this.#file, error: describeError(error) };
      if (code === 'ENOENT') this.#log.info({ file: this.#file }, 'no state of an earlier run');
      else this.#log.warn(fields, 'the state file is of no use: starting without key and list');
      return undefined;
    }
  }

  /** Resolves when the file is replaced, or cannot be, which is logged once. Never rejects. */
  save(state: AgentState): Promise<void> {
    this.#writes = this.#writes.then(() => this.#write(state));
    return this.#writes;
  }

  /** Resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.#writes;
  }

  #parse(bytes: Buffer): AgentState {
    const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEWLINE);
    if (end < 0) throw new Error('expected a line of JSON at its beginning');
    const issues = new IssueCollector({ file: this.#file });
    const header = readHeader(JSON.parse(bytes.toString('utf8', 0, end)), [], issues);
    issues.throwIfAny();
    if (header === undefined || header.id !== this.#id) throw new Error(`it belongs to another agent: ${header?.id}`);
    return { key: header.key, list: this.#parseList(bytes.subarray(end + 1), header.etag) };
  }

  /** A list that is damaged does not take the key with it. */
  #parseList(bytes: Buffer, etag: string): FetchedList | undefined {
    if (bytes.length === 0) return undefined;
    try {
      return { pinglist: readList(bytes, this.#file), etag, bytes };
    } catch (error) {
      const fields = { file: this.#file, error: describeError(error) };
      this.#log.warn(fields, 'the list in the state file is of no use: starting without it');
      return undefined;
    }
  }

  async #write({ key, list }: AgentState): Promise<void> {
    const header = JSON.stringify({ version: 1, id: this.#id, key, etag: list?.etag ?? '' });
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await replaceFile(this.#file, [Buffer.from(`${header}\n`), list?.bytes ?? Buffer.alloc(0)]);
      this.#isFailing = false;
    } catch (error) {
      if (this.#isFailing) return;
      this.#isFailing = true;
      const fields = { file: this.#file, error: describeError(error) };
      this.#log.warn(fields, 'cannot write the state file: a restart begins without list, and waits to be registered');
    }
  }
}

async function readBounded(file: string, maxBytes: number): Promise<Buffer> {
  const status = await stat(file);
  if (!status.isFile()) throw new Error('expected a file, found something else');
  if (status.size > maxBytes) throw new Error(`expected at most ${maxBytes} bytes, found ${status.size}`);
  return await readFile(file);
}

/** All or nothing, also when the power fails. Readable by its owner only: the key is a secret. */
async function replaceFile(file: string, parts: readonly Buffer[]): Promise<void> {
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
