/**
 * What an agent tells the controller and what it is told, version 1 of the HTTP API (docs/api.md, docs/openapi.json).
 * Both ends check with these forms: neither trusts the other.
 */

import { STRICT, type Static, Type } from '../config/schema.js';
import { TRANSPORTS } from '../target.js';

export const MAX_ENDPOINTS = 256;
export const MAX_LABELS = 64;
/** Of a registration as text. */
export const MAX_REGISTRATION_BYTES = 64 * 1024;

/** Agents are called as their `dst` will be: visible, no slash, no control character, so that it stands in a URL as it is. */
export const AGENT_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,252}$';
export const LABEL_NAME_PATTERN = '^[a-zA-Z_][a-zA-Z0-9_]{0,63}$';

const Labels = Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Type.String({ maxLength: 255 }), {
  ...STRICT,
  maxProperties: MAX_LABELS,
});

const EndpointForm = Type.Object(
  {
    transport: Type.Union(TRANSPORTS.map((transport) => Type.Literal(transport))),
    /** IPv4 or IPv6 literal where others reach it; never the unspecified address. */
    address: Type.String({ minLength: 2, maxLength: 64 }),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    /** rdma-ud: gid, qpn, lid, device. */
    attributes: Type.Record(
      Type.String({ pattern: LABEL_NAME_PATTERN }),
      Type.Union([Type.String({ maxLength: 255 }), Type.Number()]),
      { ...STRICT, maxProperties: 16 },
    ),
  },
  STRICT,
);

/** Body of `PUT /v1/agents/{id}`: the whole of what the agent is; it replaces what was registered before in one step. */
export const RegistrationForm = Type.Object(
  {
    version: Type.Literal(1),
    /** Version of weft, for people. */
    weft: Type.String({ maxLength: 64 }),
    labels: Labels,
    endpoints: Type.Array(EndpointForm, { maxItems: MAX_ENDPOINTS }),
  },
  STRICT,
);
export type Registration = Static<typeof RegistrationForm>;

/** Its answer: how often to come back. */
export const RegistrationAnswerForm = Type.Object({
  version: Type.Literal(1),
  /** Time between two registrations, which are the heartbeats, and between two fetches, ms. */
  heartbeat_ms: Type.Integer({ minimum: 1000 }),
  refresh_ms: Type.Integer({ minimum: 1000 }),
});
export type RegistrationAnswer = Static<typeof RegistrationAnswerForm>;

/**
 * Sent with every request of an agent: a random key that it keeps for as long as it lives. The first registration of an
 * id claims it with this key; until the entry is forgotten only requests with the same key may change it.
 */
export const AGENT_KEY_HEADER = 'weft-agent-key';
