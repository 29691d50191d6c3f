/** Options of outputs.file. */

import { duration, STRICT, type Static, size, Type } from '../../../core/config/schema.js';

export const FileOptions = Type.Object(
  {
    path: Type.String({ default: 'stdout', minLength: 1, description: 'File to append to; `stdout` or `-` to print.' }),
    format: Type.Union([Type.Literal('json'), Type.Literal('line'), Type.Literal('csv')], {
      default: 'json',
      description: '`json`: one object a line; `line`: InfluxDB line protocol; `csv`: the result lines of PingWeave.',
    }),
    rotation_interval: duration({
      default: '0s',
      description: 'Begin a new file at each multiple of this in UTC (`24h`: at midnight); `0s` is never.',
    }),
    rotation_max_size: size({
      default: '0B',
      description: 'Begin a new file before the file would grow beyond this; `0B` is no limit.',
    }),
    rotation_max_archives: Type.Integer({
      default: 5,
      minimum: -1,
      description: 'Rotated files that are kept; the oldest are deleted; `-1` keeps all.',
    }),
  },
  STRICT,
);
export type FileConfig = Static<typeof FileOptions>;
