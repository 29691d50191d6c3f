/** What the options mean together, and whether this agent can be registered at all. Does no I/O; throws ConfigError. */

import { isIPv4, isIPv6 } from 'node:net';
import { AGENT_ID_PATTERN, RegistrationForm } from '../../../core/control/registration.js';
import { ConfigError, describeError } from '../../../core/errors.js';
import { canonicalAddress, isUnspecified } from '../../../core/pinglist/address.js';
import { formReader } from '../../../core/pinglist/form-reader.js';
import { IssueCollector } from '../../../core/pinglist/issues.js';
import type { AgentInfo } from '../../../core/plugin.js';
import type { ControllerConfig } from './config.js';
import type { Addresses } from './endpoints.js';

export interface ControllerSettings {
  /** Each ends in a slash; tried in this order. */
  readonly urls: readonly URL[];
  readonly files: CredentialFiles;
  /** Sent as it is, unless a file of `files` takes its place. */
  readonly token: string | undefined;
  /** What stands for wildcard listens; undefined: the address of the connection. */
  readonly advertised: Partial<Addresses>;
}

export interface CredentialFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

const FILE_PREFIX = 'file:';
/** RFC 6750, section 2.1, in the lenient form: what can stand in a header. */
export const TOKEN_PATTERN = /^[!-~]{1,4096}$/;

const readRegistration = formReader(RegistrationForm);

export function controllerSettings(config: ControllerConfig, agent: AgentInfo): ControllerSettings {
  const urls = [config.url].flat().map(baseUrl);
  const { tls_ca: ca, tls_cert: cert, tls_key: key } = config;
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(
      'tls_cert and tls_key belong together: one is set and the other is missing; set both or neither',
    );
  }
  if ((ca ?? cert) !== undefined && !urls.some(({ protocol }) => protocol === 'https:')) {
    throw new ConfigError('tls_ca, tls_cert and tls_key need a url that begins with https://');
  }
  checkIdentity(agent);
  const advertised = {
    ...advertise('advertise_address', config.advertise_address, 4),
    ...advertise('advertise_address_ipv6', config.advertise_address_ipv6, 6),
  };
  return {
    urls,
    files: { ca, cert, key, token: tokenFile(config.token) },
    token: plainToken(config.token),
    advertised,
  };
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase = url !== undefined && /^https?:$/.test(url.protocol) && `${url.search}${url.hash}` === '';
  // The text may hold a password: it is not repeated.
  if (url !== undefined && `${url.username}${url.password}` !== '') {
    throw new ConfigError('url: expected no name and password in it; use token, or a client certificate');
  }
  if (!isBase) throw new ConfigError(`url: expected one such as "https://controller:20118", found "${text}"`);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function tokenFile(token: string | undefined): string | undefined {
  if (token?.startsWith(FILE_PREFIX) !== true) return undefined;
  const file = token.slice(FILE_PREFIX.length);
  if (file === '') throw new ConfigError('token: expected a path after "file:", found none');
  return file;
}

function plainToken(token: string | undefined): string | undefined {
  if (token === undefined || token.startsWith(FILE_PREFIX)) return undefined;
  if (!TOKEN_PATTERN.test(token)) throw new ConfigError('token: expected visible ASCII characters without spaces');
  return token;
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
