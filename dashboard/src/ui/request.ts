/** One request at a time: a new one gives up the one before it, so that an old answer never comes after a new one. */
export class LatestRequest {
  #controller: AbortController | undefined;

  get isIdle(): boolean {
    return this.#controller === undefined;
  }

  /** Resolves with undefined when it was given up. */
  async run<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const answer = await ask(controller.signal);
      return controller.signal.aborted ? undefined : answer;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.#controller === controller) this.#controller = undefined;
    }
  }

  cancel(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }
}
