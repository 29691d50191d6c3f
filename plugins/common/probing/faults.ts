/**
 * Faults that a reflector shows on purpose, so that `weft demo` and tests have something to find. Off by default; on an
 * address that other hosts reach they are refused, since there they would be taken for faults of the network.
 */

import { duration, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { isLoopback } from '../../../core/http/listen-address.js';

export const LOSS_OPTION = {
  fault_loss: Type.Number({
    default: 0,
    minimum: 0,
    maximum: 1,
    description: 'For demonstrations, on loopback only: share of probes that the reflector never gets.',
  }),
};

export const DELAY_OPTIONS = {
  fault_network_delay: duration({
    default: '0s',
    atMost: '10s',
    description: 'Likewise: what the reflector gets, it gets so much later; reads as `network_rtt`.',
  }),
  fault_responder_delay: duration({
    default: '0s',
    atMost: '10s',
    description: 'Likewise: the reflector answers so much later; reads as `responder_delay`.',
  }),
};

interface Reached {
  readonly address: string;
}

/** Those of `faults` that are not 0, by option; undefined when all are. Throws ConfigError when others than this host see them. */
export function checkedFaults(
  faults: Readonly<Record<string, number>>,
  places: readonly Reached[],
): Readonly<Record<string, number>> | undefined {
  const made = Object.entries(faults).filter(([, value]) => value !== 0);
  const [first] = made;
  if (first === undefined) return undefined;
  const open = places.find(({ address }) => !isLoopback({ host: address, port: 0 }));
  if (open === undefined) return Object.fromEntries(made);
  throw new ConfigError(
    `${first[0]}: faults are made on loopback only, and ${open.address} is reached from other hosts, which would take them for the network's: remove ${first[0]}, or listen on 127.0.0.1`,
  );
}
