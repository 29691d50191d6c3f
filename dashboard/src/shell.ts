/** What stands around every page: where one can go, whether data still come, the token, the theme. */

import type { LinkState } from './api/live.js';
import { pathOf, type Route } from './route.js';
import { fill, h } from './ui/dom.js';
import { type TokenField, tokenField } from './ui/token-field.js';
import { GridView } from './views/grid-view.js';
import { HostView } from './views/host-view.js';
import { PairView } from './views/pair-view.js';
import type { View, ViewContext } from './views/view.js';
import { WorstView } from './views/worst-view.js';

const LINK_WORDS: Readonly<Record<LinkState, string>> = {
  connecting: 'connecting',
  open: 'live',
  lost: 'connection lost, reconnecting',
  refused: 'a token is needed',
};

export class Shell {
  readonly #context: ViewContext;
  readonly #main = h('main', { id: 'page' });
  readonly #link = h('span', { class: 'link', role: 'status' });
  readonly #grid = h('a', {}, 'Grid');
  readonly #worst = h('a', {}, 'Worst pairs');
  readonly #token: TokenField;
  #view: View | undefined;
  #path = '';

  constructor(context: ViewContext) {
    this.#context = context;
    this.#token = tokenField(context.session);
    const { live, session, themes } = context;
    live.state.watch((state) => this.#showLink(state));
    this.#showLink(live.state.value);
    session.onToken(() => this.#mount(this.#context.router.route));
    const theme = h('button', { class: 'plain', title: 'Dark or light', onclick: () => themes.toggle() }, '◐');
    theme.setAttribute('aria-label', 'Switch between dark and light');
    const name = h('a', { class: 'name', href: '#/grid' }, 'weft');
    const nav = h('nav', { 'aria-label': 'Pages' }, this.#grid, this.#worst);
    const header = h('header', { class: 'bar' }, name, nav, h('span', { class: 'space' }), this.#link, theme);
    fill(document.getElementById('app') ?? document.body, header, this.#token.element, this.#main);
  }

  show(route: Route): void {
    // Another page keeps what is looked at, but for what only the grid has.
    const query = new URLSearchParams();
    const { transport, delay, stat } = route.selection;
    for (const [name, value] of Object.entries({ transport, delay, stat })) if (value) query.set(name, value);
    const suffix = query.size === 0 ? '' : `?${query}`;
    this.#grid.href = `#/grid${suffix}`;
    this.#worst.href = `#/worst${suffix}`;
    for (const [link, page] of [
      [this.#grid, 'grid'],
      [this.#worst, 'worst'],
    ] as const) {
      if (route.page === page) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (pathOf(route) === this.#path) this.#view?.show(route);
    else this.#mount(route);
  }

  #mount(route: Route): void {
    this.#view?.unmount();
    this.#path = pathOf(route);
    this.#main.replaceChildren();
    this.#main.className = `page-${route.page}`;
    this.#view = this.#viewOf(route);
    this.#view.mount(this.#main);
    this.#view.show(route);
  }

  #viewOf({ page }: Route): View {
    const context = this.#context;
    switch (page) {
      case 'grid':
        return new GridView(context);
      case 'worst':
        return new WorstView(context);
      case 'host':
        return new HostView(context);
      case 'pair':
        return new PairView(context);
    }
  }

  #showLink(state: LinkState): void {
    this.#link.dataset.state = state;
    this.#link.textContent = LINK_WORDS[state];
  }
}
