/**
 * Figures of a history as lines over the windows, with a cursor on the window that is looked at. Works as a slider for the
 * keyboard and for those who do not see it: each step says its values.
 */

import type { Unit } from '../api/types.js';
import { fill, h } from '../ui/dom.js';
import { formatTime, formatValue } from '../ui/format.js';
import { type ValueAxis, valueAxis } from './axis.js';
import { runsOf } from './slots.js';
import { s } from './svg.js';

export interface ChartLine {
  readonly name: string;
  /** The first line is the one that counts; others are dashed, so that colour is never the only difference. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly title: string;
  readonly unit: Unit;
  /** The scale reaches this value at least. */
  readonly atLeast?: number;
  /** Values of a chart beside it that is to have the same scale. */
  readonly scaleWith: readonly number[];
  readonly firstMs: number;
  readonly windowMs: number;
  readonly lines: readonly ChartLine[];
  /** Why a place has no values. */
  readonly absence: (place: number) => string;
  readonly cursorMs: number | undefined;
}

const HEIGHT = 132;
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 10, 8, 20];
const PAGE_STEPS = 10;
const MIN_TIME_GAP = 90;

export class LineChart {
  readonly element: HTMLElement;
  readonly #svg = s('svg', { class: 'chart', tabindex: 0, role: 'slider', height: HEIGHT });
  readonly #title = h('h3');
  readonly #reading = h('output', { class: 'reading' });
  readonly #onChoose: (startMs: number) => void;
  readonly #resizing: ResizeObserver;
  #data: ChartData | undefined;
  #pointed: number | undefined;
  #width = 0;

  constructor(onChoose: (startMs: number) => void) {
    this.#onChoose = onChoose;
    this.element = h('figure', { class: 'history-chart' }, h('figcaption', {}, this.#title, this.#reading), this.#svg);
    this.#resizing = new ResizeObserver(() => this.#resize());
    this.#resizing.observe(this.element);
    this.#svg.addEventListener('pointermove', (event) => this.#point(this.#placeAt(event)));
    this.#svg.addEventListener('pointerleave', () => this.#point(undefined));
    this.#svg.addEventListener('click', (event) => this.#choose(this.#placeAt(event)));
    this.#svg.addEventListener('keydown', (event) => this.#press(event));
  }

  show(data: ChartData): void {
    this.#data = data;
    fill(this.#title, data.title);
    this.#draw();
  }

  /** To the window that begins then. */
  moveCursor(cursorMs: number): void {
    if (this.#data === undefined || this.#data.cursorMs === cursorMs) return;
    this.#data = { ...this.#data, cursorMs };
    this.#draw();
  }

  dispose(): void {
    this.#resizing.disconnect();
  }

  get #places(): number {
    return this.#data?.lines[0]?.values.length ?? 0;
  }

  get #cursor(): number | undefined {
    const { cursorMs, firstMs = 0, windowMs = 1 } = this.#data ?? {};
    if (cursorMs === undefined) return undefined;
    const place = Math.round((cursorMs - firstMs) / windowMs);
    return place >= 0 && place < this.#places ? place : undefined;
  }

  #resize(): void {
    const width = this.element.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.#draw();
  }

  #draw(): void {
    const data = this.#data;
    if (data === undefined || this.#width === 0) return;
    const values = data.lines.flatMap((line) => line.values.filter((value) => value !== null));
    const axis = valueAxis([...values, ...data.scaleWith], data.atLeast);
    this.#svg.setAttribute('width', String(this.#width));
    const lines = data.lines.map(({ values: of }, i) => this.#path(of, axis, i === 0 ? 'line' : 'line other'));
    const place = this.#pointed ?? this.#cursor;
    const cursor = place === undefined ? [] : [this.#cursorLine(place, data, axis)];
    this.#svg.replaceChildren(...this.#ground(data, axis), ...lines.toReversed(), ...cursor);
    this.#tell(data);
  }

  #x(place: number): number {
    return LEFT + ((place + 0.5) / Math.max(1, this.#places)) * (this.#width - LEFT - RIGHT);
  }

  #y(value: number, axis: ValueAxis): number {
    return HEIGHT - BOTTOM - axis.placeOf(value) * (HEIGHT - TOP - BOTTOM);
  }

  #ground({ unit, firstMs, windowMs }: ChartData, axis: ValueAxis): SVGElement[] {
    const values = axis.ticks.flatMap((tick) => {
      const y = this.#y(tick, axis);
      const line = s('line', { class: 'rule', x1: LEFT, x2: this.#width - RIGHT, y1: y, y2: y });
      return [line, s('text', { class: 'tick', x: LEFT - 7, y: y + 4, 'text-anchor': 'end' }, formatValue(tick, unit))];
    });
    const room = Math.max(1, Math.floor((this.#width - LEFT - RIGHT) / MIN_TIME_GAP));
    const every = Math.max(1, Math.ceil(this.#places / room));
    const times: SVGElement[] = [];
    for (let place = 0; place < this.#places; place += every) {
      const text = formatTime(firstMs + place * windowMs);
      times.push(s('text', { class: 'tick', x: this.#x(place), y: HEIGHT - 4, 'text-anchor': 'middle' }, text));
    }
    return [...values, ...times];
  }

  /** A value between two gaps is a dot: its line has no length, and round ends. */
  #path(values: readonly (number | null)[], axis: ValueAxis, look: string): SVGElement {
    const steps = runsOf(values).map((run) => {
      const points = run.map(([place, value]) => `${this.#x(place).toFixed(1)} ${this.#y(value, axis).toFixed(1)}`);
      return `M${points.join('L')}${points.length === 1 ? 'h0.01' : ''}`;
    });
    return s('path', { class: look, d: steps.join('') });
  }

  #cursorLine(place: number, { lines }: ChartData, axis: ValueAxis): SVGElement {
    const x = this.#x(place);
    const dots = lines.flatMap(({ values }) => {
      const value = values[place];
      return value == null ? [] : [s('circle', { class: 'dot', cx: x, cy: this.#y(value, axis), r: 3.5 })];
    });
    return s('g', { class: 'cursor' }, s('line', { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }), ...dots);
  }

  #tell(data: ChartData): void {
    const { title } = data;
    const cursor = this.#cursor;
    this.#svg.setAttribute('aria-label', `${title}, window`);
    this.#svg.setAttribute('aria-valuemin', '0');
    this.#svg.setAttribute('aria-valuemax', String(Math.max(0, this.#places - 1)));
    this.#svg.setAttribute('aria-valuenow', String(cursor ?? Math.max(0, this.#places - 1)));
    this.#svg.setAttribute('aria-valuetext', cursor === undefined ? 'no window' : this.#textAt(cursor, data));
    const place = this.#pointed ?? cursor;
    fill(this.#reading, ...(place === undefined ? [] : this.#readingAt(place, data)));
  }

  #textAt(place: number, { firstMs, windowMs, lines, unit, absence }: ChartData): string {
    const time = formatTime(firstMs + place * windowMs);
    const values = lines.flatMap(({ name, values: of }) => {
      const value = of[place];
      return value == null ? [] : [`${name} ${formatValue(value, unit)}`];
    });
    return `${time}: ${values.length === 0 ? absence(place) : values.join(', ')}`;
  }

  #readingAt(place: number, { firstMs, windowMs, lines, unit, absence }: ChartData): (Node | string)[] {
    const values = lines.flatMap(({ name, values: of }, i) => {
      const value = of[place];
      if (value == null) return [];
      const key = s('svg', { class: 'key', width: 22, height: 8 });
      key.append(s('path', { class: i === 0 ? 'line' : 'line other', d: 'M2 4H20' }));
      return [h('span', {}, key, `${name} `, h('b', {}, formatValue(value, unit)))];
    });
    const time = h('time', {}, formatTime(firstMs + place * windowMs));
    return [...(values.length === 0 ? [h('span', {}, absence(place))] : values), time];
  }

  #placeAt({ clientX }: MouseEvent): number {
    const { left } = this.#svg.getBoundingClientRect();
    const part = (clientX - left - LEFT) / Math.max(1, this.#width - LEFT - RIGHT);
    return this.#within(Math.floor(part * this.#places));
  }

  #within(place: number): number {
    return Math.min(Math.max(0, place), Math.max(0, this.#places - 1));
  }

  #point(place: number | undefined): void {
    if (place === this.#pointed) return;
    this.#pointed = place;
    this.#draw();
  }

  #choose(place: number): void {
    const { firstMs, windowMs } = this.#data ?? {};
    if (firstMs !== undefined && windowMs !== undefined && this.#places > 0) this.#onChoose(firstMs + place * windowMs);
  }

  #press(event: KeyboardEvent): void {
    const from = this.#cursor ?? this.#places - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      PageDown: from - PAGE_STEPS,
      PageUp: from + PAGE_STEPS,
      Home: 0,
      End: this.#places - 1,
    };
    const place = steps[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.#choose(this.#within(place));
  }
}
