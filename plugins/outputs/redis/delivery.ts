/** What becomes of each metric of one write. A metric is stored when every command for it was answered well. */

import { PartialWriteError, type Rejection } from '../../../core/errors.js';
import { PeerError } from '../../common/peer/failure.js';
import { type Failure, type Mishap, mishapOf, mishapOfReply, type Refusal } from './replies.js';

export class Delivery {
  readonly #size: number;
  readonly #place: string;
  /** By index: commands that were not answered yet. */
  readonly #unanswered: Uint32Array;
  readonly #refusals = new Map<number, Refusal>();
  readonly #failures = new Map<number, Failure>();
  /** Whether Redis took anything. */
  #isAnyTaken = false;

  /** `size`: metrics of the batch; `place`: where they go, for messages. */
  constructor(size: number, place: string) {
    this.#size = size;
    this.#place = place;
    this.#unanswered = new Uint32Array(size);
  }

  /** Waits for the answer to a command for these metrics. Never rejects; resolves to whether it was answered well. */
  async track(indices: readonly number[], answer: Promise<unknown>): Promise<boolean> {
    return this.#follow(indices, answer, () => {
      this.#isAnyTaken = true;
    });
  }

  /** The same for a command that is answered for each of them: with a number, or the text of an error. */
  async trackEach(indices: readonly number[], answer: Promise<readonly (number | string)[]>): Promise<boolean> {
    return this.#follow(indices, answer, (replies) => {
      for (const [i, index] of indices.entries()) {
        if (typeof replies[i] === 'number') this.#isAnyTaken = true;
        else this.#noteAll([index], mishapOfReply(String(replies[i])));
      }
    });
  }

  /** What can never be stored, found before anything was sent. */
  refuse(index: number, reason: string, message: string): void {
    this.#noteAll([index], { kind: 'refused', reason, message, isCertain: true });
  }

  /** What was not asked for, since something before it failed. */
  fail(indices: Iterable<number>, error: unknown): void {
    this.#noteAll(indices, mishapOf(error));
  }

  /** Everything that still waits for an answer has failed. */
  failUnanswered(error: unknown): void {
    const waiting = [...this.#unanswered.keys()].filter((index) => (this.#unanswered[index] ?? 0) > 0);
    this.fail(waiting, error);
  }

  isFine(index: number): boolean {
    return !this.#refusals.has(index) && !this.#failures.has(index);
  }

  /** Whether the next write is to look for Redis anew. */
  get isConnectionSpent(): boolean {
    return [...this.#failures.values()].some((failure) => failure.isConnectionSpent);
  }

  /** Indices that will not come again: stored, or refused for good. */
  get settled(): readonly number[] {
    return this.#indices().filter((index) => !this.#failures.has(index));
  }

  /** Ends the write. Throws unless all is stored: PartialWriteError, or the failure when nothing is settled. */
  settle(): void {
    this.#doubtRefusals();
    // What failed comes again, and is judged then.
    for (const index of this.#failures.keys()) this.#refusals.delete(index);
    const [failure] = this.#failures.values();
    const [refusal] = this.#refusals.values();
    if (failure === undefined && refusal === undefined) return;
    if (failure !== undefined && this.#failures.size === this.#size)
      throw new PeerError(failure.error.reason, `cannot write to ${this.#place}: ${failure.error.message}`);
    const rejected = [...this.#refusals].map(([index, { reason }]): Rejection => ({ index, reason }));
    const accepted = this.#indices().filter((index) => this.isFine(index));
    const refusedText =
      refusal && `${rejected.length} of ${this.#size} metrics are refused for good: ${refusal.message}`;
    const failedText =
      failure &&
      `${this.#failures.size} of ${this.#size} cannot be written to ${this.#place} yet: ${failure.error.message}`;
    const message = [refusedText, failedText].filter((part) => part !== undefined).join('; ');
    throw new PartialWriteError(message, { accepted, rejected, retry: failure !== undefined });
  }

  async #follow<T>(indices: readonly number[], answer: Promise<T>, note: (answer: T) => void): Promise<boolean> {
    this.#count(indices, 1);
    try {
      note(await answer);
      return true;
    } catch (error) {
      this.#noteAll(indices, mishapOf(error));
      return false;
    } finally {
      this.#count(indices, -1);
    }
  }

  /** An error without a word of its own blames a metric only if Redis took something else: it may be a proxy's, or Redis ill. */
  #doubtRefusals(): void {
    if (this.#isAnyTaken) return;
    for (const [index, { isCertain, message }] of this.#refusals) {
      if (isCertain) continue;
      const error = new PeerError('status', `Redis takes nothing and says ${message}`);
      this.#noteAll([index], { kind: 'failed', error, isConnectionSpent: true });
    }
  }

  #noteAll(indices: Iterable<number>, mishap: Mishap): void {
    for (const index of indices) {
      // The first one tells the cause: a connection that is given up then fails everything that waits.
      if (mishap.kind === 'refused') this.#refusals.set(index, mishap);
      else if (!this.#failures.has(index)) this.#failures.set(index, mishap);
    }
  }

  #count(indices: readonly number[], step: 1 | -1): void {
    for (const index of indices) this.#unanswered[index] = (this.#unanswered[index] ?? 0) + step;
  }

  #indices(): number[] {
    return Array.from({ length: this.#size }, (_, index) => index);
  }
}
