/** Keeps the address and what is shown in step. */

import { formatRoute, parseRoute, type Route, type Selection } from './route.js';

export class Router {
  readonly #onRoute: (route: Route) => void;

  constructor(onRoute: (route: Route) => void) {
    this.#onRoute = onRoute;
  }

  get route(): Route {
    return parseRoute(location.hash);
  }

  start(): void {
    window.addEventListener('popstate', () => this.#onRoute(this.route));
    this.#onRoute(this.route);
  }

  /** `replace`: without an entry for the button "back", as for steps that nobody wants to go back one by one. */
  go(route: Route, { replace = false } = {}): void {
    const hash = formatRoute(route);
    if (hash === location.hash) return;
    if (replace) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
    this.#onRoute(route);
  }

  /** Changes parts of the selection on the same page; `undefined` takes a part out. */
  select(changes: { readonly [K in keyof Selection]?: Selection[K] | undefined }, options = {}): void {
    const { route } = this;
    const merged = Object.entries({ ...route.selection, ...changes }).filter(([, value]) => value !== undefined);
    this.go({ ...route, selection: Object.fromEntries(merged) as Selection }, options);
  }
}
