/** One endpoint on the board that may become another, or none. */

import type { Endpoint, PinglistBoard } from '../../../core/target.js';

export class Announcement {
  readonly #board: Pick<PinglistBoard, 'announce'>;
  #said = '';
  #takeBack = (): void => {};

  constructor(board: Pick<PinglistBoard, 'announce'>) {
    this.#board = board;
  }

  /** Announces `endpoint` in place of the one before; undefined: there is none now. */
  set(endpoint: Endpoint | undefined): void {
    const text = endpoint === undefined ? '' : JSON.stringify(endpoint);
    if (text === this.#said) return;
    this.#said = text;
    const takeBack = this.#takeBack;
    this.#takeBack = endpoint === undefined ? () => {} : this.#board.announce(endpoint);
    takeBack();
  }
}
