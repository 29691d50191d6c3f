/** Which window is looked at: the newest as time goes on, or one of those that are kept. */

import type { TransportWindows } from '../api/types.js';
import { h } from '../ui/dom.js';
import { formatAge, formatTime } from '../ui/format.js';

export class Timeline {
  readonly element: HTMLElement;
  readonly #range = h('input', { type: 'range', min: 0, max: 0, value: 0, 'aria-label': 'Window' });
  readonly #text = h('output', { class: 'window' });
  readonly #live: HTMLButtonElement;
  readonly #older: HTMLButtonElement;
  readonly #newer: HTMLButtonElement;
  readonly #onChoose: (startMs: number | undefined) => void;
  #windows: TransportWindows['windows'] = [];

  /** Undefined: live. */
  constructor(onChoose: (startMs: number | undefined) => void) {
    this.#onChoose = onChoose;
    this.#range.addEventListener('input', () => this.#choose(Number(this.#range.value)));
    const step = (by: number) => () => this.#choose(Number(this.#range.value) + by);
    this.#older = h('button', { type: 'button', 'aria-label': 'One window back', onclick: step(-1) }, '‹');
    this.#newer = h('button', { type: 'button', 'aria-label': 'One window on', onclick: step(1) }, '›');
    this.#live = h('button', { type: 'button', onclick: () => onChoose(undefined) }, 'Live');
    this.element = h(
      'div',
      { class: 'timeline', role: 'group', 'aria-label': 'Time' },
      ...[this.#older, this.#range, this.#newer, this.#text, this.#live],
    );
  }

  /** `startMs`: of the window that is shown. */
  show(transport: TransportWindows | undefined, startMs: number | undefined, isLive: boolean, nowMs: number): void {
    this.#windows = transport?.windows ?? [];
    const index = this.#windows.findIndex(({ start_ms }) => start_ms === startMs);
    const shown = this.#windows[index];
    const last = this.#windows.length - 1;
    this.#range.max = String(Math.max(0, last));
    this.#range.value = String(index < 0 ? last : index);
    this.#range.disabled = last < 1;
    this.#older.disabled = index <= 0;
    this.#newer.disabled = index < 0 || index >= last;
    this.#live.setAttribute('aria-pressed', String(isLive));
    this.element.classList.toggle('past', !isLive);
    if (shown === undefined) {
      this.#text.textContent = startMs === undefined ? 'no window' : `${formatTime(startMs)}: not kept any more`;
      return;
    }
    const [start, end] = [Date.parse(shown.start), Date.parse(shown.end)];
    this.#text.textContent = `${formatTime(start)} – ${formatTime(end)}, ${formatAge(nowMs - end)} ago`;
    this.#range.setAttribute('aria-valuetext', this.#text.textContent);
  }

  #choose(index: number): void {
    const window = this.#windows[index];
    if (window === undefined) return;
    // Where the next step goes on from, whenever the answer comes.
    this.#range.value = String(index);
    this.#onChoose(window.start_ms);
  }
}
