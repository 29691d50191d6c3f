/** Draws the mesh of one transport as lines of text: source × destination, a cell per pair, as detailed as the layout. */

import { formatLoss, formatNs } from '../figures.js';
import type { Summary } from './mesh.js';
import type { Paint } from './paint.js';
import type { PairView, TransportView } from './view.js';

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

export interface Layout {
  readonly cellWidth: number;
  /** Destination names fit above the cells; every line is then as wide as the grid. */
  readonly named: boolean;
  /** A cell shows round trip and loss. */
  readonly full: boolean;
  readonly text: (summary: Summary) => string;
}

/** From roomy to cramped. */
export const LAYOUTS: readonly [Layout, ...Layout[]] = [
  { cellWidth: 11, named: true, full: true, text: rttAndLoss },
  { cellWidth: 9, named: true, full: true, text: rttAndLoss },
  { cellWidth: 7, named: true, full: false, text: worstFigure },
  { cellWidth: 2, named: false, full: false, text: glyph },
  { cellWidth: 1, named: false, full: false, text: glyph },
];

/** Columns that a grid of these hosts takes. */
export function gridWidth(names: readonly string[], layout: Layout): number {
  return labelWidth(names) + names.length * layout.cellWidth;
}

/** Lines that a grid of these hosts takes. */
export function gridHeight(names: readonly string[]): number {
  return 1 + names.length;
}

export function drawGrid(view: TransportView, names: readonly string[], layout: Layout, paint: Paint): string[] {
  const width = labelWidth(names);
  const cells = new Map(view.pairs.map((pair) => [`${pair.src} ${pair.dst}`, pair]));
  const header = layout.named ? names.map((name) => name.padStart(layout.cellWidth)).join('') : ' dst →';
  return [
    paint.style('title', view.transport.toUpperCase().padEnd(width)) + paint.style('dim', header),
    ...names.map((src) => {
      const row = names.map((dst) => cell(src === dst ? 'self' : cells.get(`${src} ${dst}`), layout, paint));
      return src.padEnd(width) + row.join('');
    }),
  ];
}

/** What the cells mean. */
export function legendLines(historyMs: number, paint: Paint): string[] {
  const swatches = LEGEND.map(([grade, meaning]) => `${paint.style(grade, ` ${GLYPHS[grade]} `)} ${meaning}`);
  return [
    `row → column: p99 of the network RTT and loss, over the last ${Math.round(historyMs / 1000)} s`,
    swatches.join('   '),
  ];
}

function labelWidth(names: readonly string[]): number {
  return Math.max(...names.map((name) => name.length)) + 1;
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
  return allRefused(summary) ? 'refused' : `${orDash(summary.p99Ns)} ${formatLoss(summary.loss)}`;
}

function worstFigure(summary: Summary): string {
  if (summary.loss === undefined) return undecided(summary);
  if (allRefused(summary)) return 'RST';
  return summary.loss > 0 ? formatLoss(summary.loss) : orDash(summary.p99Ns);
}

function glyph(summary: Summary): string {
  return GLYPHS[grade(summary)];
}

function undecided(summary: Summary): string {
  return summary.sendError > 0 ? 'error' : '·';
}

/** The host is there and nothing listens: its agent is not up. */
function allRefused({ success, refused, timeout }: Summary): boolean {
  return refused > 0 && refused === success && timeout === 0;
}

export function orDash(ns: number | undefined): string {
  return ns === undefined ? '–' : formatNs(ns);
}
