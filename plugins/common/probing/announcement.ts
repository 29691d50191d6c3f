/** One endpoint on the board that may become another, or none. The board expects it until something is said of it. */

import type { Endpoint, PinglistBoard } from '../../../core/target.js';

export class Announcement {
  readonly #board: Pick<PinglistBoard, 'announce' | 'expectEndpoints'>;
  readonly #endExpectation: () => void;
  #said = '';
  #takeBack = (): void => {};
  #isWithdrawn = false;

  constructor(board: Pick<PinglistBoard, 'announce' | 'expectEndpoints'>) {
    this.#board = board;
    this.#endExpectation = board.expectEndpoints();
  }

  /** Announces `endpoint` in place of the one before; undefined: there is none now. Once withdrawn, does nothing. */
  set(endpoint: Endpoint | undefined): void {
    if (this.#isWithdrawn) return;
    this.#replace(endpoint);
    this.#endExpectation();
  }

  /** For good: the last slices of an engine may still tell of a change. */
  withdraw(): void {
    this.set(undefined);
    this.#isWithdrawn = true;
  }

  #replace(endpoint: Endpoint | undefined): void {
    const text = endpoint === undefined ? '' : JSON.stringify(endpoint);
    if (text === this.#said) return;
    this.#said = text;
    const takeBack = this.#takeBack;
    this.#takeBack = endpoint === undefined ? () => {} : this.#board.announce(endpoint);
    takeBack();
  }
}
