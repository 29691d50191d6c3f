/** Why the registry turned a request down; the HTTP API makes a status of it. */

import { WeftError } from '../core/errors.js';

/**
 * `not_yours`: the id is claimed with another key. `full`: as many agents as `max_agents` are registered.
 * `unavailable`: the store cannot keep it now; the same request may succeed later.
 */
export const REFUSALS = ['not_yours', 'full', 'unavailable'] as const;
export type Refusal = (typeof REFUSALS)[number];

export class RegistryError extends WeftError {
  readonly reason: Refusal;

  constructor(reason: Refusal, message: string, options?: { cause?: unknown }) {
    super('WEFT_REGISTRY', message, options);
    this.reason = reason;
  }
}

export function notYours(id: string): RegistryError {
  return new RegistryError(
    'not_yours',
    `${id} is claimed with another key: an admin may delete it, or it is forgotten when its owner is silent for long`,
  );
}
