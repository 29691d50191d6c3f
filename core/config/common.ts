/** The options of the agent, and those that every input and output has. Names and meanings are Telegraf's where it has them. */

import { BufferForm } from './buffer-options.js';
import { duration, STRICT, type Static, Type } from './schema.js';

const Names = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));
const TagPatterns = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()), { description }));

export const AgentOptions = Type.Object(
  {
    interval: duration({ default: '10s', atLeast: '100ms', description: 'How often inputs are gathered.' }),
    collection_jitter: duration({ default: '0s', description: 'Random wait before each gather, at most this long.' }),
    collection_offset: duration({ default: '0s', description: 'Shift of every gather against the wall-clock grid.' }),
    flush_interval: duration({ default: '10s', atLeast: '100ms', description: 'How often outputs are written to.' }),
    flush_jitter: duration({ default: '0s', description: 'Random wait before each write, at most this long.' }),
    metric_batch_size: Type.Integer({
      default: 1000,
      minimum: 1,
      description: 'Metrics in one write at most; some outputs have their own number.',
    }),
    metric_buffer_limit: Type.Integer({
      default: 100_000,
      minimum: 1,
      description: 'Metrics an output holds while it cannot write; beyond, the oldest are dropped and counted.',
    }),
    window: duration({
      default: '10s',
      atLeast: '1s',
      atMost: '1h',
      description: 'Length of the wall-clock-aligned window over which probes are summed.',
    }),
    max_rate: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Probes a second this agent sends at most; a longer pinglist has all its intervals scaled up.',
    }),
    hostname: Type.String({
      default: '',
      description:
        'Name of this host: the tag `src` of all that it measures, and of each metric without one; empty: the system’s host name.',
    }),
    labels: Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String(), {
      default: {},
      additionalProperties: false,
      description: 'Labels of this host, such as tor, pod, dc: tags `src_<label>`.',
    }),
    log_level: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], {
      default: 'info',
      description: 'What is logged at least.',
    }),
    log_format: Type.Union([Type.Literal('auto'), Type.Literal('json'), Type.Literal('text')], {
      default: 'auto',
      description: '`auto` is text on a terminal and JSON elsewhere.',
    }),
    shutdown_timeout: duration({
      default: '5s',
      atLeast: '100ms',
      description: 'How long a stop may take before what is not flushed is dropped and counted.',
    }),
  },
  STRICT,
);
export type AgentConfig = Static<typeof AgentOptions>;

export const FilterOptions = Type.Object({
  namepass: Names('Glob patterns: only metrics whose name matches one pass.'),
  namedrop: Names('Glob patterns: metrics whose name matches one are dropped.'),
  tagpass: TagPatterns('Tag → glob patterns: only metrics with a matching tag pass.'),
  tagdrop: TagPatterns('Tag → glob patterns: metrics with a matching tag are dropped.'),
  fieldinclude: Names('Glob patterns: only matching fields are kept; a metric without fields is dropped.'),
  fieldexclude: Names('Glob patterns: matching fields are removed.'),
  taginclude: Names('Glob patterns: only matching tags are kept.'),
  tagexclude: Names('Glob patterns: matching tags are removed.'),
});
export type FilterConfig = Static<typeof FilterOptions>;

const Shared = Type.Object({
  alias: Type.Optional(
    Type.String({ minLength: 1, description: 'Name of this instance in logs and self-metrics; keep it unique.' }),
  ),
  startup_error_behavior: Type.Union([Type.Literal('error'), Type.Literal('retry'), Type.Literal('ignore')], {
    default: 'error',
    description:
      'When the start fails: `error` ends the agent, `retry` tries again on each interval, `ignore` removes the plugin.',
  }),
});

export const InputOptions = Type.Composite([
  Shared,
  FilterOptions,
  Type.Object({
    interval: Type.Optional(duration({ atLeast: '100ms', description: 'Overrides agent.interval.' })),
    collection_jitter: Type.Optional(duration({ description: 'Overrides agent.collection_jitter.' })),
    collection_offset: Type.Optional(duration({ description: 'Overrides agent.collection_offset.' })),
    tags: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Tags added to every metric.' })),
  }),
]);
export type InputConfig = Static<typeof InputOptions>;

export const OutputOptions = Type.Composite([
  Shared,
  FilterOptions,
  Type.Object({
    flush_interval: Type.Optional(duration({ atLeast: '100ms', description: 'Overrides agent.flush_interval.' })),
    flush_jitter: Type.Optional(duration({ description: 'Overrides agent.flush_jitter.' })),
    metric_batch_size: Type.Optional(Type.Integer({ minimum: 1, description: 'Overrides agent.metric_batch_size.' })),
    metric_buffer_limit: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Overrides agent.metric_buffer_limit.' }),
    ),
    buffer: Type.Optional(BufferForm),
  }),
]);
export type OutputConfig = Static<typeof OutputOptions>;

export const ProcessorOptions = Type.Composite([
  Shared,
  FilterOptions,
  Type.Object({ order: Type.Optional(Type.Integer({ description: 'Processors run in ascending order.' })) }),
]);
export type ProcessorConfig = Static<typeof ProcessorOptions>;
