/** A row of buttons of which one is pressed. */

import { h } from '../ui/dom.js';

export interface Option<T extends string> {
  readonly value: T;
  readonly text: string;
}

export class Choice<T extends string> {
  readonly element: HTMLElement;
  readonly #onChoose: (value: T) => void;

  constructor(label: string, onChoose: (value: T) => void) {
    this.#onChoose = onChoose;
    this.element = h('div', { class: 'choice', role: 'group', 'aria-label': label });
  }

  /** Keeps the buttons that are there, and with them the focus. */
  show(options: readonly Option<T>[], chosen: T | undefined): void {
    const known = [...this.element.children] as HTMLButtonElement[];
    const isSame = known.length === options.length && options.every(({ value }, i) => known[i]?.value === value);
    if (!isSame) {
      const choose = (value: T) => () => this.#onChoose(value);
      const buttons = options.map(({ value, text }) =>
        h('button', { type: 'button', value, onclick: choose(value) }, text),
      );
      this.element.replaceChildren(...buttons);
    }
    for (const button of this.element.children as HTMLCollectionOf<HTMLButtonElement>) {
      button.setAttribute('aria-pressed', String(button.value === chosen));
    }
  }
}
