/** Dark or light: as the system has it, until somebody chooses. */

import { Observable } from '../observable.js';
import type { Theme } from './theme.js';

const KEY = 'weft-theme';

export class ThemeSwitch {
  readonly theme: Observable<Theme>;
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    const system = window.matchMedia('(prefers-color-scheme: light)');
    const chosen = storage.getItem(KEY);
    this.theme = new Observable<Theme>(chosen === 'dark' || chosen === 'light' ? chosen : themeOf(system));
    system.addEventListener('change', () => this.#storage.getItem(KEY) ?? this.theme.set(themeOf(system)));
    this.theme.watch(() => this.#apply());
    this.#apply();
  }

  toggle(): void {
    const other = this.theme.value === 'dark' ? 'light' : 'dark';
    this.#storage.setItem(KEY, other);
    this.theme.set(other);
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.theme.value;
  }
}

function themeOf(isLight: MediaQueryList): Theme {
  return isLight.matches ? 'light' : 'dark';
}
