/** What the colours mean, and how many cells have each. */

import type { Unit } from '../api/types.js';
import { cellCode, FAILED, FIRST_VALUE, type Grid, MAX_CODE, NO_DATA } from '../api/wire-grid.js';
import { BANDS, type Band, type CellColours, cssOf, type Rgb } from '../heatmap/colours.js';
import { colourOf, type Scale } from '../heatmap/scale.js';
import { h } from '../ui/dom.js';
import { formatCount, formatValue } from '../ui/format.js';

export function legendOf(grid: Grid, scale: Scale, colours: CellColours): HTMLElement {
  const tally = tallyOf(grid, scale);
  const rows =
    scale.steps === undefined ? [countRow(grid, scale, colours)] : bandRows(grid.unit, scale, colours, tally);
  return h(
    'ul',
    { class: 'legend' },
    ...rows,
    entry([colours.failed, colours.failed], 'no answer', tally.failed),
    entry([colours.noData, colours.noData], 'no data', tally.noData),
  );
}

/** The worst comes first, as one reads it. */
function bandRows(unit: Unit, { steps = [0, 0, 0] }: Scale, { bands }: CellColours, tally: Tally): HTMLElement[] {
  const at = (i: number) => formatValue(steps[i] ?? 0, unit);
  const words: Readonly<Record<Band, string>> = {
    worst: `from ${at(2)}`,
    bad: `from ${at(1)}`,
    fair: `from ${at(0)}`,
    good: `below ${at(0)}`,
  };
  return BANDS.toReversed().map((band) => entry(bands[band], words[band], tally.bands[band], band));
}

function countRow({ unit }: Grid, scale: Scale, colours: CellColours): HTMLElement {
  const ends: [Rgb, Rgb] = [colourOf(scale, colours, scale.max * 1e-9), colourOf(scale, colours, scale.max)];
  return entry(ends, `up to ${formatValue(scale.max, unit)}`, undefined);
}

function entry([from, to]: readonly [Rgb, Rgb], text: string, cells: number | undefined, name = ''): HTMLElement {
  const swatch = h('span', { class: 'swatch' });
  // Not in an attribute: the page's policy allows no style there.
  swatch.style.background = `linear-gradient(90deg, ${cssOf(from)}, ${cssOf(to)})`;
  const count = cells === undefined ? '' : formatCount(cells);
  const attributes = { class: cells === 0 ? 'none' : '' };
  return h('li', attributes, swatch, h('b', {}, name), h('span', {}, text), h('span', { class: 'cells' }, count));
}

interface Tally {
  readonly bands: Record<Band, number>;
  readonly failed: number;
  readonly noData: number;
}

function tallyOf({ codes, unit }: Grid, { steps }: Scale): Tally {
  const bounds = (steps ?? []).map((step) => cellCode(step, unit === 'ratio'));
  const [fair = MAX_CODE + 1, bad = MAX_CODE + 1, worst = MAX_CODE + 1] = bounds;
  const counts = { good: 0, fair: 0, bad: 0, worst: 0, failed: 0, noData: 0 };
  for (const code of codes) {
    if (code < FIRST_VALUE) {
      if (code === NO_DATA) counts.noData += 1;
      if (code === FAILED) counts.failed += 1;
    } else if (code < fair) counts.good += 1;
    else if (code < bad) counts.fair += 1;
    else if (code < worst) counts.bad += 1;
    else counts.worst += 1;
  }
  const { failed, noData, ...bands } = counts;
  return { bands, failed, noData };
}
