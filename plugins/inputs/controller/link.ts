/** What the two conversations with the controller, registering and fetching, have in common. */

import type { Clock } from '../../../core/clock.js';
import { AGENT_KEY_HEADER } from '../../../core/control/registration.js';
import type { PluginContext } from '../../../core/plugin.js';
import type { PeerClient } from '../../common/peer/client.js';
import type { PeerError } from '../../common/peer/failure.js';
import type { Act, Tally } from './tally.js';

export interface Link {
  readonly client: PeerClient<Act>;
  readonly context: PluginContext;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly tally: Tally;
  /** Secret of this agent. */
  readonly key: string;
  /** Counts and reports. */
  readonly onFailure: (act: Act, error: PeerError) => void;
}

/** Below the controller's URL; the name of an agent stands in a URL as it is. */
export function agentPath({ context }: Link): string {
  return `v1/agents/${context.agent.hostname}`;
}

export function keyHeader({ key }: Link): Readonly<Record<string, string>> {
  return { [AGENT_KEY_HEADER]: key };
}

/** Such a controller works, and the cure is to register with it, not to ask another. */
export function isNotRegistered({ reason }: PeerError): boolean {
  return reason === 'not_registered';
}
