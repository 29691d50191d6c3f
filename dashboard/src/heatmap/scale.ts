/** What a value means: which band it is in, and how far in it. */

import type { GridHead, Steps } from '../api/types.js';
import { BANDS, type Band, type CellColours, mix, type Rgb } from './colours.js';

export interface Scale {
  /** Where fair, bad and worst begin; undefined: a count, which is neither good nor bad by itself. */
  readonly steps: Steps | undefined;
  /** Whether the bands run by ratio, as delays do, or by difference. */
  readonly isLogarithmic: boolean;
  /** Largest value that is told apart from larger ones. */
  readonly max: number;
  /** Of a count: whether more of it is more trouble. */
  readonly isTrouble: boolean;
}

/** A band of delays below fair begins at this part of it, the worst one ends at its inverse of worst. */
const OUTER = 1 / 32;
const HARMLESS = ['sent', 'success', 'count'];

/** `max`: the largest value of the grid. */
export function scaleOf({ unit, stat, thresholds }: GridHead, max: number): Scale {
  if (unit === 'ns') {
    const steps = thresholds.latency_ns;
    return { steps, isLogarithmic: true, max: steps[2] / OUTER, isTrouble: true };
  }
  if (unit === 'ratio') return { steps: thresholds.loss, isLogarithmic: false, max: 1, isTrouble: true };
  return { steps: undefined, isLogarithmic: false, max: Math.max(1, max), isTrouble: !HARMLESS.includes(stat) };
}

/** Undefined for counts. */
export function bandOf({ steps }: Scale, value: number): Band | undefined {
  if (steps === undefined) return undefined;
  return BANDS[steps.findLastIndex((step) => value >= step) + 1];
}

export function colourOf(scale: Scale, colours: CellColours, value: number): Rgb {
  const band = bandOf(scale, value);
  if (band === undefined) return countColour(scale, colours, value);
  const [from, to] = colours.bands[band];
  return mix(from, to, partOf(scale, band, value));
}

/** How far `value` is in its band, 0 to 1. */
function partOf({ steps = [0, 0, 0], isLogarithmic, max }: Scale, band: Band, value: number): number {
  const bounds = [isLogarithmic ? steps[0] * OUTER : 0, ...steps, max];
  const i = BANDS.indexOf(band);
  const [from = 0, to = 0] = [bounds[i], bounds[i + 1]];
  if (to <= from) return 0;
  const part = isLogarithmic ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  return Math.min(1, Math.max(0, part));
}

/** From the colour of good to that of fair, or of worst where more is more trouble. */
function countColour({ max, isTrouble }: Scale, { bands }: CellColours, value: number): Rgb {
  const part = Math.min(1, value / max);
  if (!isTrouble) return mix(bands.good[0], bands.fair[1], part);
  if (value === 0) return bands.good[0];
  return part < 0.5 ? mix(bands.fair[0], bands.bad[0], part * 2) : mix(bands.bad[0], bands.worst[1], part * 2 - 1);
}
