/** Who probes whom, and how: the entries of `controller.policies`. docs/policies.md shows what each mode gives. */

import { duration, STRICT, type Static, type TSchema, Type } from '../../config/schema.js';
import { LABEL_NAME_PATTERN } from '../../control/registration.js';
import { TRANSPORTS, type Transport } from '../../target.js';
import { MAX_PAYLOAD_BYTES } from '../limits.js';

/** A target has at most that many paths. */
export const MAX_PATHS = 256;

const LABEL_VALUES = 'glob patterns, of which one has to match';

/** Label → one or several glob patterns. All labels have to match; no label matches everybody. */
const SelectorForm = Type.Record(
  Type.String({ pattern: LABEL_NAME_PATTERN }),
  Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })], { description: LABEL_VALUES }),
  STRICT,
);
export type Selector = Static<typeof SelectorForm>;

/** An enum, not a union of constants: a wrong constant would say that another mode was meant. */
const TransportForm = Type.Unsafe<Transport>({ type: 'string', enum: [...TRANSPORTS] });

const EcmpForm = Type.Object(
  {
    ecmp: Type.Integer({
      minimum: 1,
      maximum: 4096,
      description: 'Number of equal-cost ways between two ToRs.',
    }),
    coverage: Type.Number({
      minimum: 0,
      maximum: 0.999_999,
      default: 0.99,
      description: 'Probability that all of them are probed.',
    }),
  },
  STRICT,
);

/** What all modes have. */
export const CommonForm = Type.Object({
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'The `mode` of its targets, and so a tag of their metrics; default: the mode.',
    }),
  ),
  transport: Type.Union([TransportForm, Type.Array(TransportForm, { minItems: 1, uniqueItems: true })], {
    default: 'udp',
    description: 'One transport or a list of them.',
  }),
  interval: duration({ default: '1s', atLeast: '10ms', atMost: '1d', description: 'Between two probes of a target.' }),
  timeout: Type.Optional(
    duration({ atLeast: '1ms', atMost: '1m', description: 'When a probe is lost; default: 500ms, TCP 3s.' }),
  ),
  paths: Type.Union([Type.Integer({ minimum: 1, maximum: MAX_PATHS }), EcmpForm], {
    default: 1,
    description:
      'Paths of each target, or the ECMP coverage to reach between two ToRs: `{ ecmp: 16, coverage: 0.99 }`.',
  }),
  payload_bytes: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_PAYLOAD_BYTES,
      description: 'Bytes a probe carries at least; TCP: bytes to be echoed; default: 44, TCP 0.',
    }),
  ),
  dscp: Type.Integer({ minimum: 0, maximum: 63, default: 0, description: 'Differentiated services code point.' }),
  ttl: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 255, description: 'TTL or hop limit; default: 255, TCP 64.' }),
  ),
  select: Type.Unsafe<Selector>({
    ...SelectorForm,
    default: {},
    description: 'Labels that both ends need: label → value or list of values, with the globs of filters.',
  }),
});

function policyForm<M extends string, P extends Record<string, TSchema>>(mode: M, own: P) {
  return Type.Object({ mode: Type.Literal(mode), ...own, ...CommonForm.properties }, STRICT);
}

export const MeshForm = policyForm('mesh', {
  group_by: Type.Optional(
    Type.String({
      pattern: LABEL_NAME_PATTERN,
      description: 'A mesh for each value of this label; default: one mesh of all.',
    }),
  ),
});
export const ArrowForm = policyForm('arrow', {
  src: Type.Unsafe<Selector>({ ...SelectorForm, description: 'Labels of the hosts that probe.' }),
  dst: Type.Unsafe<Selector>({ ...SelectorForm, description: 'Labels of the hosts that are probed.' }),
});
export const TorMeshForm = policyForm('tor-mesh', {});
export const InterTorForm = policyForm('inter-tor', {
  sample: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Other ToRs that each host probes; raised for a ToR with too few hosts. Default: all.',
    }),
  ),
});
export const InterDcForm = policyForm('inter-dc', {
  per_dc: Type.Integer({ minimum: 1, maximum: 1000, default: 4, description: 'Hosts of each DC that take part.' }),
});

export const PolicyForm = Type.Union([MeshForm, ArrowForm, TorMeshForm, InterTorForm, InterDcForm]);
export const PoliciesForm = Type.Array(PolicyForm, { maxItems: 256, default: [] });

/** Decoded: durations in ms, defaults filled in. */
export type Policy = Static<typeof PolicyForm>;
export type PolicyMode = Policy['mode'];
export type PolicyOf<M extends PolicyMode> = Extract<Policy, { mode: M }>;

/** What its targets say as their mode. */
export function policyName({ name, mode }: Policy): string {
  return name ?? mode;
}
