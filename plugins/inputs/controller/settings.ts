/** What the options mean together, and whether this agent can be registered at all. Does no I/O; throws ConfigError. */

import { isIPv4, isIPv6 } from 'node:net';
import { AGENT_ID_PATTERN, RegistrationForm } from '../../../core/control/registration.js';
import { ConfigError, describeError } from '../../../core/errors.js';
import { canonicalAddress, isUnspecified } from '../../../core/pinglist/address.js';
import { formReader } from '../../../core/pinglist/form-reader.js';
import { IssueCollector } from '../../../core/pinglist/issues.js';
import type { AgentInfo } from '../../../core/plugin.js';
import { type PeerSettings, peerSettings } from '../../common/peer/settings.js';
import type { ControllerConfig } from './config.js';
import type { Addresses } from './endpoints.js';

export interface ControllerSettings extends PeerSettings {
  /** What stands for wildcard listens; undefined: the address of the connection. */
  readonly advertised: Partial<Addresses>;
}

const DEFAULT_PORT = 20_118;

const readRegistration = formReader(RegistrationForm);

export function controllerSettings(config: ControllerConfig, agent: AgentInfo): ControllerSettings {
  const peer = peerSettings(config, DEFAULT_PORT);
  checkIdentity(agent);
  const advertised = {
    ...advertise('advertise_address', config.advertise_address, 4),
    ...advertise('advertise_address_ipv6', config.advertise_address_ipv6, 6),
  };
  return { ...peer, advertised };
}

/** The controller would refuse it as well, but only once the agent runs. */
function checkIdentity({ hostname, labels, version }: AgentInfo): void {
  if (!new RegExp(AGENT_ID_PATTERN).test(hostname)) {
    throw new ConfigError(
      `agent.hostname: expected letters, digits and ._:@- only, as it names this agent to the controller, found "${hostname}"`,
    );
  }
  const issues = new IssueCollector({ file: 'agent' });
  readRegistration({ version: 1, weft: version, labels, endpoints: [] }, [], issues);
  try {
    issues.throwIfAny();
  } catch (error) {
    throw new ConfigError(`agent.labels: the controller takes other ones only: ${describeError(error)}`);
  }
}

function advertise(option: string, address: string | undefined, family: 4 | 6): Partial<Addresses> {
  if (address === undefined) return {};
  const isRight = family === 4 ? isIPv4(address) : isIPv6(address) && !address.includes('%');
  const canonical = canonicalAddress(address);
  if (!isRight || canonical === undefined || isUnspecified(canonical)) {
    throw new ConfigError(`${option}: expected an IPv${family} address that others reach, found "${address}"`);
  }
  return { [`ipv${family}`]: canonical };
}
