/**
 * The hosts of the grid by small numbers, and where they stand. A host's own word (`src_tor`, …) goes before what others say
 * of it (`dst_tor`, …), of either the newest; so the order in which metrics come does not matter.
 */

import type { Tags } from '../../../../core/metric.js';

export const LEVELS = ['host', 'tor', 'pod', 'dc'] as const;
export type Level = (typeof LEVELS)[number];

/** The labels that make the levels; '' is none. */
export interface Place {
  readonly dc: string;
  readonly pod: string;
  readonly tor: string;
}

interface HostEntry {
  readonly name: string;
  place: Place;
  /** Whether the host said it itself, when (ms), and what: compared in this order. */
  rank: readonly [own: number, timeMs: number, text: string];
  /** Pairs, of all transports, that it is an end of. */
  pairs: number;
}

/** Spelled out: making them anew for each of 30 000 targets a second would show. */
const LABEL_TAGS = {
  src: { dc: 'src_dc', pod: 'src_pod', tor: 'src_tor' },
  dst: { dc: 'dst_dc', pod: 'dst_pod', tor: 'dst_tor' },
} as const;
const NO_PLACE: Place = { dc: '', pod: '', tor: '' };

export class HostTable {
  readonly #byName = new Map<string, number>();
  readonly #entries: (HostEntry | undefined)[] = [];
  readonly #free: number[] = [];
  /** Grows whenever a host moved to another place. */
  moves = 0;

  get size(): number {
    return this.#byName.size;
  }

  /** Numbers are below this. */
  get capacity(): number {
    return this.#entries.length;
  }

  idOf(name: string): number | undefined {
    return this.#byName.get(name);
  }

  nameOf(id: number): string {
    return this.#entries[id]?.name ?? '';
  }

  placeOf(id: number): Place {
    return this.#entries[id]?.place ?? NO_PLACE;
  }

  /** Numbers of the hosts of a group. */
  membersOf(level: Level, group: string): number[] {
    const known = this.idOf(group);
    if (level === 'host') return known === undefined ? [] : [known];
    return [...this.#byName].flatMap(([name, id]) => (groupName(name, this.placeOf(id), level) === group ? [id] : []));
  }

  /** One more pair of this host; makes the host when it is new. */
  hold(name: string): number {
    const known = this.#byName.get(name);
    const id = known ?? this.#free.pop() ?? this.#entries.length;
    const entry = this.#entries[id] ?? { name, place: NO_PLACE, rank: [0, Number.NEGATIVE_INFINITY, ''], pairs: 0 };
    entry.pairs += 1;
    this.#entries[id] = entry;
    this.#byName.set(name, id);
    return id;
  }

  /** One pair less; a host without any is forgotten. */
  release(id: number): void {
    const entry = this.#entries[id];
    if (entry === undefined) return;
    entry.pairs -= 1;
    if (entry.pairs > 0) return;
    this.#byName.delete(entry.name);
    this.#entries[id] = undefined;
    this.#free.push(id);
  }

  /** Takes over what a metric of the window that ended at `timeMs` says of where host `id` stands. */
  locate(id: number, end: 'src' | 'dst', tags: Tags, timeMs: number): void {
    const entry = this.#entries[id];
    const labels = LABEL_TAGS[end];
    const [dc = '', pod = '', tor = ''] = [tags[labels.dc], tags[labels.pod], tags[labels.tor]];
    if (entry === undefined || (dc === '' && pod === '' && tor === '')) return;
    const own = end === 'src' ? 1 : 0;
    const [knownOwn, knownMs] = entry.rank;
    if (own < knownOwn || (own === knownOwn && timeMs < knownMs)) return;
    const { place } = entry;
    const isSame = place.dc === dc && place.pod === pod && place.tor === tor;
    const isSameWindow = own === knownOwn && timeMs === knownMs;
    if (isSame && isSameWindow) return;
    const text = isSame ? entry.rank[2] : JSON.stringify([dc, pod, tor]);
    // Of two words of one window the greater one counts.
    if (isSameWindow && text <= entry.rank[2]) return;
    entry.rank = [own, timeMs, text];
    if (isSame) return;
    entry.place = { dc, pod, tor };
    this.moves += 1;
  }
}

/**
 * The name of what a host belongs to at a level: `dc`, `dc/pod`, `dc/pod/tor`. A label that is missing is written `-`; `/`, `%`
 * and a `-` alone are escaped as in a URL, so that no two groups share a name. A host without the label `tor` is a ToR of
 * its own, as for the controller's policies, and has the host's name.
 */
export function groupName(host: string, { dc, pod, tor }: Place, level: Level): string {
  if (level === 'host' || (level === 'tor' && tor === '')) return host;
  const parts = level === 'dc' ? [dc] : level === 'pod' ? [dc, pod] : [dc, pod, tor];
  return parts.map(partOf).join('/');
}

function partOf(label: string): string {
  if (label === '') return '-';
  if (label === '-') return '%2D';
  return label.replace(/[%/]/g, (char) => (char === '/' ? '%2F' : '%25'));
}
