/** What is shown: transport, level, figure; and what is done with the picture: zoom, CSV, link. */

import { DELAY_STATS, DELAYS, type Delay, type Level, PROBE_STATS, type Selection, type Stat } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { Choice } from './choice.js';
import { LEVEL_NAMES, LEVELS_DOWN } from './scopes.js';
import { DELAY_NAMES, STAT_NAMES, TRANSPORT_NAMES } from './words.js';

/** What a figure is of: a delay, or how many probes came to what. */
type Measure = Delay | 'loss' | 'counts';
const MEASURES: readonly Measure[] = [...DELAYS, 'loss', 'counts'];
const COUNT_STATS = PROBE_STATS.filter((stat) => stat !== 'loss');

export interface ToolbarListener {
  onTransport(transport: string): void;
  onLevel(level: Level): void;
  onFigure(delay: Delay, stat: Stat): void;
  /** In, out, or everything. */
  onZoom(direction: 'in' | 'out' | 'fit'): void;
  onCsv(event: Event): void;
  /** Returns the link that reproduces the view. */
  onLink(): string;
}

/** A selection in which nothing is left open. */
export type Shown = Selection & Required<Pick<Selection, 'transport' | 'level' | 'delay' | 'stat'>>;

export class Toolbar {
  readonly element: HTMLElement;
  readonly #transports: Choice<string>;
  readonly #levels: Choice<Level>;
  readonly #measures: Choice<Measure>;
  readonly #stats = h('select', { 'aria-label': 'Statistic' });
  readonly #csv: HTMLAnchorElement;
  readonly #link: HTMLButtonElement;
  readonly #linkText = h('input', {
    class: 'link-text',
    readonly: true,
    hidden: true,
    'aria-label': 'Link to this view',
  });
  readonly #listener: ToolbarListener;
  #shown: Shown = { transport: '', level: 'tor', delay: 'network_rtt', stat: 'p99' };

  constructor(listener: ToolbarListener) {
    this.#listener = listener;
    this.#transports = new Choice('Transport', (transport) => listener.onTransport(transport));
    this.#levels = new Choice('Level', (level) => listener.onLevel(level));
    this.#measures = new Choice('Figure', (measure) => this.#chooseMeasure(measure));
    this.#stats.addEventListener('change', () => listener.onFigure(this.#shown.delay, this.#stats.value as Stat));
    this.#csv = h('a', { class: 'button', onclick: (event) => listener.onCsv(event) }, 'CSV');
    this.#link = h('button', { type: 'button', onclick: () => void this.#copyLink() }, 'Copy link');
    const zoom = (direction: 'in' | 'out' | 'fit', text: string, label: string) =>
      h(
        'button',
        { type: 'button', 'aria-label': label, title: label, onclick: () => listener.onZoom(direction) },
        text,
      );
    const zooms = h('div', { class: 'choice', role: 'group', 'aria-label': 'Zoom' });
    zooms.append(zoom('out', '−', 'Zoom out'), zoom('fit', 'Fit', 'Show all'), zoom('in', '+', 'Zoom in'));
    const parts = [this.#transports.element, this.#levels.element, this.#measures.element, this.#stats];
    const tools = h('div', { class: 'tools' }, zooms, this.#csv, this.#link, this.#linkText);
    this.element = h('div', { class: 'toolbar' }, ...parts, tools);
  }

  show(shown: Shown, transports: readonly string[], csvPath: string): void {
    this.#shown = shown;
    const names = transports.includes(shown.transport) ? transports : [shown.transport, ...transports];
    const known = names.filter((name) => name !== '');
    this.#transports.show(
      known.map((value) => ({ value, text: TRANSPORT_NAMES[value] ?? value })),
      shown.transport,
    );
    this.#levels.show(
      LEVELS_DOWN.map((value) => ({ value, text: LEVEL_NAMES[value] })),
      shown.level,
    );
    const measure = measureOf(shown);
    this.#measures.show(
      MEASURES.map((value) => ({ value, text: nameOf(value) })),
      measure,
    );
    this.#showStats(measure, shown.stat);
    this.#csv.href = csvPath;
    this.#csv.download = `grid-${shown.level}-${shown.stat}.csv`;
    this.#linkText.hidden = true;
  }

  #showStats(measure: Measure, stat: Stat): void {
    const stats: readonly Stat[] = measure === 'counts' ? COUNT_STATS : DELAY_STATS;
    this.#stats.hidden = measure === 'loss';
    if (this.#stats.options.length !== stats.length || this.#stats.options[0]?.value !== stats[0])
      fill(this.#stats, ...stats.map((value) => h('option', { value }, STAT_NAMES[value])));
    this.#stats.value = stat;
  }

  #chooseMeasure(measure: Measure): void {
    const { delay, stat } = this.#shown;
    if (measure === 'loss') this.#listener.onFigure(delay, 'loss');
    else if (measure === 'counts') this.#listener.onFigure(delay, 'timeout');
    else this.#listener.onFigure(measure, isOfDelay(stat) ? stat : 'p99');
  }

  /** Browsers give the clipboard to pages by HTTPS or of this host only: otherwise the link is shown, to be copied by hand. */
  async #copyLink(): Promise<void> {
    const link = this.#listener.onLink();
    try {
      await navigator.clipboard.writeText(link);
      this.#link.textContent = 'Copied';
      setTimeout(() => (this.#link.textContent = 'Copy link'), 1500);
    } catch {
      this.#linkText.hidden = false;
      this.#linkText.value = link;
      this.#linkText.select();
    }
  }
}

function measureOf({ delay, stat }: Shown): Measure {
  if (stat === 'loss') return 'loss';
  return isOfDelay(stat) ? delay : 'counts';
}

function isOfDelay(stat: Stat): boolean {
  return (DELAY_STATS as readonly string[]).includes(stat);
}

function nameOf(measure: Measure): string {
  if (measure === 'loss') return 'Loss';
  return measure === 'counts' ? 'Counts' : DELAY_NAMES[measure];
}
