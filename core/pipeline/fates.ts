/** What becomes of each metric of one batch. It is kept until something else is said; what is said first counts. */

import { REFUSED, type Rejection } from '../errors.js';

const KEPT = 0;
const ACCEPTED = 1;
const REJECTED = 2;

export class Fates {
  readonly #fates: Uint8Array;
  readonly #rejected = new Map<string, number>();
  #accepted = 0;

  constructor(size: number) {
    this.#fates = new Uint8Array(size);
  }

  /** How many are accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many are rejected, by reason. */
  get rejected(): ReadonlyMap<string, number> {
    return this.#rejected;
  }

  isKept(index: number): boolean {
    return this.#fates[index] === KEPT;
  }

  /** An index that is not in the batch, or settled already, is the output's mistake and counts for nothing. */
  accept(index: number): void {
    if (!this.isKept(index)) return;
    this.#fates[index] = ACCEPTED;
    this.#accepted += 1;
  }

  reject(index: number, reason: string): void {
    if (!this.isKept(index)) return;
    this.#fates[index] = REJECTED;
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
  }

  /** Settles `[from, to)` as an output said it, with indices relative to `from`. */
  apply(from: number, to: number, accepted: readonly number[], rejected: readonly (number | Rejection)[]): void {
    const within = (index: number): number => (index >= 0 && from + index < to ? from + index : -1);
    for (const index of accepted) this.accept(within(index));
    for (const rejection of rejected) {
      if (typeof rejection === 'number') this.reject(within(rejection), REFUSED);
      else if (rejection !== null) this.reject(within(rejection.index), String(rejection.reason));
    }
  }

  acceptAll(from: number, to: number): void {
    for (let i = from; i < to; i += 1) this.accept(i);
  }

  rejectAll(from: number, to: number, reason: string): void {
    for (let i = from; i < to; i += 1) this.reject(i, reason);
  }
}
