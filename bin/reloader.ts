/** Reloads one after the other: requests that come during a reload become one more reload. */

import type { Config } from '../core/config/types.js';
import { ConfigError, describeError } from '../core/errors.js';
import type { Logger } from '../core/plugin.js';

export interface ReloaderOptions {
  /** Throws ConfigError: then nothing changes. */
  readonly load: () => Promise<Config>;
  readonly apply: (config: Config) => Promise<void>;
  readonly log: Logger;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #running = false;
  #requested = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** `reason` is for the log: the signal or the watch. Never throws. */
  request(reason: string): void {
    this.#requested = true;
    if (this.#running) return;
    this.#running = true;
    void this.#reloadWhileRequested(reason);
  }

  async #reloadWhileRequested(reason: string): Promise<void> {
    while (this.#requested) {
      this.#requested = false;
      await this.#reload(reason);
    }
    this.#running = false;
  }

  async #reload(reason: string): Promise<void> {
    const { load, apply, log } = this.#options;
    try {
      log.info({ reason }, 'reloading the configuration');
      await apply(await load());
      log.info({ reason }, 'configuration reloaded');
    } catch (error) {
      if (error instanceof ConfigError) logMistakes(log, error);
      else log.error({ error: describeError(error) }, 'the reload failed');
    }
  }
}

function logMistakes(log: Logger, error: ConfigError): void {
  const issues = error.issues.length > 0 ? error.issues : [{ message: error.message }];
  for (const issue of issues) log.error({ ...issue }, 'the new configuration is wrong');
  log.error({ mistakes: issues.length }, 'reload refused; the agent goes on as it was');
}
