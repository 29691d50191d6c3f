/** What became of the metrics of a batch so far, by their indices, and why. */

import { PartialWriteError } from '../../../core/errors.js';

export class Settlement {
  readonly #accepted: number[] = [];
  readonly #rejected: number[] = [];
  /** The first one: a batch that is refused is refused for one reason, nearly always. */
  #reason: string | undefined;

  accept(indices: readonly number[]): void {
    for (const index of indices) this.#accepted.push(index);
  }

  reject(indices: readonly number[], reason: string): void {
    for (const index of indices) this.#rejected.push(index);
    this.#reason ??= reason;
  }

  /** Throws unless every metric was accepted. */
  end(): void {
    if (this.#reason !== undefined) throw this.#error(this.#reason, false);
  }

  /** The error of a batch that `cause` cut short: what is not settled is kept. */
  cutShort(cause: unknown): unknown {
    if (this.#accepted.length === 0 && this.#rejected.length === 0) return cause;
    return this.#error(this.#reason ?? 'the rest of the rows could not be pushed', true, cause);
  }

  #error(reason: string, retry: boolean, cause?: unknown): PartialWriteError {
    const rejected = this.#rejected.length;
    const message = rejected === 0 ? reason : `${rejected} metrics are refused for good: ${reason}`;
    const outcome = { accepted: this.#accepted, rejected: this.#rejected, retry };
    return new PartialWriteError(message, outcome, cause === undefined ? {} : { cause });
  }
}
