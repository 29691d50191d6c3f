#!/usr/bin/env node
// Writes what documentation repeats of the code: config/weft.schema.json and config/weft.yaml, the sample and the table of
// options in each plugin's README, and the tables of docs/configuration.md and docs/policies.md. With --check nothing is
// written; every difference is named and the exit code is 1. Reads compiled code: run `npm run build` first.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, build: { type: 'string', default: 'dist' } },
});
const compiled = (path) => import(pathToFileURL(join(root, values.build, path)).href);

const common = await compiled('core/config/common.js');
const { DiskBufferForm } = await compiled('core/config/buffer-options.js');
const { configJsonSchema } = await compiled('core/config/json-schema.js');
const { loadConfig } = await compiled('core/config/load.js');
const { optionsTable } = await compiled('core/config/options-table.js');
const policy = await compiled('core/pinglist/generate/policy.js');
const { pluginSample, sampleConfig } = await compiled('core/config/sample.js');
const definitions = await builtinPlugins();
const { furtherSections } = await compiled('bin/config.js');
const sections = await furtherSections();
const { ControllerOptions } = await compiled('controller/config.js');
const { Controller } = await compiled('controller/server.js');
const { systemClock } = await compiled('core/clock.js');
const { decode } = await compiled('core/config/decode.js');
const { silentLogger } = await compiled('core/log.js');
const { MemoryStoreForm } = await compiled('controller/store/memory-form.js');
const { RedisStoreForm } = await compiled('controller/store/redis-form.js');

const MISTAKES = 'mistakes.yaml';
const problems = [];

generate('config/weft.schema.json', formatJson(configJsonSchema(definitions, sections)));
generate('docs/openapi.json', formatJson(await describeApi()));
generate('docs/openapi-grid.json', formatJson(await describeGridApi()));
generate('docs/openapi-rows.json', formatJson(await describeRowsApi()));
generate('config/weft.yaml', sampleConfig(definitions, firstSteps(definitions)));
inject('docs/configuration.md', {
  'agent-options': optionsTable(common.AgentOptions),
  'filter-options': optionsTable(common.FilterOptions),
  'input-options': optionsTable(withoutFilters(common.InputOptions)),
  'processor-options': optionsTable(withoutFilters(common.ProcessorOptions)),
  'output-options': optionsTable(withoutFilters(common.OutputOptions)),
  'disk-buffer-options': optionsTable(DiskBufferForm),
  'controller-options': optionsTable(ControllerOptions),
  'memory-store-options': optionsTable(MemoryStoreForm),
  'redis-store-options': optionsTable(RedisStoreForm),
  mistakes: fenced('yaml', readFileSync(join(root, 'docs/examples', MISTAKES), 'utf8')),
  'mistakes-output': fenced('', await mistakesIn(MISTAKES)),
});
inject('docs/policies.md', {
  'policy-options': optionsTable(policy.CommonForm),
  'mesh-options': ownOptions(policy.MeshForm),
  'arrow-options': ownOptions(policy.ArrowForm),
  'inter-tor-options': ownOptions(policy.InterTorForm),
  'inter-dc-options': ownOptions(policy.InterDcForm),
});
for (const definition of definitions) {
  inject(`plugins/${definition.kind}s/${definition.id}/README.md`, {
    sample: fenced('yaml', pluginSample(definition)),
    options: optionsTable(definition.config),
  });
}

for (const problem of problems) console.error(problem);
if (problems.length > 0 && values.check) console.error('run: npm run build && node scripts/generate-docs.mjs');
process.exitCode = problems.length > 0 ? 1 : 0;

async function builtinPlugins() {
  if (!existsSync(join(root, values.build, 'bin/plugins.js'))) {
    console.error(`${values.build}/bin/plugins.js is missing: documenting no plugins`);
    return [];
  }
  return (await compiled('bin/plugins.js')).builtinPlugins;
}

/** The routes of a controller that is never started. */
async function describeApi() {
  const config = decode(ControllerOptions, {}, () => true);
  const env = { clock: systemClock, log: silentLogger, version: '' };
  return (await Controller.create(config, env)).describe();
}

/** The routes of a grid that is never served. */
async function describeGridApi() {
  const { describeGrid } = await compiled('plugins/outputs/mesh-grid/api/description.js');
  return describeGrid();
}

async function describeRowsApi() {
  const { describeListener } = await compiled('plugins/inputs/mesh-listener/routes.js');
  return describeListener();
}

/** What weft says of an example that is wrong. */
async function mistakesIn(file) {
  try {
    await loadConfig({ file, cwd: join(root, 'docs/examples'), registry: { definitions }, env: {} });
  } catch (error) {
    if (error.issues?.length > 0) return `${error.message}\n`;
    throw error;
  }
  throw new Error(`docs/examples/${file} should have mistakes`);
}

function fenced(language, text) {
  return `\`\`\`${language}\n${text}\`\`\`\n`;
}

/** The plugins that a first configuration needs, as far as they exist. */
function firstSteps(known) {
  const having = (kind, ids) => ids.filter((id) => known.some((plugin) => plugin.kind === kind && plugin.id === id));
  return {
    inputs: having('input', ['pinglist', 'udp', 'tcp']),
    processors: [],
    outputs: having('output', ['prometheus']),
  };
}

function withoutFilters(schema) {
  const isFilter = ([name]) => name in common.FilterOptions.properties;
  return { ...schema, properties: Object.fromEntries(Object.entries(schema.properties).filter((o) => !isFilter(o))) };
}

/** The options of one mode of policies but for those of all modes. */
function ownOptions(form) {
  const isShared = ([name]) => name === 'mode' || name in policy.CommonForm.properties;
  return optionsTable({
    ...form,
    properties: Object.fromEntries(Object.entries(form.properties).filter((o) => !isShared(o))),
  });
}

/** Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. */
function inject(file, blocks) {
  const path = join(root, file);
  if (!existsSync(path)) {
    problems.push(`${file}: missing`);
    return;
  }
  let text = readFileSync(path, 'utf8');
  for (const [name, content] of Object.entries(blocks)) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) problems.push(`${file}: no ${begin} … ${end}`);
    else text = `${text.slice(0, from + begin.length)}\n${content}${text.slice(to)}`;
  }
  generate(file, text);
}

function generate(file, text) {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  if (values.check) problems.push(`${relative(root, path)}: not up to date`);
  else {
    writeFileSync(path, text);
    console.log(`wrote ${file}`);
  }
}

/** As the formatter of this project wants it, so that the generated file passes the lint. */
function formatJson(document) {
  const biome = join(root, 'node_modules/.bin/biome');
  const input = JSON.stringify(document, null, 2);
  return execFileSync(biome, ['format', '--stdin-file-path=config/weft.schema.json'], {
    cwd: root,
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 2 ** 24,
  });
}
