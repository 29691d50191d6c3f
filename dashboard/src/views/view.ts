/**
 * The contract of a page. The shell makes a view when its path (`pathOf`) is gone to, mounts it once into an empty element,
 * shows it each route of that path, and unmounts it before another one is mounted. After `unmount` it touches nothing, and no
 * request of it is under way.
 */

import type { ApiClient } from '../api/client.js';
import type { Live } from '../api/live.js';
import type { Session } from '../api/session.js';
import type { Route } from '../route.js';
import type { Router } from '../router.js';
import type { ThemeSwitch } from '../ui/theme-switch.js';

/** What views work with. */
export interface ViewContext {
  readonly api: ApiClient;
  readonly live: Live;
  readonly session: Session;
  readonly router: Router;
  readonly themes: ThemeSwitch;
}

export interface View {
  mount(root: HTMLElement): void;
  /** Also called right after `mount`. */
  show(route: Route): void;
  unmount(): void;
}
