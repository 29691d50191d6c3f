/** From DC to pod to ToR to host and back: what a step inside or outside makes of a selection. */

import type { Level, Selection } from '../route.js';

const INSIDE = { dc: 'pod', pod: 'tor', tor: 'host' } as const;
/** From the mesh as a whole down. */
export const LEVELS_DOWN: readonly Level[] = ['dc', 'pod', 'tor', 'host'];
export const LEVEL_NAMES: Readonly<Record<Level, string>> = { dc: 'DC', pod: 'Pod', tor: 'ToR', host: 'Host' };

/** A mesh of so many hosts is shown host by host. */
const MAX_HOSTS_AT_ONCE = 128;

export function defaultLevel(hosts: number): Level {
  return hosts <= MAX_HOSTS_AT_ONCE ? 'host' : 'tor';
}

type Scope = Pick<Selection, 'level' | 'srcIn' | 'dstIn' | 'box'>;
/** What a step changes; undefined takes it out. */
export type ScopeChange = { readonly [K in keyof Scope]-?: Scope[K] | undefined };

/** Inside a cell of `level`; undefined: there is nothing inside, it is a pair of hosts. */
export function inside(level: Level, src: string, dst: string): ScopeChange | undefined {
  if (level === 'host') return undefined;
  return { level: INSIDE[level], srcIn: `${level}:${src}`, dstIn: `${level}:${dst}`, box: undefined };
}

/** The same part of the mesh at another level, or the part of it that has such members. */
export function atLevel(level: Level, { srcIn, dstIn }: Selection): ScopeChange {
  return { level, srcIn: outward(srcIn, level), dstIn: outward(dstIn, level), box: undefined };
}

export interface Crumb {
  readonly text: string;
  readonly change: ScopeChange;
}

/** The way from the whole mesh to the selection; the last one is where it stands. */
export function crumbsOf({ srcIn, dstIn }: Selection): Crumb[] {
  const [sources, destinations] = [wayTo(srcIn), wayTo(dstIn)];
  const whole: Crumb = {
    text: 'Whole mesh',
    change: { level: undefined, srcIn: undefined, dstIn: undefined, box: undefined },
  };
  const steps = Array.from({ length: Math.max(sources.length, destinations.length) }, (_, i) => {
    const [src, dst] = [sources[Math.min(i, sources.length - 1)], destinations[Math.min(i, destinations.length - 1)]];
    const deepest = LEVELS_DOWN[
      Math.max(...[src, dst].map((scope) => (scope ? depthOf(scope) : 0)))
    ] as keyof typeof INSIDE;
    const [srcName, dstName] = [src ? nameOf(src) : 'all', dst ? nameOf(dst) : 'all'];
    const text = src === dst ? srcName : `${srcName} → ${dstName}`;
    return { text, change: { level: INSIDE[deepest], srcIn: src, dstIn: dst, box: undefined } };
  });
  return [whole, ...steps];
}

/** `tor:dc1/p1/t1` → `dc:dc1`, `pod:dc1/p1`, `tor:dc1/p1/t1`. A ToR that is a host without labels stands for itself. */
function wayTo(scope: string | undefined): string[] {
  if (scope === undefined) return [];
  const parts = nameOf(scope).split('/');
  const depth = depthOf(scope);
  if (parts.length !== depth + 1) return [scope];
  return LEVELS_DOWN.slice(0, depth + 1).map((level, i) => `${level}:${parts.slice(0, i + 1).join('/')}`);
}

/** The innermost group around `scope` that is of a higher level than `level`. */
function outward(scope: string | undefined, level: Level): string | undefined {
  return wayTo(scope).findLast((step) => depthOf(step) < LEVELS_DOWN.indexOf(level));
}

function depthOf(scope: string): number {
  return LEVELS_DOWN.indexOf(scope.slice(0, scope.indexOf(':')) as Level);
}

function nameOf(scope: string): string {
  return scope.slice(scope.indexOf(':') + 1);
}
