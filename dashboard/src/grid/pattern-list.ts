/** What the picture says, in words: each pattern with its rule, and the way to it. */

import { MARK_COLOURS, type Mark } from '../heatmap/marks.js';
import { fill, h } from '../ui/dom.js';
import type { Theme } from '../ui/theme.js';
import { patternName } from './words.js';

/** More would be read by nobody. */
const MAX_SHOWN = 40;

export class PatternList {
  readonly element = h('section', { class: 'patterns', 'aria-label': 'What the picture says' });
  readonly #onChoose: (mark: Mark) => void;

  constructor(onChoose: (mark: Mark) => void) {
    this.#onChoose = onChoose;
  }

  /** `isSquare`: both axes have the same members, which is when patterns are looked for. */
  show(marks: readonly Mark[], isSquare: boolean, theme: Theme): void {
    const items = marks.slice(0, MAX_SHOWN).map((mark) => this.#item(mark, theme));
    const left = marks.length - items.length;
    const nothing = isSquare
      ? 'No pattern: nothing is down or in trouble as a whole.'
      : 'Looked for only where rows and columns are the same.';
    fill(
      this.element,
      h('h2', {}, marks.length === 0 ? 'Patterns' : `Patterns (${marks.length})`),
      items.length > 0 ? h('ul', {}, ...items) : h('p', { class: 'soft' }, nothing),
      left > 0 && h('p', { class: 'soft' }, `and ${left} more`),
    );
  }

  #item(mark: Mark, theme: Theme): HTMLElement {
    const { pattern, name, rule } = mark.pattern;
    const sign = h('span', { class: `sign ${mark.kind}` });
    sign.style.color = MARK_COLOURS[theme][mark.kind];
    const by = { any: '', loss: ' by loss', network_rtt: ' by network RTT' }[mark.pattern.figure];
    const title = h('span', { class: 'title' }, sign, `${patternName(pattern)} `, h('b', {}, name), by);
    const text = h('span', { class: 'rule' }, rule);
    return h('li', {}, h('button', { type: 'button', onclick: () => this.#onChoose(mark) }, title, text));
  }
}
