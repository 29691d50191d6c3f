/** The option `buffer` of every output: where metrics wait until the server has them. */

import { STRICT, type Static, size, Type } from './schema.js';

export const MemoryBufferForm = Type.Object(
  { type: Type.Literal('memory') },
  { ...STRICT, description: 'In memory: a restart of the agent loses what waits.' },
);

export const DiskBufferForm = Type.Object(
  {
    type: Type.Literal('disk'),
    directory: Type.String({
      minLength: 1,
      description:
        'Where the files are, for this output alone. Created if only its last part is missing; not to be shared with another agent.',
    }),
    max_bytes: size({
      default: '1GiB',
      atLeast: '1MiB',
      description: 'What all files take together at most; beyond, the oldest metrics are dropped and counted.',
    }),
  },
  { ...STRICT, description: 'On a disk: what waits survives restarts and crashes.' },
);

export const BufferForm = Type.Union([MemoryBufferForm, DiskBufferForm], {
  description: 'Where metrics wait until the server has them: `type: memory` (default), or `type: disk`.',
});
export type BufferConfig = Static<typeof BufferForm>;
