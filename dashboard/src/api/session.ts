/** The token of whoever reads, if the server wants one: kept in this tab until it is closed. */

import { Observable } from '../observable.js';

const KEY = 'weft-token';

export class Session {
  readonly #storage: Storage;
  readonly #token: Observable<string>;
  /** The server has said that it wants a token, or another one. */
  readonly isRefused = new Observable(false);

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#token = new Observable(storage.getItem(KEY) ?? '');
  }

  get token(): string {
    return this.#token.value;
  }

  /** Headers of a request. */
  get headers(): Readonly<Record<string, string>> {
    return this.token === '' ? {} : { authorization: `Bearer ${this.token}` };
  }

  setToken(token: string): void {
    this.#storage.setItem(KEY, token);
    this.isRefused.set(false);
    this.#token.set(token);
  }

  onToken(watcher: () => void): () => void {
    return this.#token.watch(watcher);
  }
}
