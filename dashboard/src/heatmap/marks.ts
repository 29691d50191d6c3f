/** Where the patterns of a grid are in the picture: a member's row, column or both, blocks of a DC. */

import type { GridHead, Pattern } from '../api/types.js';
import type { Theme } from '../ui/theme.js';

export type MarkKind = 'down' | 'trouble' | 'spine';

export interface Mark {
  readonly kind: MarkKind;
  readonly pattern: Pattern;
  /** Members of the axis that it is about: [first, count], which is the same on both axes. */
  readonly spans: readonly (readonly [first: number, count: number])[];
}

export const MARK_COLOURS: Readonly<Record<Theme, Readonly<Record<MarkKind, string>>>> = {
  dark: { down: '#5fe0f5', trouble: '#ff6fb5', spine: '#4fe0b0' },
  light: { down: '#0077a3', trouble: '#b8005c', spine: '#00705a' },
};

export function marksOf({ patterns, src, src_groups: groups, level }: GridHead): Mark[] {
  return patterns.map((pattern) => {
    const kind = kindOf(pattern);
    if (kind !== 'spine') return { kind, pattern, spans: [[src.indexOf(pattern.name), 1] as const] };
    return { kind, pattern, spans: blocksOf(pattern.name, src, groups, level === 'pod') };
  });
}

/** As much of a canvas's context as is needed here. */
interface LineContext {
  lineWidth: number;
  strokeStyle: unknown;
  setLineDash(segments: number[]): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
}

/** Draws lines around crosses and blocks; the origin is the first cell. */
export function drawMarks(
  context: LineContext,
  marks: readonly Mark[],
  theme: Theme,
  scale: number,
  size: { readonly columns: number; readonly rows: number },
): void {
  context.lineWidth = 2;
  for (const { kind, spans, pattern } of marks) {
    context.strokeStyle = MARK_COLOURS[theme][kind];
    // Told apart without colours too.
    context.setLineDash(kind === 'down' ? [6, 4] : []);
    for (const [first, count] of spans) {
      if (first < 0) continue;
      const [from, px] = [first * scale, count * scale];
      if (kind === 'spine') {
        context.strokeRect(from, from, px, px);
        continue;
      }
      if (pattern.shape !== 'column') context.strokeRect(1, from, size.columns * scale - 2, px);
      if (pattern.shape !== 'row') context.strokeRect(from, 1, px, size.rows * scale - 2);
    }
  }
  context.setLineDash([]);
}

function kindOf({ pattern }: Pattern): MarkKind {
  if (pattern === 'spine_trouble') return 'spine';
  return pattern.endsWith('_down') ? 'down' : 'trouble';
}

/** The pods of a DC as far as the names of groups tell: those are the blocks on the diagonal that are green. */
function blocksOf(
  dc: string,
  names: readonly string[],
  groups: GridHead['src_groups'],
  arePods: boolean,
): Mark['spans'] {
  const isInside = (name: string) => name === dc || name.startsWith(`${dc}/`);
  if (arePods) return names.flatMap((name, i) => (isInside(name) ? [[i, 1] as const] : []));
  const blocks = new Map<string, [first: number, count: number]>();
  let first = 0;
  for (const { name, members } of groups) {
    const pod = name.split('/').slice(0, 2).join('/');
    const block = blocks.get(pod);
    if (block !== undefined) block[1] += members;
    else if (isInside(name)) blocks.set(pod, [first, members]);
    first += members;
  }
  return [...blocks.values()];
}
