/** How a delay is distributed: which share of the answers took no longer than what. Lines of several distributions. */

import type { Cdf } from '../api/types.js';
import { fill, h } from '../ui/dom.js';
import { formatDuration } from '../ui/format.js';
import { logAxis } from './axis.js';
import { s } from './svg.js';

export interface NamedCdf {
  readonly name: string;
  readonly cdf: Cdf;
}

const HEIGHT = 190;
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 14, 8, 22];
const SHARES = [0, 0.25, 0.5, 0.75, 1];
const TOLD = [0.5, 0.9, 0.99];

export class CdfChart {
  readonly element = h('figure', { class: 'cdf' });
  readonly #svg = s('svg', { class: 'chart', role: 'img', height: HEIGHT });
  readonly #words = h('figcaption');
  readonly #resizing: ResizeObserver;
  #cdfs: readonly NamedCdf[] = [];
  #width = 0;

  constructor() {
    this.element.append(this.#svg, this.#words);
    this.#resizing = new ResizeObserver(() => {
      if (this.element.clientWidth === this.#width) return;
      this.#width = this.element.clientWidth;
      this.#draw();
    });
    this.#resizing.observe(this.element);
  }

  /** Those without an answer are told in words only. */
  show(cdfs: readonly NamedCdf[]): void {
    this.#cdfs = cdfs;
    this.#svg.setAttribute('aria-label', cdfs.map(({ name, cdf }) => `${name}: ${summaryOf(cdf)}`).join('. '));
    fill(this.#words, ...cdfs.map(({ name, cdf }, i) => this.#line(name, cdf, i)));
    this.#draw();
  }

  dispose(): void {
    this.#resizing.disconnect();
  }

  #line(name: string, cdf: Cdf, i: number): HTMLElement {
    const key = s('svg', { class: 'key', width: 22, height: 8 });
    key.append(s('path', { class: i === 0 ? 'line' : 'line other', d: 'M2 4H20' }));
    return h('p', {}, key, h('b', {}, name), `: ${summaryOf(cdf)}`);
  }

  #draw(): void {
    const drawn = this.#cdfs.filter(({ cdf }) => cdf.count > 0);
    this.#svg.toggleAttribute('hidden', drawn.length === 0);
    if (this.#width === 0 || drawn.length === 0) return;
    this.#svg.setAttribute('width', String(this.#width));
    const bounds = drawn.flatMap(({ cdf }) => cdf.up_to_ns.filter((ns) => ns > 0));
    const axis = logAxis(Math.min(...bounds, 1e9) * 0.9, Math.max(...bounds, 1));
    const x = (ns: number) => LEFT + Math.max(0, axis.placeOf(Math.max(ns, 1))) * (this.#width - LEFT - RIGHT);
    const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    const across = SHARES.flatMap((share) => [
      s('line', { class: 'rule', x1: LEFT, x2: this.#width - RIGHT, y1: y(share), y2: y(share) }),
      s('text', { class: 'tick', x: LEFT - 7, y: y(share) + 4, 'text-anchor': 'end' }, `${share * 100} %`),
    ]);
    const up = axis.ticks.flatMap((tick) => [
      s('line', { class: 'rule', x1: x(tick), x2: x(tick), y1: TOP, y2: HEIGHT - BOTTOM }),
      s('text', { class: 'tick', x: x(tick), y: HEIGHT - 5, 'text-anchor': 'middle' }, formatDuration(tick)),
    ]);
    const lines = this.#cdfs.map(({ cdf }, i) => {
      const steps = cdf.up_to_ns.map(
        (ns, step) => `H${x(ns).toFixed(1)}V${y((cdf.values[step] ?? 0) / cdf.count).toFixed(1)}`,
      );
      const path = cdf.count === 0 ? '' : `M${LEFT} ${y(0)}${steps.join('')}H${this.#width - RIGHT}`;
      return s('path', { class: i === 0 ? 'line' : 'line other', d: path });
    });
    this.#svg.replaceChildren(...across, ...up, ...lines.toReversed());
  }
}

/** `480 answers; 50 % within 160 µs, 90 % within …`. */
export function summaryOf({ count, up_to_ns: upToNs, values }: Cdf): string {
  if (count === 0) return 'no answer in this window';
  const within = TOLD.map((share) => {
    const step = values.findIndex((value) => value >= share * count);
    return `${share * 100} % within ${formatDuration(upToNs[step] ?? 0)}`;
  });
  return `${count} answers; ${within.join(', ')}, all within ${formatDuration(upToNs.at(-1) ?? 0)}`;
}
