/** What every plugin promises by being one: run over all that come with weft. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { builtinPlugins } from '../../bin/plugins.js';
import { systemClock } from '../../core/clock.js';
import { loadConfig } from '../../core/config/load.js';
import { pluginSample, readSample } from '../../core/config/sample.js';
import type { Config } from '../../core/config/types.js';
import { ConfigError, describeError } from '../../core/errors.js';
import { gauge, type Metric } from '../../core/metric.js';
import { createBoard } from '../../core/pinglist/board.js';
import type { Accumulator, Input, Output, PluginContext, PluginDefinition } from '../../core/plugin.js';
import { repositoryRoot } from '../core/config/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { ioDuring } from './io-during.js';
import { runnableConfigs } from './runnable-configs.js';

const README_SECTIONS = ['Configuration', 'Metrics', 'Permissions', 'Troubleshooting', 'Example output'];
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

const METRIC: Metric = { name: 'm', tags: {}, fields: { value: gauge(1) }, timeNs: systemClock.nowNs() };

class Collector implements Accumulator {
  readonly metrics: Metric[] = [];
  readonly errors: unknown[] = [];
  add(metric: Metric): void {
    this.metrics.push(metric);
  }
  addError(error: unknown): void {
    this.errors.push(error);
  }
}

function context(): PluginContext {
  const agent = { hostname: 'host-a', labels: {}, version: '0.0.0', windowMs: 10_000 };
  return {
    name: 'conformance',
    log: QUIET,
    clock: systemClock,
    agent,
    board: createBoard({ log: QUIET, maxRate: 100 }),
  };
}

async function load(folder: string, yaml: string): Promise<Config> {
  const file = join(folder, 'weft.yaml');
  await writeFile(file, yaml);
  return loadConfig({ file, registry: { definitions: builtinPlugins }, env: {} });
}

const instancesOf = (config: Config) => [...config.inputs, ...config.processors, ...config.outputs];

/** What `create` makes of the plugin's runnable configuration. */
async function create(folder: string, definition: PluginDefinition): Promise<Input | Output> {
  const options = (await runnableConfigs(folder))[`${definition.kind}/${definition.id}`];
  assert.ok(options, `add ${definition.kind}/${definition.id} to test/conformance/runnable-configs.ts`);
  const config = await load(folder, stringify({ [`${definition.kind}s`]: { [definition.id]: [options] } }));
  const [instance] = instancesOf(config);
  assert.ok(instance !== undefined);
  return instance.definition.create(instance.config, context()) as Input | Output;
}

const aborted = AbortSignal.abort();
const never = new AbortController().signal;

/** An aborted call may fail or end early; what it must not do is hang, which the runner's timeout finds. */
async function settled(call: Promise<void> | undefined): Promise<void> {
  await call?.catch(() => {});
}

test('there are plugins, and their ids are unique within their kind', () => {
  assert.ok(builtinPlugins.length > 0);
  const keys = builtinPlugins.map(({ kind, id }) => `${kind}/${id}`);
  assert.deepEqual(keys, [...new Set(keys)]);
});

for (const definition of builtinPlugins) {
  const { kind, id } = definition;
  const folderOfPlugin = join(repositoryRoot(), 'plugins', `${kind}s`, id);

  describe(`${kind}s/${id}`, () => {
    test('is laid out like every plugin', () => {
      assert.match(id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      for (const name of ['index.ts', 'config.ts', `${id}.ts`, 'README.md', 'sample.yaml']) {
        assert.ok(existsSync(join(folderOfPlugin, name)), `plugins/${kind}s/${id}/${name} is missing`);
      }
      assert.match(definition.description, /^[A-Z].*\.$/, 'the description is a sentence');
    });

    test('its README has the sections, in order', () => {
      const text = readFileSync(join(folderOfPlugin, 'README.md'), 'utf8');
      const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
      assert.deepEqual(sections, README_SECTIONS);
      for (const marker of ['sample:begin', 'sample:end', 'options:begin', 'options:end']) {
        assert.ok(text.includes(`<!-- ${marker} -->`), `the marker ${marker} is missing`);
      }
    });

    test('its sample is a valid configuration and shows every option', async (t) => {
      const config = await load(await tempFolder(t), pluginSample(definition));
      assert.equal(instancesOf(config).length, 1);
      const shown = [...readSample(definition).matchAll(/^(?:- |\s+(?:# ?)?)([a-z0-9_]+):/gm)].map(([, key]) => key);
      for (const option of Object.keys(definition.config.properties)) {
        assert.ok(shown.includes(option), `the sample does not show ${option}`);
      }
    });

    test('every option is described', () => {
      for (const [option, schema] of Object.entries(definition.config.properties)) {
        assert.ok(schema.description, `${option} has no description`);
      }
    });

    test('a misspelt option is refused, with the right one', async (t) => {
      const [option = ''] = Object.keys(definition.config.properties);
      const misspelt = `${option.slice(0, 1)}${option}`;
      await assert.rejects(
        load(await tempFolder(t), `${kind}s: { ${id}: [ { ${misspelt}: x } ] }\n`),
        (error: ConfigError) => {
          assert.ok(error instanceof ConfigError, describeError(error));
          assert.ok(error.issues.some(({ message }) => message.includes(`did you mean "${option}"?`)));
          return true;
        },
      );
    });

    test('create does no I/O', async (t) => {
      const folder = await tempFolder(t);
      const options = (await runnableConfigs(folder))[`${kind}/${id}`] ?? {};
      const config = await load(folder, stringify({ [`${kind}s`]: { [id]: [options] } }));
      const [instance] = instancesOf(config);
      assert.ok(instance !== undefined);
      const here = context();
      assert.deepEqual(
        ioDuring(() => instance.definition.create(instance.config, here)),
        [],
      );
    });

    if (kind === 'input') describeInput(definition);
    if (kind === 'output') describeOutput(definition);
  });
}

function describeInput(definition: PluginDefinition): void {
  const make = (folder: string) => create(folder, definition) as Promise<Input>;

  test('stop is legal without start, and twice', async (t) => {
    const input = await make(await tempFolder(t));
    await input.stop?.();
    await input.stop?.();
  });

  test('starts, gathers and stops twice', async (t) => {
    const input = await make(await tempFolder(t));
    const acc = new Collector();
    await input.start?.(acc, never);
    await input.gather?.(acc, never);
    await input.stop?.();
    await input.stop?.();
    assert.deepEqual(acc.errors.map(describeError), []);
    for (const { name, fields } of acc.metrics) {
      assert.match(name, /^[a-z][a-z0-9_]*$/);
      assert.ok(Object.keys(fields).length > 0);
    }
  });

  test('starts again after a stop', async (t) => {
    const folder = await tempFolder(t);
    for (let round = 0; round < 2; round++) {
      const input = await make(folder);
      await input.start?.(new Collector(), never);
      await input.stop?.();
    }
  });

  test('an abort ends a start that is under way', async (t) => {
    const input = await make(await tempFolder(t));
    const controller = new AbortController();
    const started = input.start?.(new Collector(), controller.signal);
    controller.abort();
    await settled(started);
    await input.stop?.();
    await settled(input.start?.(new Collector(), aborted));
    await input.stop?.();
  });

  test('an abort ends a gather that is under way, and a stop may come in between', async (t) => {
    const input = await make(await tempFolder(t));
    const acc = new Collector();
    await input.start?.(acc, never);
    const controller = new AbortController();
    const gathered = input.gather?.(acc, controller.signal);
    controller.abort();
    await input.stop?.();
    await settled(gathered);
  });
}

function describeOutput(definition: PluginDefinition): void {
  const make = (folder: string) => create(folder, definition) as Promise<Output>;

  test('close is legal without connect, and twice', async (t) => {
    const output = await make(await tempFolder(t));
    await output.close?.();
    await output.close?.();
  });

  test('connects, writes and closes twice', async (t) => {
    const output = await make(await tempFolder(t));
    await output.connect?.(never);
    await output.write([METRIC], never);
    await output.close?.();
    await output.close?.();
  });

  test('an abort ends a connect that is under way', async (t) => {
    const output = await make(await tempFolder(t));
    const controller = new AbortController();
    const connected = output.connect?.(controller.signal);
    controller.abort();
    await settled(connected);
    await output.close?.();
  });

  test('an abort ends a write that is under way', async (t) => {
    const output = await make(await tempFolder(t));
    await output.connect?.(never);
    const controller = new AbortController();
    const written = output.write([METRIC], controller.signal);
    controller.abort();
    await settled(written);
    await output.close?.();
  });
}
