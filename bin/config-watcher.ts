/**
 * Watches a configuration. Folders are watched rather than files: editors replace files, Kubernetes swaps symbolic
 * links. Only content counts: a file that is touched or rewritten as it was is no change, and a change is reported once
 * it has been the same for one period, so that a half-written file is not read.
 */

import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock, Timer } from '../core/clock.js';
import type { ConfigSource } from './config.js';

const SETTLE_MS = 200;

export interface WatchListener {
  onChange(): void;
  /** Changes may go unseen from now on: a folder vanished, or the system has no watches left. */
  onError(error: Error): void;
}

export class ConfigWatcher {
  readonly #source: ConfigSource;
  readonly #clock: Clock;
  readonly #watchers: FSWatcher[] = [];
  #listener: WatchListener | undefined;
  #timer: Timer | undefined;
  /** Since the last look began. */
  #isTouched = false;
  /** Digest of what was reported last, and of what was seen last. */
  #reported: string;
  #seen: string;

  private constructor(source: ConfigSource, clock: Clock, digest: string) {
    this.#source = source;
    this.#clock = clock;
    this.#reported = digest;
    this.#seen = digest;
  }

  /** Notes how things stand; call it before the configuration is read, so that no change falls between. */
  static async open(source: ConfigSource, clock: Clock): Promise<ConfigWatcher> {
    return new ConfigWatcher(source, clock, await digestOf(source));
  }

  /** Reports every change since `open`. Never throws. */
  async start(listener: WatchListener): Promise<void> {
    this.#listener = listener;
    try {
      for (const folder of await foldersOf(this.#source)) {
        const watcher = watch(folder, { persistent: false }, () => this.#touched());
        this.#watchers.push(watcher.on('error', (error) => listener.onError(error)));
      }
    } catch (error) {
      listener.onError(error as Error);
    }
    this.#touched();
  }

  close(): void {
    this.#listener = undefined;
    this.#timer?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  #touched(): void {
    this.#isTouched = true;
    if (this.#listener === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.after(SETTLE_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#isTouched = false;
    const digest = await digestOf(this.#source);
    this.#timer = undefined;
    const settled = digest === this.#seen;
    this.#seen = digest;
    const isChanged = digest !== this.#reported;
    // What was written while files were read may not be in the digest, and nothing else would tell of it.
    if (this.#isTouched || (isChanged && !settled)) this.#touched();
    if (!isChanged || !settled) return;
    this.#reported = digest;
    this.#listener?.onChange();
  }
}

async function foldersOf(source: ConfigSource): Promise<Set<string>> {
  const folders = new Set([dirname(resolve(source.config))]);
  if (source.configDirectory !== undefined) folders.add(resolve(source.configDirectory));
  // Where a link points to, the content changes without a trace in the folder of the link.
  folders.add(dirname(await realpath(source.config)));
  return folders;
}

/** Of all contents; an unreadable file has a digest too, as it is a change to become or cease to be one. */
async function digestOf(source: ConfigSource): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [source.config, ...(await filesIn(source.configDirectory))]) {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => `${error.code}`);
    hash.update(`${file}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

async function filesIn(directory: string | undefined): Promise<string[]> {
  if (directory === undefined) return [];
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}
