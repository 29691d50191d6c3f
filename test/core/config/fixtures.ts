/** Plugins with every form of option, and temporary folders, for the tests of the configuration. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { duration, STRICT, size, Type } from '../../../core/config/schema.js';
import type { PluginRegistry } from '../../../core/config/types.js';
import { definePlugin } from '../../../core/plugin.js';

const udp = definePlugin({
  kind: 'input',
  id: 'udp',
  description: 'Probes over UDP.',
  sample: '- listen: "0.0.0.0:862"\n  # rate: 100\n\n  # buffer: 64KiB\n',
  config: Type.Object(
    {
      listen: Type.String({ default: '0.0.0.0:862', minLength: 1, description: 'Where the reflector answers.' }),
      rate: Type.Integer({ default: 100, minimum: 1, maximum: 1000, description: 'Answers a second.' }),
      timestamps: Type.Boolean({ default: true }),
      buffer: size({ default: '64KiB', atLeast: '4KiB', atMost: '1MiB', description: 'Socket buffer | each way.' }),
      pause: Type.Optional(Type.Union([duration({ atLeast: '1ms' }), Type.Literal('auto'), Type.Integer()])),
      auth: Type.Optional(
        Type.Union([
          Type.Object({ kind: Type.Literal('key'), key: Type.String() }, STRICT),
          Type.Object(
            { kind: Type.Literal('rotating'), key: Type.String(), every: duration({ default: '1h' }) },
            STRICT,
          ),
        ]),
      ),
      timeouts: Type.Record(Type.String(), duration(), { default: { '10.0.0.0/8': '500ms' } }),
      tls: Type.Object(
        { cert: Type.Optional(Type.String()), reload: duration({ default: '5m' }) },
        { ...STRICT, default: {} },
      ),
      peers: Type.Optional(
        Type.Array(Type.Object({ address: Type.String(), wait: duration({ default: '1s' }) }, STRICT)),
      ),
    },
    STRICT,
  ),
  create: () => ({}),
});

const rename = definePlugin({
  kind: 'processor',
  id: 'rename',
  description: 'Renames.',
  sample: '- {}\n',
  config: Type.Object({}, STRICT),
  create: () => ({ process: (metric) => metric }),
});

const file = definePlugin({
  kind: 'output',
  id: 'file',
  description: 'Writes files.',
  sample: '- path: metrics.out\n',
  config: Type.Object(
    {
      path: Type.String({ description: 'Where to write.' }),
      format: Type.Union([Type.Literal('json'), Type.Literal('line'), Type.Literal('csv')], { default: 'json' }),
    },
    STRICT,
  ),
  create: () => ({ write: async () => {} }),
});

export const registry: PluginRegistry = { definitions: [udp, rename, file] };

/** A folder with these files, removed when the test ends. */
export async function folderWith(test: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-config-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}
