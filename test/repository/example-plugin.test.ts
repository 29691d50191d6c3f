/** The example of docs/plugins.md: outside the tree, in JavaScript, loaded by package name and by path, and run. */

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { builtinPlugins } from '../../bin/plugins.js';
import { systemClock } from '../../core/clock.js';
import { loadConfig, loadRegistry } from '../../core/config/load.js';
import type { Config } from '../../core/config/types.js';
import { ConfigError } from '../../core/errors.js';
import { createLogger } from '../../core/log.js';
import type { Metric } from '../../core/metric.js';
import { createBoard } from '../../core/pinglist/board.js';
import { Agent } from '../../core/pipeline/agent.js';
import { definePlugin, STRICT, Type } from '../../core/sdk.js';
import { repositoryRoot } from '../core/config/repository.js';
import { tempFolder } from '../support/temp-folder.js';

const EXAMPLE = 'docs/examples/weft-input-loadavg';

/** An output that shows a test what arrives. */
function capture() {
  let arrived: (metric: Metric) => void = () => {};
  const definition = definePlugin({
    kind: 'output',
    id: 'capture',
    description: 'Hands the first metric to a test.',
    config: Type.Object({}, STRICT),
    sample: '- {}\n',
    create: () => ({
      async write(batch: readonly Metric[]) {
        const found = batch.find(({ name }) => name === 'loadavg');
        if (found !== undefined) arrived(found);
      },
    }),
  });
  const first = new Promise<Metric>((resolve) => {
    arrived = resolve;
  });
  return { definition, first };
}

/** A folder as an administrator would make it: the example and weft itself installed beside the configuration. */
async function installed(folder: string): Promise<string> {
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  await symlink(repositoryRoot(), join(modules, 'weft'));
  await cp(join(repositoryRoot(), EXAMPLE), join(modules, 'weft-input-loadavg'), { recursive: true });
  await cp(join(repositoryRoot(), EXAMPLE, 'index.js'), join(folder, 'my-plugin.mjs'));
  return folder;
}

async function run(config: Config, first: Promise<Metric>): Promise<Metric> {
  const log = await createLogger({ level: 'error', format: 'json' });
  const board = createBoard({ log, maxRate: config.agent.max_rate });
  const agent = new Agent({ config, log, clock: systemClock, version: '0.0.0', board });
  await agent.start();
  try {
    return await first;
  } finally {
    await agent.stop();
  }
}

describe('the example plugin', () => {
  for (const name of ['weft-input-loadavg', './my-plugin.mjs']) {
    test(`named ${name}: is listed, checked and run`, async (t) => {
      const folder = await installed(await tempFolder(t));
      const loadavg = join(folder, 'loadavg');
      await writeFile(loadavg, '0.25 0.50 0.75 1/234 5678\n');
      const { definition, first } = capture();
      const registry = { definitions: [...builtinPlugins, definition] };
      const file = join(folder, 'weft.yaml');
      const configure = (option: string) =>
        writeFile(
          file,
          `agent: { interval: 100ms, flush_interval: 100ms }
plugins: [ "${name}" ]
inputs: { loadavg: [ { ${option}: ${loadavg}, tags: { rack: r7 } } ] }
outputs: { capture: [ {} ] }
`,
        );

      await configure('fiel');
      await assert.rejects(loadConfig({ file, registry }), (error: ConfigError) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.issues[0]?.message ?? '', /did you mean "file"\?/);
        return true;
      });

      await configure('file');
      const { definitions } = await loadRegistry({ file, registry });
      assert.equal(definitions.at(-1)?.id, 'loadavg');
      const metric = await run(await loadConfig({ file, registry }), first);
      assert.equal(metric.tags.rack, 'r7');
      const values = Object.entries(metric.fields).map(([field, { value }]) => [field, value]);
      assert.deepEqual(Object.fromEntries(values), { load1: 0.25, load5: 0.5, load15: 0.75 });
    });
  }

  test('is what docs/plugins.md shows, and not longer than it says', async () => {
    const code = await readFile(join(repositoryRoot(), EXAMPLE, 'index.js'), 'utf8');
    const page = await readFile(join(repositoryRoot(), 'docs/plugins.md'), 'utf8');
    const shown = /<!-- example:begin -->\n```js\n([\s\S]*?)```\n<!-- example:end -->/.exec(page)?.[1];
    assert.equal(shown, code);
  });
});
