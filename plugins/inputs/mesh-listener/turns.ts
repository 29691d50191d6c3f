/**
 * So many documents in one turn of the event loop, the others in the next ones, in the order in which they came. Without it all
 * that have arrived are read at once: when rows come faster than they are worked off, whoever else is served here would
 * wait for all of them, and an output that writes a slice in each turn would fall behind until its buffer is full. With it
 * the agents wait for their answers, and push no more meanwhile.
 */

export class Turns {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #left: number;
  #isRunning = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
    this.#left = perTurn;
  }

  /** Resolves when one may be read: at once as long as this turn has room. Never rejects. */
  async next(): Promise<void> {
    this.#run();
    if (this.#left > 0) this.#left -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Until a turn passes in which nobody comes. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => {
      this.#isRunning = false;
      const next = this.#waiting.splice(0, this.#perTurn);
      this.#left = this.#perTurn - next.length;
      if (next.length > 0) this.#run();
      for (const go of next) go();
    });
  }
}
