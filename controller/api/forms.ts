/** What the API takes and gives, beyond the registration itself (core/control/registration.ts). */

import { Type } from '../../core/config/schema.js';
import { AGENT_ID_PATTERN, RegistrationForm } from '../../core/control/registration.js';

export const IdParams = Type.Object({
  id: Type.String({ pattern: AGENT_ID_PATTERN, description: 'Id of an agent: its `agent.hostname`.' }),
});
export interface IdParams {
  readonly id: string;
}

export const MAX_PAGE = 1000;
export const PageQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ maxLength: 253, description: 'Begin after this id.' })),
    limit: Type.Integer({ default: 100, minimum: 1, maximum: MAX_PAGE, description: 'Agents on a page at most.' }),
  },
  { additionalProperties: false },
);
export interface PageQuery {
  readonly after?: string;
  readonly limit: number;
}

export const AgentForm = Type.Object(
  {
    id: Type.String(),
    state: Type.Union([Type.Literal('active'), Type.Literal('stale')]),
    weft: Type.String({ description: 'Version of weft it runs.' }),
    labels: Type.Record(Type.String(), Type.String(), {
      description: 'As they count: those of the topology file first.',
    }),
    endpoints: RegistrationForm.properties.endpoints,
    registered_at: Type.String({ format: 'date-time' }),
    last_seen: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false },
);

export const AgentPageForm = Type.Object(
  {
    agents: Type.Array(AgentForm, { description: 'Sorted by id.' }),
    total: Type.Integer({ description: 'Agents in all.' }),
    next: Type.Optional(Type.String({ description: '`after` of the next page; absent on the last one.' })),
  },
  { additionalProperties: false },
);

export const PoliciesAnswerForm = Type.Object(
  { policies: Type.Array(Type.Record(Type.String(), Type.Unknown()), { description: 'With all defaults filled in.' }) },
  { additionalProperties: false },
);

/** The form in full is in core/pinglist/form.ts; a list was generated here and has up to 100 000 targets. */
export const PinglistAnswerForm = Type.Object({
  version: Type.Literal(1),
  revision: Type.String(),
  targets: Type.Array(Type.Record(Type.String(), Type.Unknown())),
});
