/** The names beside the cells: every one where there is room, every n-th otherwise. */

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
const MIN_MARGIN_PX = 36;
/** Names that are measured for the margins: those of a large grid are much alike. */
const SAMPLES = 200;

export function marginsFor(context: CanvasRenderingContext2D, src: readonly string[], dst: readonly string[]): Margins {
  context.font = STRONG_FONT;
  const widest = (names: readonly string[]) => {
    const step = Math.max(1, Math.floor(names.length / SAMPLES));
    let widest = 0;
    for (let i = 0; i < names.length; i += step) {
      widest = Math.max(widest, context.measureText((names[i] ?? '').slice(0, 80)).width);
    }
    return Math.max(MIN_MARGIN_PX, Math.ceil(Math.min(widest, MAX_LABEL_PX)) + GAP_PX + 4);
  };
  return { left: widest(src), top: widest(dst) };
}

export interface LabelledAxes {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly viewport: Viewport;
  readonly margins: Margins;
  readonly colours: LabelColours;
  /** Its row and its column are told apart from the others. */
  readonly cursor: Cell | undefined;
}

export function drawLabels(context: CanvasRenderingContext2D, axes: LabelledAxes): void {
  const { src, dst, viewport, margins, cursor } = axes;
  const { scale, x, y, widthPx, heightPx } = viewport;
  context.textBaseline = 'middle';
  drawAxis(src, y, heightPx, cursor?.row, (at, name, isStrong) => {
    style(context, axes.colours, isStrong);
    context.textAlign = 'right';
    context.fillText(shortened(context, name, margins.left - GAP_PX - 2), margins.left - GAP_PX, margins.top + at);
  });
  drawAxis(dst, x, widthPx, cursor?.column, (at, name, isStrong) => {
    style(context, axes.colours, isStrong);
    context.textAlign = 'left';
    context.save();
    context.translate(margins.left + at, margins.top - GAP_PX);
    context.rotate(-Math.PI / 2);
    context.fillText(shortened(context, name, margins.top - GAP_PX - 2), 0, 0);
    context.restore();
  });

  /** Calls `draw` with the place of the middle of each label, px. The strong one drives away those that it would touch. */
  function drawAxis(
    names: readonly string[],
    from: number,
    px: number,
    strong: number | undefined,
    draw: (at: number, name: string, isStrong: boolean) => void,
  ): void {
    const step = Math.ceil(LINE_PX / scale);
    const middle = (i: number) => (i + 0.5 - from) * scale;
    const fits = (at: number) => at >= -1 && at <= px + 1;
    const strongAt = strong === undefined ? undefined : middle(strong);
    for (let i = Math.ceil(from / step) * step; i < names.length && middle(i) <= px; i += step) {
      const at = middle(i);
      const isTouched = strongAt !== undefined && Math.abs(at - strongAt) < LINE_PX;
      if (!isTouched && fits(at)) draw(at, names[i] ?? '', false);
    }
    if (strong !== undefined && strongAt !== undefined && fits(strongAt)) draw(strongAt, names[strong] ?? '', true);
  }
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
