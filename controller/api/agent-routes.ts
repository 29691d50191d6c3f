/** `/v1/agents`: what agents do for themselves, and what readers and admins see and do of them. */

import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from '../../core/config/schema.js';
import {
  AGENT_KEY_HEADER,
  type Registration,
  type RegistrationAnswer,
  RegistrationAnswerForm,
  RegistrationForm,
} from '../../core/control/registration.js';
import { certificateNames } from '../../core/http/access.js';
import { ApiProblem } from '../../core/http/problem.js';
import type { Route } from '../../core/http/route.js';
import { digestSecret } from '../../core/http/secret.js';
import type { AgentEntry } from '../agent-entry.js';
import type { ApiContext } from './context.js';
import { AgentForm, AgentPageForm, IdParams, PageQuery, PinglistAnswerForm } from './forms.js';
import { notRegistered, notYours } from './refusals.js';
import { checkedRegistration } from './registration.js';
import { SortedIds } from './sorted-ids.js';

const KEY = /^[\x21-\x7e]{16,128}$/;
const KeyHeaders = Type.Object({
  [AGENT_KEY_HEADER]: Type.Optional(
    Type.String({
      pattern: KEY.source,
      description: 'The agent’s own random key; it claims the id. Not needed with a client certificate.',
    }),
  ),
});

export function agentRoutes(context: ApiContext): Route[] {
  return [register(context), forget(context), list(context), show(context), pinglist(context)];
}

function register({ registry, settings, access }: ApiContext): Route {
  return {
    method: 'PUT',
    url: '/v1/agents/:id',
    operationId: 'registerAgent',
    summary: 'Registers an agent, or says that it is still there; replaces all that was registered before.',
    roles: ['agent', 'admin'],
    params: IdParams,
    headers: KeyHeaders,
    body: RegistrationForm,
    answers: {
      200: { description: 'Registered, and kept by the store.', schema: RegistrationAnswerForm },
      503: { description: 'The store is away, or `max_agents` are registered.', headers: RETRY_AFTER },
    },
    async handle(request) {
      const { id } = request.params as IdParams;
      const keyHash = access.mutualTls ? certified(request, id) : digestSecret(keyOf(request)).toString('hex');
      await registry.register(id, keyHash, checkedRegistration(request.body as Registration));
      const { heartbeat, refresh } = settings();
      return { version: 1, heartbeat_ms: heartbeat, refresh_ms: refresh } satisfies RegistrationAnswer;
    },
  };
}

function forget({ registry }: ApiContext): Route {
  return {
    method: 'DELETE',
    url: '/v1/agents/:id',
    operationId: 'deleteAgent',
    summary: 'Forgets an agent at once and frees its id; one that lives registers again at its next heartbeat.',
    roles: ['admin'],
    params: IdParams,
    answers: {
      204: { description: 'Forgotten.' },
      404: { description: 'No such agent.' },
      503: { description: 'The store is away.', headers: RETRY_AFTER },
    },
    async handle(request, reply) {
      const { id } = request.params as IdParams;
      if (!(await registry.delete(id))) throw notRegistered(id);
      return reply.code(204).send();
    },
  };
}

function list(context: ApiContext): Route {
  const ids = new SortedIds(context.registry);
  return {
    method: 'GET',
    url: '/v1/agents',
    operationId: 'listAgents',
    summary: 'The agents that are registered, page by page.',
    roles: ['reader', 'admin'],
    query: PageQuery,
    answers: { 200: { description: 'A page.', schema: AgentPageForm } },
    handle(request) {
      const { after = '', limit } = request.query as PageQuery;
      const page = ids.after(after, limit + 1);
      const shown = page.slice(0, limit);
      const agents = shown.flatMap((id) => {
        const entry = context.registry.get(id);
        return entry === undefined ? [] : [describeAgent(context, entry)];
      });
      return { agents, total: context.registry.size, ...(page.length > limit && { next: shown.at(-1) }) };
    },
  };
}

function show(context: ApiContext): Route {
  return {
    method: 'GET',
    url: '/v1/agents/:id',
    operationId: 'getAgent',
    summary: 'One agent.',
    roles: ['reader', 'admin'],
    params: IdParams,
    answers: { 200: { description: 'The agent.', schema: AgentForm }, 404: { description: 'No such agent.' } },
    handle(request) {
      return describeAgent(context, entryOf(context, request));
    },
  };
}

function pinglist(context: ApiContext): Route {
  const { generator, clock, metrics } = context;
  return {
    method: 'GET',
    url: '/v1/agents/:id/pinglist',
    operationId: 'getPinglist',
    summary: 'Whom the agent is to probe. An agent gets its own list only.',
    roles: ['agent', 'reader', 'admin'],
    params: IdParams,
    headers: Type.Composite([
      KeyHeaders,
      Type.Object({ 'if-none-match': Type.Optional(Type.String({ description: 'The ETag of the list one has.' })) }),
    ]),
    answers: {
      200: {
        description: 'The list, in the form that `inputs/pinglist` reads too.',
        schema: PinglistAnswerForm,
        headers: { ETag: 'The revision of the list, in quotes.', 'Cache-Control': '`private, no-cache`' },
      },
      304: { description: 'Nothing has changed for this agent.', headers: { ETag: 'The revision of the list.' } },
      404: { description: 'No such agent: it has to register first.' },
    },
    handle(request, reply) {
      const entry = entryOf(context, request);
      if (request.role === 'agent') assertOwn(context, request, entry);
      const generated = generator().list(entry.id, Number(clock.nowNs() / 1_000_000n));
      if (generated === undefined) throw notRegistered(entry.id);
      const etag = `"${generated.revision}"`;
      reply.header('etag', etag).header('cache-control', 'private, no-cache');
      if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
      metrics.countList(generated.targets);
      return reply.type('application/json; charset=utf-8').send(generated.json());
    },
  };
}

const RETRY_AFTER = { 'Retry-After': 'Seconds after which another try may succeed.' };

function entryOf({ registry }: ApiContext, request: FastifyRequest): AgentEntry {
  const { id } = request.params as IdParams;
  const entry = registry.get(id);
  if (entry === undefined) throw notRegistered(id);
  return entry;
}

function describeAgent({ registry, labelsOf }: ApiContext, entry: AgentEntry): object {
  const { id, weft, endpoints, registeredAtMs, lastSeenMs } = entry;
  return {
    id,
    state: registry.state(id),
    weft,
    labels: labelsOf(entry),
    endpoints,
    registered_at: new Date(registeredAtMs).toISOString(),
    last_seen: new Date(lastSeenMs).toISOString(),
  };
}

/** The registry's word for an id that a certificate proved. */
function certified(request: FastifyRequest, id: string): '' {
  if (!certificateNames(request.socket, id)) throw notYours(id);
  return '';
}

function keyOf(request: FastifyRequest): string {
  const key = request.headers[AGENT_KEY_HEADER];
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new ApiProblem(
    400,
    'key_missing',
    `the header ${AGENT_KEY_HEADER} is missing or not 16 to 128 visible characters: an agent proves with it who it is`,
  );
}

function assertOwn({ access }: ApiContext, request: FastifyRequest, entry: AgentEntry): void {
  if (access.mutualTls) return void certified(request, entry.id);
  const hash = digestSecret(keyOf(request));
  const claimed = Buffer.from(entry.keyHash, 'hex');
  if (claimed.length !== hash.length || !timingSafeEqual(claimed, hash)) throw notYours(entry.id);
}

/** RFC 9110 section 13.1.2; weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((item) => {
    const candidate = item.trim();
    return candidate === '*' || candidate === etag || candidate === `W/${etag}`;
  });
}
