/** The names beside the cells: every one where there is room, those of their groups or every n-th otherwise. */

import type { AxisGroup, GridHead } from '../api/types.js';
import type { Cell, Viewport } from './viewport.js';

/** CSS pixels. */
export interface Margins {
  readonly left: number;
  readonly top: number;
}

export interface LabelColours {
  readonly text: string;
  readonly strong: string;
  readonly line: string;
}

const FONT = '11px system-ui, sans-serif';
const STRONG_FONT = '600 11px system-ui, sans-serif';
const LINE_PX = 14;
const GAP_PX = 8;
const MAX_LABEL_PX = 150;
/** The corner has two lines, as wide as `from ↓`. */
const [MIN_LEFT_PX, MIN_TOP_PX] = [52, 36];
/** Names that are measured for the margins: those of a large grid are much alike. */
const SAMPLES = 200;

export function marginsFor(context: CanvasRenderingContext2D, head: GridHead): Margins {
  context.font = STRONG_FONT;
  const widest = (names: readonly string[]) => {
    const step = Math.max(1, Math.floor(names.length / SAMPLES));
    let widest = 0;
    for (let i = 0; i < names.length; i += step) {
      widest = Math.max(widest, context.measureText((names[i] ?? '').slice(0, 80)).width);
    }
    return Math.ceil(Math.min(widest, MAX_LABEL_PX)) + GAP_PX + 4;
  };
  const groups = (all: readonly AxisGroup[]) => all.map(({ name }) => name);
  return {
    left: Math.max(MIN_LEFT_PX, widest(head.src), widest(groups(head.src_groups))),
    top: Math.max(MIN_TOP_PX, widest(head.dst), widest(groups(head.dst_groups))),
  };
}

export interface LabelledAxes {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly srcGroups: readonly AxisGroup[];
  readonly dstGroups: readonly AxisGroup[];
  readonly viewport: Viewport;
  readonly margins: Margins;
  readonly colours: LabelColours;
  /** Its row and its column are told apart from the others. */
  readonly cursor: Cell | undefined;
}

export function drawLabels(context: CanvasRenderingContext2D, axes: LabelledAxes): void {
  const { viewport, margins, cursor, colours } = axes;
  const { scale, x, y, widthPx, heightPx } = viewport;
  context.textBaseline = 'middle';
  drawDirections(context, margins, colours);
  const rows = { names: axes.src, groups: axes.srcGroups, from: y, px: heightPx, scale, strong: cursor?.row };
  for (const { at, name, isStrong } of labelsOf(rows)) {
    style(context, colours, isStrong);
    context.textAlign = 'right';
    context.fillText(shortened(context, name, margins.left - GAP_PX - 2), margins.left - GAP_PX, margins.top + at);
  }
  const columns = { names: axes.dst, groups: axes.dstGroups, from: x, px: widthPx, scale, strong: cursor?.column };
  for (const { at, name, isStrong } of labelsOf(columns)) {
    style(context, colours, isStrong);
    context.textAlign = 'left';
    context.save();
    context.translate(margins.left + at, margins.top - GAP_PX);
    context.rotate(-Math.PI / 2);
    context.fillText(shortened(context, name, margins.top - GAP_PX - 2), 0, 0);
    context.restore();
  }
}

/** In the corner: which way a row and a column are to be read. */
function drawDirections(context: CanvasRenderingContext2D, { left, top }: Margins, colours: LabelColours): void {
  style(context, colours, false);
  context.textAlign = 'right';
  context.fillText('to →', left - GAP_PX, top - LINE_PX - GAP_PX);
  context.fillText('from ↓', left - GAP_PX, top - GAP_PX);
}

interface Label {
  /** Of its middle, px. */
  readonly at: number;
  readonly name: string;
  readonly isStrong: boolean;
}

interface SeenAxis {
  readonly names: readonly string[];
  readonly groups: readonly AxisGroup[];
  /** What is seen of it: from this cell on, so many px. */
  readonly from: number;
  readonly px: number;
  readonly scale: number;
  /** The one at the cursor, whose name drives away those that it would touch. */
  readonly strong: number | undefined;
}

function labelsOf(axis: SeenAxis): Label[] {
  const { names, from, px, scale, strong } = axis;
  const strongAt = strong === undefined ? undefined : (strong + 0.5 - from) * scale;
  const labels = scale >= LINE_PX || axis.groups.length < 2 ? memberLabels(axis) : groupLabels(axis);
  const others = labels.filter(({ at }) => strongAt === undefined || Math.abs(at - strongAt) >= LINE_PX);
  if (strong === undefined || strongAt === undefined || strongAt < -1 || strongAt > px + 1) return others;
  return [...others, { at: strongAt, name: names[strong] ?? '', isStrong: true }];
}

function memberLabels({ names, from, px, scale }: SeenAxis): Label[] {
  const labels: Label[] = [];
  const step = Math.ceil(LINE_PX / scale);
  for (let i = Math.ceil(from / step) * step; i < names.length; i += step) {
    const at = (i + 0.5 - from) * scale;
    if (at > px + 1) break;
    labels.push({ at, name: names[i] ?? '', isStrong: false });
  }
  return labels;
}

/** In the middle of what is seen of each group; where they are too small, of as many as there is room for. */
function groupLabels({ groups, from, px, scale }: SeenAxis): Label[] {
  const labels: Label[] = [];
  let [first, lastAt] = [0, Number.NEGATIVE_INFINITY];
  for (const { name, members } of groups) {
    const start = Math.max(0, (first - from) * scale);
    const end = Math.min(px, (first + members - from) * scale);
    first += members;
    const at = (start + end) / 2;
    if (end - start < Math.min(LINE_PX, members * scale * 0.9) || at - lastAt < LINE_PX) continue;
    labels.push({ at, name, isStrong: false });
    lastAt = at;
  }
  return labels;
}

function style(context: CanvasRenderingContext2D, colours: LabelColours, isStrong: boolean): void {
  context.font = isStrong ? STRONG_FONT : FONT;
  context.fillStyle = isStrong ? colours.strong : colours.text;
}

/** The end of a name tells it from its neighbours, so the beginning gives way. */
function shortened(context: CanvasRenderingContext2D, name: string, px: number): string {
  // As much as could fit at all: names may be a thousand characters long.
  let text = name.length > 60 ? `…${name.slice(-60)}` : name;
  while (text.length > 2 && context.measureText(text).width > px) text = `…${text.slice(2)}`;
  return text;
}
