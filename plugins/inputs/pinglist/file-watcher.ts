/**
 * Tells when the content of a file changed. The folder is watched, not the file: editors and Kubernetes replace files by
 * renaming, and a watch would stay with the old one. What the kernel does not notify (a symlink into another folder, a
 * network file system, a folder that was replaced) is found by looking at the file every now and then.
 */

import { watch as fsWatch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../../core/clock.js';

/** A change is believed when the file looked the same twice, this far apart: writers take several writes. */
export const SETTLE_MS = 50;

export interface FileWatcherOptions {
  readonly clock: Clock;
  readonly pollIntervalMs: number;
  /** Called once for each change, also when the file went away. Never overlaps itself; must not reject. */
  readonly onChange: () => Promise<void>;
  /** node:fs, unless a test wants to do without notifications. */
  readonly watch?: typeof fsWatch | undefined;
}

/** Identity, size and times of the file behind all symlinks: equal means unchanged. Undefined: there is none to see. */
export type Fingerprint = string | undefined;

export async function fingerprintOf(file: string): Promise<Fingerprint> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    // Why it cannot be seen is said by who then tries to read it.
    return undefined;
  }
}

export class FileWatcher {
  readonly #file: string;
  readonly #options: FileWatcherOptions;
  /** Closes the watch on the folder. */
  #unwatch = (): void => {};
  #timer: Timer | undefined;
  /** The content that is known, and what the last look saw: known too if the next look sees the same. */
  #known: Fingerprint | 'none';
  #seen: Fingerprint;
  #looking = false;
  /** Something was notified that the look under way, or the last one, may have missed. */
  #notified = false;
  #closed = false;

  /** `known` was taken before the content that is known was read. */
  constructor(file: string, known: Fingerprint, options: FileWatcherOptions) {
    this.#file = file;
    this.#options = options;
    this.#known = known;
    this.#seen = known;
    this.#watchFolder();
    this.#lookAfter(options.pollIntervalMs);
  }

  /** Calls `onChange` soon, although the file did not change. */
  invalidate(): void {
    this.#known = 'none';
    this.#notify();
  }

  /** Looks at the file soon: `onChange` is called if it changed. */
  lookSoon(): void {
    this.#notify();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#unwatch();
  }

  #watchFolder(): void {
    try {
      const watch = this.#options.watch ?? fsWatch;
      const watcher = watch(dirname(this.#file), { persistent: false }, () => this.#notify());
      this.#unwatch = () => watcher.close();
      // The folder went away: polling goes on.
      watcher.on('error', this.#unwatch);
    } catch {
      // No such folder yet, or the kernel is out of watches: polling has to do.
    }
  }

  /** A busy folder notifies all the time: the look that is due stays due. */
  #notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    if (!this.#looking) this.#lookAfter(SETTLE_MS);
  }

  #lookAfter(delayMs: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#notified = false;
    const now = await fingerprintOf(this.#file);
    const isStill = now === this.#seen;
    this.#seen = now;
    const isChanged = now !== this.#known;
    if (isChanged && isStill && !this.#closed) {
      this.#known = now;
      await this.#options.onChange();
    }
    this.#looking = false;
    const lookSoon = this.#notified || (isChanged && !isStill);
    this.#lookAfter(lookSoon ? SETTLE_MS : this.#options.pollIntervalMs);
  }
}
