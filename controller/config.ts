/** The section `controller:` of the configuration. */

import type { SectionDefinition } from '../core/config/further-section.js';
import { duration, STRICT, type Static, Type } from '../core/config/schema.js';
import { ConfigError, type ConfigIssue } from '../core/errors.js';
import { isLoopback, parseListenAddress } from '../core/http/listen-address.js';
import { tlsFiles, tlsOptions } from '../core/http/tls.js';
import { hasTokens, tokenIssues, tokensOption } from '../core/http/tokens.js';
import { PolicyForm } from '../core/pinglist/generate/policy.js';
import { StoreForm } from './store/stores.js';

const MAX_POLICIES = 256;

export const ControllerOptions = Type.Object(
  {
    listen: Type.String({
      default: '127.0.0.1:20118',
      minLength: 1,
      description: 'Where the API is served. Beyond loopback it needs `tokens` or `tls_client_ca`.',
    }),
    ...tlsOptions,
    tokens: tokensOption({
      agent: 'to register and to fetch one’s own pinglist.',
      reader: 'to see everything, `/metrics` included.',
      admin: 'everything, deleting agents included.',
    }),
    heartbeat: duration({
      default: '60s',
      atLeast: '1s',
      atMost: '1h',
      description: 'How often agents register anew.',
    }),
    refresh: duration({
      default: '60s',
      atLeast: '1s',
      atMost: '1h',
      description: 'How often agents ask for their pinglist.',
    }),
    stale_after: duration({ default: '300s', description: 'Silence after which an agent counts as stale.' }),
    forget_after: duration({
      default: '900s',
      description: 'Silence after which an agent is forgotten: it is on no list any more, and its id is free.',
    }),
    store: StoreForm,
    topology: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'YAML or JSON file `agents: { ID: { labels: {…} } }`, whose labels go before those registered.',
      }),
    ),
    policies: Type.Array(PolicyForm, { default: [], maxItems: MAX_POLICIES, description: 'Who probes whom.' }),
    max_agents: Type.Integer({
      default: 20_000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Agents registered at most.',
    }),
    rate_limit: Type.Integer({
      default: 50,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Requests a second from one source address, with bursts of five seconds’ worth.',
    }),
  },
  STRICT,
);
export type ControllerConfig = Static<typeof ControllerOptions>;

export const controllerSection: SectionDefinition<typeof ControllerOptions> = {
  name: 'controller',
  description: 'The controller, run by `weft controller`.',
  schema: ControllerOptions,
  check(config) {
    const issues = [
      ...listenIssues(config),
      ...tokenIssues(config.tokens).map(({ path, message }) => issue(path, message)),
      ...timeIssues(config),
    ];
    const messages = issues.map(({ path, message }) => `${path}: ${message}`);
    if (issues.length > 0) throw new ConfigError(messages.join('\n'), issues);
  },
};

/** Whether anybody may do anything: nothing tells one peer from another. */
export function isOpen(config: ControllerConfig): boolean {
  return config.tls_client_ca === undefined && !hasTokens(config.tokens);
}

function listenIssues(config: ControllerConfig): ConfigIssue[] {
  try {
    const address = parseListenAddress(config.listen);
    tlsFiles(config);
    if (!isOpen(config) || isLoopback(address)) return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [issue(error.message.startsWith('listen') ? 'listen' : '', error.message)];
  }
  return [
    issue(
      'listen',
      `"${config.listen}" is reached from other hosts, and without tokens anybody there could steer every agent: set tokens (or tls_client_ca), or listen on 127.0.0.1`,
    ),
  ];
}

function timeIssues({ heartbeat, stale_after: stale, forget_after: forget }: ControllerConfig): ConfigIssue[] {
  if (stale <= heartbeat)
    return [issue('stale_after', 'expected more than heartbeat, or every agent is stale between two of them')];
  return forget <= stale ? [issue('forget_after', 'expected more than stale_after')] : [];
}

/** `path` is relative to the section; core/config/locate.ts knows file and line. */
function issue(path: string, message: string): ConfigIssue {
  return { file: '', line: 0, column: 0, path, message };
}
