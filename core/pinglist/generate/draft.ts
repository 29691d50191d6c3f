/** The targets of one agent while they are put together, and what becomes of them: a revision and the pinglist as JSON. */

import { createHash } from 'node:crypto';
import type { Digest, HostEnds } from './host.js';
import { type PathSet, pathsOf } from './path-plan.js';
import type { Settings } from './settings.js';

/** Words a target adds to what the revision is the hash of: ends, settings, paths. */
const WORDS = 4 + 4 + 1;
const NO_DIGEST: Digest = { a: 0, b: 0, c: 0, d: 0 };
const REVISION_DIGITS = 32;

export class Draft {
  static #last = 0;
  /** Never 0, and never that of another draft. */
  readonly #number = ++Draft.#last;
  /** In three columns: lists are long and there are many. Equal indices are one entry, which is all ends of a host. */
  readonly ends: HostEnds[] = [];
  readonly settings: Settings[] = [];
  readonly paths: PathSet[] = [];

  get targets(): number {
    return this.ends.reduce((sum, { ipv4, ipv6 }) => sum + ipv4 + ipv6, 0);
  }

  /**
   * Ends that are there already keep their place, the tighter interval with all that goes with it, and the more paths.
   * A draft is put together in one go, before the next one is begun.
   */
  add(ends: HostEnds, settings: Settings, paths: PathSet): void {
    if (ends.draft === this.#number) {
      this.#merge(ends.place, settings, paths);
      return;
    }
    ends.draft = this.#number;
    ends.place = this.ends.length;
    this.ends.push(ends);
    this.settings.push(settings);
    this.paths.push(paths);
  }

  #merge(place: number, settings: Settings, paths: PathSet): void {
    const before = this.settings[place];
    const isTighter = before === undefined || settings.intervalMs < before.intervalMs;
    if (isTighter) this.settings[place] = settings;
    const more = pathsOf(paths) - pathsOf(this.paths[place] ?? 0);
    if (more > 0 || (more === 0 && isTighter)) this.paths[place] = paths;
  }

  /** Equal for equal lists, in the same order. */
  revision(): string {
    // In the order of this machine's bytes, which is the same on x86-64 and arm64.
    const words = new Int32Array(this.ends.length * WORDS);
    let at = 0;
    const put = ({ a, b, c, d }: Digest): void => {
      words[at++] = a;
      words[at++] = b;
      words[at++] = c;
      words[at++] = d;
    };
    for (let i = 0; i < this.ends.length; i++) {
      put(this.ends[i] ?? NO_DIGEST);
      put(this.settings[i]?.digest ?? NO_DIGEST);
      words[at++] = this.paths[i] ?? 0;
    }
    return createHash('sha256').update(words).digest('hex').slice(0, REVISION_DIGITS);
  }

  json(revision: string): string {
    const pieces: string[] = [];
    for (let i = 0; i < this.ends.length; i++) {
      const tail = this.settings[i]?.tail(this.paths[i] ?? 0) ?? '';
      for (const fragment of this.ends[i]?.fragments ?? []) pieces.push(fragment, tail);
    }
    // The last comma goes.
    const last = pieces.pop()?.slice(0, -1) ?? '';
    return `{"version":1,"revision":"${revision}","targets":[${pieces.join('')}${last}]}`;
  }
}
