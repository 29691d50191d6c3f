/** Entries as JSON, in files and in Redis. What is read was not necessarily written by this program: it is checked. */

import { STRICT, type Static, Type } from '../../core/config/schema.js';
import { Validator } from '../../core/config/validator.js';
import { AGENT_ID_PATTERN, RegistrationForm } from '../../core/control/registration.js';
import type { AgentEntry } from '../agent-entry.js';

const { labels, endpoints, weft } = RegistrationForm.properties;

const EntryForm = Type.Object(
  {
    id: Type.String({ pattern: AGENT_ID_PATTERN }),
    labels,
    endpoints,
    keyHash: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
    weft,
    registeredAtMs: Type.Integer({ minimum: 0 }),
    lastSeenMs: Type.Integer({ minimum: 0 }),
  },
  STRICT,
);

const isEntry = new Validator().compile(EntryForm);

/** Undefined when the value is no entry. */
export function toEntry(value: unknown): AgentEntry | undefined {
  return isEntry(value) ? (value as Static<typeof EntryForm>) : undefined;
}
