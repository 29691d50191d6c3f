/** Options of `controller.store` with `type: memory`. */

import { STRICT, type Static, Type } from '../../core/config/schema.js';

export const MemoryStoreForm = Type.Object(
  {
    type: Type.Literal('memory'),
    snapshot: Type.String({
      default: '',
      description:
        'File that keeps the registry over restarts, with FILE.journal beside it; empty: agents register anew after a restart.',
    }),
  },
  { ...STRICT, description: 'One controller, which keeps the registry itself.' },
);
export type MemoryStoreConfig = Static<typeof MemoryStoreForm>;
