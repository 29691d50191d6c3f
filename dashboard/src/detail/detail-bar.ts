/** The controls of a page about a pair or a host: transport, delay, window. */

import type { Windows } from '../api/types.js';
import { Choice } from '../grid/choice.js';
import { Timeline } from '../grid/timeline.js';
import { DELAY_NAMES, TRANSPORT_NAMES } from '../grid/words.js';
import { DELAYS, type Delay, type Selection } from '../route.js';
import type { Router } from '../router.js';
import { h } from '../ui/dom.js';

export class DetailBar {
  readonly element: HTMLElement;
  readonly timeline: HTMLElement;
  readonly #transports: Choice<string>;
  readonly #delays: Choice<Delay>;
  readonly #timeline: Timeline;

  constructor(router: Router) {
    this.#transports = new Choice('Transport', (transport) => router.select({ transport }));
    this.#delays = new Choice('Delay', (delay) => router.select({ delay }));
    this.#timeline = new Timeline((at) => router.select({ at }, { replace: true }));
    this.timeline = this.#timeline.element;
    this.element = h('div', { class: 'toolbar' }, this.#transports.element, this.#delays.element);
  }

  /** `startMs`: of the window that is shown. */
  show(windows: Windows, transport: string, selection: Selection, startMs: number | undefined, nowMs: number): void {
    const known = windows.transports.map((one) => one.transport);
    const all = known.includes(transport) ? known : [transport, ...known];
    this.#transports.show(
      all.map((value) => ({ value, text: TRANSPORT_NAMES[value] ?? value })),
      transport,
    );
    this.#delays.show(
      DELAYS.map((value) => ({ value, text: DELAY_NAMES[value] })),
      selection.delay ?? 'network_rtt',
    );
    const own = windows.transports.find((one) => one.transport === transport);
    this.#timeline.show(own, selection.at ?? startMs, selection.at === undefined, nowMs);
  }
}
