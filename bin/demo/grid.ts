/** Draws a demo as lines of text: source × destination, a cell per pair, in as much detail as the width allows. */

import { formatLoss, formatNs } from '../figures.js';
import type { Summary } from './mesh.js';
import type { Paint } from './paint.js';
import type { DemoView, PairView } from './view.js';

const GOOD_NS = 100_000;
const FAIR_NS = 1_000_000;
const FAIR_LOSS = 0.01;

type Grade = 'good' | 'fair' | 'bad' | 'dim';

/** Told apart without colours, too. */
const GLYPHS: Readonly<Record<Grade, string>> = { good: '.', fair: 'o', bad: 'X', dim: '·' };
const LEGEND: readonly (readonly [Grade, string])[] = [
  ['good', 'p99 < 100µs, no loss'],
  ['fair', 'p99 < 1ms, loss < 1%'],
  ['bad', 'worse'],
];

interface Layout {
  readonly cellWidth: number;
  /** Destination names fit above the cells. */
  readonly named: boolean;
  readonly text: (summary: Summary) => string;
}

/** From roomy to cramped. */
const LAYOUTS: readonly Layout[] = [
  { cellWidth: 11, named: true, text: rttAndLoss },
  { cellWidth: 9, named: true, text: rttAndLoss },
  { cellWidth: 7, named: true, text: worstFigure },
  { cellWidth: 2, named: false, text: glyph },
  { cellWidth: 1, named: false, text: glyph },
];

export interface Space {
  readonly columns: number;
  /** Lines there is room for; what does not fit is left out from the end. */
  readonly rows: number;
}

/** Everything, with where to look further. */
export function drawDemo(view: DemoView, space: Space, paint: Paint): string[] {
  const lines = [...resultLines(view, space.columns, paint), '', ...footLines(view, paint)];
  return lines.slice(0, space.rows).map((line) => paint.clip(line, space.columns));
}

/** What stays true after the demo has ended. */
export function drawResult(view: DemoView, columns: number, paint: Paint): string[] {
  return resultLines(view, columns, paint).map((line) => paint.clip(line, columns));
}

function resultLines(view: DemoView, columns: number, paint: Paint): string[] {
  const grid = gridLines(view, columns, paint);
  return [...headLines(view, paint), '', ...grid, '', ...legendLines(view.historyMs, paint)];
}

function headLines(view: DemoView, paint: Paint): string[] {
  const up = view.agents.filter((agent) => agent.state === 'up').length;
  const { total } = view;
  const seconds = Math.floor(view.elapsedMs / 1000);
  const figures = [
    `${up} of ${view.agents.length} agents up`,
    `${Math.round(view.probesPerSecond)} probes/s`,
    `loss ${total.loss === undefined ? '–' : formatLoss(total.loss)}`,
    `network RTT p50 ${orDash(total.p50Ns)}, p99 ${orDash(total.p99Ns)}`,
  ];
  return [`${paint.style('title', 'weft demo')} – full UDP mesh, running for ${seconds} s`, figures.join(' · ')];
}

function gridLines(view: DemoView, columns: number, paint: Paint): string[] {
  const names = view.agents.map((agent) => agent.name);
  const labelWidth = Math.max(...names.map((name) => name.length)) + 1;
  const fits = (layout: Layout): boolean => labelWidth + names.length * layout.cellWidth <= columns;
  const layout = LAYOUTS.find(fits) ?? (LAYOUTS.at(-1) as Layout);
  const cells = new Map(view.pairs.map((pair) => [`${pair.src} ${pair.dst}`, pair]));
  const header = layout.named ? names.map((name) => name.padStart(layout.cellWidth)).join('') : ' dst →';
  return [
    paint.style('dim', ''.padEnd(labelWidth) + header),
    ...names.map((src) => {
      const row = names.map((dst) => cell(src === dst ? 'self' : cells.get(`${src} ${dst}`), layout, paint));
      return src.padEnd(labelWidth) + row.join('');
    }),
  ];
}

function cell(pair: PairView | 'self' | undefined, layout: Layout, paint: Paint): string {
  if (pair === 'self') return ''.padStart(layout.cellWidth);
  if (pair === undefined) return paint.style('dim', '·'.padStart(layout.cellWidth));
  return paint.style(grade(pair), layout.text(pair).padStart(layout.cellWidth));
}

function grade(summary: Summary): Grade {
  if (summary.loss === undefined) return summary.sendError > 0 ? 'bad' : 'dim';
  const p99Ns = summary.p99Ns ?? Number.POSITIVE_INFINITY;
  if (summary.loss === 0 && p99Ns < GOOD_NS) return 'good';
  return summary.loss < FAIR_LOSS && p99Ns < FAIR_NS ? 'fair' : 'bad';
}

function rttAndLoss(summary: Summary): string {
  if (summary.loss === undefined) return undecided(summary);
  return `${orDash(summary.p99Ns)} ${formatLoss(summary.loss)}`;
}

function worstFigure(summary: Summary): string {
  if (summary.loss === undefined) return undecided(summary);
  return summary.loss > 0 ? formatLoss(summary.loss) : orDash(summary.p99Ns);
}

function glyph(summary: Summary): string {
  return GLYPHS[grade(summary)];
}

function undecided(summary: Summary): string {
  return summary.sendError > 0 ? 'error' : '·';
}

function legendLines(historyMs: number, paint: Paint): string[] {
  const swatches = LEGEND.map(([grade, meaning]) => `${paint.style(grade, ` ${GLYPHS[grade]} `)} ${meaning}`);
  return [
    `row → column: p99 of the network RTT and loss, over the last ${Math.round(historyMs / 1000)} s`,
    swatches.join('   '),
  ];
}

function footLines(view: DemoView, paint: Paint): string[] {
  const troubled = view.agents.filter((agent) => agent.deaths > 0);
  return [
    ...troubled.map((agent) =>
      paint.style('bad', `${agent.name} ended (${agent.lastDeath}), ${agent.deaths}×; now ${agent.state}`),
    ),
    `Prometheus  ${view.agents[0]?.prometheusUrl} and so on, one per agent`,
    `Files       ${view.directory} (configurations, pinglists, logs)`,
    'For real    weft sample > weft.yaml, edit, weft check -c weft.yaml, weft run -c weft.yaml',
    paint.style('dim', 'Ctrl-C ends all of it'),
  ];
}

function orDash(ns: number | undefined): string {
  return ns === undefined ? '–' : formatNs(ns);
}
