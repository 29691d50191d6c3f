/** Answers that take long to make: kept while what they are made of is the same, and made once for all who ask meanwhile. */

interface Entry<T> {
  readonly revision: string;
  readonly answer: Promise<T>;
}

export class KeptAnswers<T> {
  readonly #limit: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<T>>();

  /** Keeps the `limit` answers that were asked for last. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `revision`: of what `make` begins to read now. What was made of another one gives way; what fails is not kept. */
  async get(question: string, revision: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(question);
    const entry = known?.revision === revision ? known : { revision, answer: make() };
    this.#entries.delete(question);
    this.#entries.set(question, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest);
    try {
      return await entry.answer;
    } catch (error) {
      if (this.#entries.get(question) === entry) this.#entries.delete(question);
      throw error;
    }
  }
}
