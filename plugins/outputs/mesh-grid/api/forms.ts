/** What the API of the grid takes and gives. */

import { STRICT, type TSchema, Type } from '../../../../core/config/schema.js';
import { COUNTS, DELAYS } from '../../../common/grid/store/cell.js';
import { OUTCOMES } from '../../../common/grid/store/grid-store.js';
import { LEVELS } from '../../../common/grid/store/hosts.js';
import { PATTERN_FIGURES, PATTERN_SHAPES, PATTERNS } from '../../../common/grid/store/patterns.js';
import { DELAY_STATS, STATES } from '../../../common/grid/store/view.js';

const MAX_NAME_CHARS = 1024;
export const MAX_WORST = 1000;

const oneOf = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

/** `loss` and the counts are of the probes, the others of the chosen delay. */
export const STATS = [...DELAY_STATS, 'loss', ...COUNTS] as const;
export type Stat = (typeof STATS)[number];

const transport = Type.Optional(
  Type.String({ maxLength: 64, description: 'Default: `udp` if there is any, else the first by name.' }),
);
const delay = oneOf(DELAYS, {
  default: 'network_rtt',
  description: 'What quantiles, mean, min, max and count are of.',
});
const level = oneOf(LEVELS, { default: 'tor', description: 'What a row and a column stand for.' });
const at = Type.Optional(
  Type.String({
    maxLength: 40,
    description:
      'A time in the window: ms since 1970 or ISO 8601, or `latest` for the newest; default: the newest that is settled.',
  }),
);
const groupPattern = `^(tor|pod|dc):.{1,${MAX_NAME_CHARS}}$`;
const within = (end: string) =>
  Type.Optional(
    Type.String({ pattern: groupPattern, description: `Only ${end} of this group, such as \`pod:dc1/p1\`.` }),
  );
const name = (description: string) => Type.String({ minLength: 1, maxLength: MAX_NAME_CHARS, description });

const VIEW_QUERY = { transport, delay, at, src_in: within('sources'), dst_in: within('destinations') };

export const GridQuery = Type.Object(
  {
    ...VIEW_QUERY,
    level,
    stat: oneOf(STATS, { default: 'p99', description: 'The figure of a cell.' }),
  },
  STRICT,
);

export const WorstQuery = Type.Object(
  {
    ...VIEW_QUERY,
    level,
    stat: oneOf(STATS, { default: 'p99', description: 'The figure to sort by.' }),
    n: Type.Integer({ default: 20, minimum: 1, maximum: MAX_WORST, description: 'Pairs at most.' }),
  },
  STRICT,
);

const namesLevel = oneOf(LEVELS, { default: 'host', description: 'What the names are of.' });
export const PairParams = Type.Object({ src: name('The source.'), dst: name('The destination.') });
export const PairQuery = Type.Object({ transport, level: namesLevel }, STRICT);
export const PathsQuery = Type.Object({ transport, at }, STRICT);
export const HostParams = Type.Object({ host: name('The host.') });
export const HostQuery = Type.Object(
  {
    transport,
    at,
    delay,
    stat: oneOf(STATS, { default: 'p99', description: 'The figure that the pairs are sorted by.' }),
    n: Type.Integer({ default: 100, minimum: 1, maximum: MAX_WORST, description: 'Pairs of each direction at most.' }),
  },
  STRICT,
);
export const CdfQuery = Type.Object(
  {
    transport,
    delay,
    at,
    level: namesLevel,
    src: Type.Optional(name('The source; default: all.')),
    dst: Type.Optional(name('The destination; default: all.')),
  },
  STRICT,
);

const WindowForm = Type.Object(
  {
    start: Type.String({ format: 'date-time' }),
    end: Type.String({ format: 'date-time' }),
    start_ms: Type.Integer({ description: 'UTC, ms since 1970; also a value of `at`.' }),
  },
  STRICT,
);

const Unit = oneOf(['ns', 'ratio', 'probes', 'packets']);
const Steps = (description: string) => Type.Array(Type.Number(), { minItems: 3, maxItems: 3, description });
export const PatternForm = Type.Object(
  {
    pattern: oneOf(PATTERNS),
    level: oneOf(LEVELS),
    name: Type.String({ description: 'Of the member; of the DC for `spine_trouble`.' }),
    rule: Type.String({ description: 'The rule that was met.' }),
    shape: oneOf(PATTERN_SHAPES, {
      description:
        'Where it stands in the picture: row and column of the member, one of both, or the blocks of the diagonal.',
    }),
    figure: oneOf(PATTERN_FIGURES, {
      description:
        'What to look at: `loss`, or p99 of `network_rtt`, whichever has more of its bad cells; `any`: most have no answer.',
    }),
  },
  STRICT,
);

const Groups = (axis: string) =>
  Type.Array(Type.Object({ name: Type.String(), members: Type.Integer() }, STRICT), {
    description: `What neighbours among the ${axis} belong to one level up, in their order; a DC belongs to nothing, named \`\`.`,
  });

const GRID = {
  transport: nullable(Type.String({ description: 'null: there are no data at all.' })),
  level: oneOf(LEVELS),
  delay: oneOf(DELAYS),
  stat: oneOf(STATS),
  unit: Unit,
  window: nullable(WindowForm),
  src: Type.Array(Type.String(), { description: 'Names of the rows, by DC, pod and ToR.' }),
  dst: Type.Array(Type.String(), { description: 'Names of the columns.' }),
  src_groups: Groups('rows'),
  dst_groups: Groups('columns'),
  thresholds: Type.Object(
    {
      latency_ns: Steps('Fair, bad and worst begin here.'),
      loss: Steps('Fair, bad and worst begin here.'),
    },
    STRICT,
  ),
  patterns: Type.Array(PatternForm, { description: 'Only when both axes have the same members.' }),
};
export const GridForm = Type.Object(
  {
    ...GRID,
    values: Type.Array(nullable(Type.Number()), { description: 'Row by row (a row is a source); null: no value.' }),
    states: Type.String({
      description: 'A character a cell, row by row: `-` no data, `x` probes but no answer, `v` answers.',
    }),
  },
  STRICT,
);

const FiguresForm = nullable(
  Type.Object(Object.fromEntries(DELAY_STATS.map((stat) => [stat, Type.Number()])), {
    ...STRICT,
    description: 'ns, but for `count`; null: no answer.',
  }),
);
const CountsForm = Type.Object(Object.fromEntries(COUNTS.map((count) => [count, Type.Integer()])), STRICT);

/** What is known of some probes: of a pair, of a host's row, of a path. */
const SUMS = {
  loss: nullable(Type.Number({ description: '`timeout / sent`; null: nothing was sent.' })),
  counts: CountsForm,
  ...Object.fromEntries(DELAYS.map((delay) => [delay, FiguresForm])),
};
const SumsForm = Type.Object(SUMS, STRICT);
const LeftOut = Type.Integer({
  description: 'Older windows that are kept but not in this answer: to add them up would take too long.',
});

export const CellQuery = Type.Object(
  { ...VIEW_QUERY, level, src: name('Name of the row.'), dst: name('Name of the column.') },
  STRICT,
);
export const CellForm = Type.Object(
  {
    transport: Type.String(),
    level: oneOf(LEVELS),
    delay: oneOf(DELAYS),
    window: WindowForm,
    src: Type.String(),
    dst: Type.String(),
    state: oneOf(STATES, { description: '`failure`: probes, but no answer.' }),
    loss: nullable(Type.Number()),
    counts: CountsForm,
    figures: FiguresForm,
  },
  STRICT,
);

export const PairForm = Type.Object(
  {
    transport: Type.String(),
    level: oneOf(LEVELS),
    src: Type.String(),
    dst: Type.String(),
    windows: Type.Array(Type.Object({ ...WindowForm.properties, ...SUMS }, STRICT), {
      description: 'Those with data of the pair, the oldest first.',
    }),
    left_out_windows: LeftOut,
  },
  STRICT,
);

export const PathsForm = Type.Object(
  {
    transport: Type.String(),
    src: Type.String(),
    dst: Type.String(),
    window: WindowForm,
    kept: oneOf(['yes', 'not_told', 'dropped'], {
      description:
        'Whether `paths` are known: `not_told`: the agent adds its paths up (its input has no `per_path`); `dropped`: they gave way for `max_path_bytes`.',
    }),
    all: Type.Object(SUMS, { ...STRICT, description: 'Of all paths together, those that are not kept among them.' }),
    paths: Type.Array(Type.Object({ path: Type.String(), ...SUMS }, STRICT), { description: 'By their numbers.' }),
  },
  STRICT,
);

const HostEndForm = (description: string) =>
  Type.Object(
    {
      pairs: Type.Integer({ description: 'With data in the window.' }),
      ...SUMS,
      worst: Type.Array(Type.Object({ host: Type.String(), ...SUMS }, STRICT), {
        description: 'The other ends: those without a value first, then the largest value.',
      }),
    },
    { ...STRICT, description },
  );

export const HostForm = Type.Object(
  {
    host: Type.String(),
    labels: Type.Object(
      { dc: Type.Optional(Type.String()), pod: Type.Optional(Type.String()), tor: Type.Optional(Type.String()) },
      { ...STRICT, description: 'Those that say where it stands.' },
    ),
    groups: Type.Object(
      { tor: Type.String(), pod: Type.String(), dc: Type.String() },
      { ...STRICT, description: 'What it belongs to at each level, as the grid names it.' },
    ),
    transports: Type.Array(
      Type.Object(
        {
          transport: Type.String(),
          pairs_as_source: Type.Integer(),
          pairs_as_destination: Type.Integer(),
          windows: Type.Integer({ description: 'Kept windows with data of the host.' }),
          oldest_ms: Type.Integer({ description: '`start_ms` of the oldest of them.' }),
          newest_ms: Type.Integer(),
        },
        STRICT,
      ),
      { description: 'All those that have data of the host.' },
    ),
    transport: Type.String({ description: 'What all that follows is of.' }),
    window: WindowForm,
    as_source: HostEndForm('Its row: its own probes.'),
    as_destination: HostEndForm('Its column: the probes of others to it.'),
    patterns: Type.Array(PatternForm, { description: 'That name the host, its ToR, its pod or its DC.' }),
    patterns_of: Type.Array(Type.Object({ level: oneOf(LEVELS), within: nullable(Type.String()) }, STRICT), {
      description:
        'The grids that were looked at for `patterns`; `within`: only this part, as in `src_in`, since the whole one is large.',
    }),
    history: Type.Array(
      Type.Object(
        { ...WindowForm.properties, as_source: nullable(SumsForm), as_destination: nullable(SumsForm) },
        STRICT,
      ),
      { description: 'Windows with data of the host, the oldest first; null: no data of this direction.' },
    ),
    left_out_windows: LeftOut,
  },
  STRICT,
);

export const CdfForm = Type.Object(
  {
    transport: Type.String(),
    delay: oneOf(DELAYS),
    window: WindowForm,
    count: Type.Integer({ description: 'Values in all.' }),
    up_to_ns: Type.Array(Type.Number(), { description: 'Upper bounds, ascending; the last one is the maximum.' }),
    values: Type.Array(Type.Integer(), { description: 'How many values do not exceed each bound.' }),
  },
  STRICT,
);

export const WorstForm = Type.Object(
  {
    transport: Type.String(),
    level: oneOf(LEVELS),
    delay: oneOf(DELAYS),
    stat: oneOf(STATS),
    unit: Unit,
    window: WindowForm,
    pairs: Type.Array(Type.Object({ src: Type.String(), dst: Type.String(), value: Type.Number(), ...SUMS }, STRICT), {
      description: 'The largest values first.',
    }),
  },
  STRICT,
);

const SharedForm = Type.Object(
  {
    state: oneOf(['ready', 'behind', 'away'], { description: '`behind`: what Redis holds is still being read.' }),
    pending: Type.Integer({ description: 'Metrics that wait for Redis.' }),
    pushed: Type.Integer({ description: 'Metrics that were new to Redis.' }),
    taken: Type.Integer({ description: 'Metrics that other servers took in.' }),
    unshared: Type.Integer({ description: 'Metrics that only this server has.' }),
    unusable: Type.Integer({ description: 'From Redis: no metric, older than the kept windows or beyond the limits.' }),
    replaced: Type.Integer({ description: 'Rows that a replica knew less of.' }),
    outages: Type.Integer({ description: 'How often Redis went away.' }),
  },
  { ...STRICT, description: 'What is shared with other servers (`store`); null: nothing.' },
);

export const WindowsForm = Type.Object(
  {
    window_ms: Type.Integer(),
    transports: Type.Array(
      Type.Object(
        {
          transport: Type.String(),
          settled_ms: nullable(Type.Integer({ description: '`start_ms` of the newest settled window.' })),
          windows: Type.Array(Type.Object({ ...WindowForm.properties, pairs: Type.Integer() }, STRICT), {
            description: 'The oldest first.',
          }),
        },
        STRICT,
      ),
    ),
    store: Type.Object(
      {
        hosts: Type.Integer(),
        cells: Type.Integer(),
        bytes: Type.Integer({ description: 'What `max_bytes` bounds.' }),
        evicted_windows: Type.Integer({ description: 'Given up before their time for `max_cells` or `max_bytes`.' }),
        evicted_cells: Type.Integer(),
        paths: Type.Object(
          {
            bytes: Type.Integer({ description: 'What `max_path_bytes` bounds.' }),
            dropped_windows: Type.Integer({ description: 'Windows whose paths gave way to those of newer ones.' }),
            left_out: Type.Integer({ description: 'Metrics that are in the grid, but whose path is not kept.' }),
          },
          STRICT,
        ),
        metrics: Type.Object(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, Type.Integer()])), {
          ...STRICT,
          description: 'Metrics by what became of them.',
        }),
        shared: nullable(SharedForm),
      },
      STRICT,
    ),
  },
  STRICT,
);
