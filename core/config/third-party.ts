/**
 * Plugins from outside: `plugins: ["weft-input-foo", "./my-plugin.js"]`. A path is relative to the file that names it; a
 * package is looked for from that file's folder upwards, then beside weft. Node caches modules, so a changed plugin
 * needs a restart of the agent, not a reload.
 */

import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeError, WeftError } from '../errors.js';
import type { PluginDefinition } from '../plugin.js';
import { isMap } from './decode.js';
import { describeValue } from './describe.js';
import type { ConfigFile } from './files.js';
import { sections } from './sections.js';
import type { PluginRegistry } from './types.js';

export interface LoadedPlugins extends PluginRegistry {
  /** False when a plugin could not be loaded: an id that nobody knows may then be its. */
  readonly complete: boolean;
}

/** The registry and every plugin that the files name. What cannot be loaded is reported where it is named. */
export async function withThirdParty(registry: PluginRegistry, files: readonly ConfigFile[]): Promise<LoadedPlugins> {
  const definitions = [...registry.definitions];
  let complete = true;
  for (const { file, source, value } of sections(files, 'plugins')) {
    if (!Array.isArray(value)) {
      source.report(['plugins'], `expected a list of package names and paths, found ${describeValue(value)}`);
      continue;
    }
    for (const [i, name] of value.entries()) {
      try {
        if (typeof name !== 'string')
          throw new Error(`expected a package name or a path, found ${describeValue(name)}`);
        const definition = await importPlugin(name, dirname(file.path));
        if (!definitions.includes(definition)) definitions.push(unclashing(definition, definitions));
      } catch (error) {
        complete = false;
        source.report(['plugins', i], describeError(error));
      }
    }
  }
  return { definitions, complete };
}

/** Imports one plugin. Throws WeftError WEFT_PLUGIN_LOAD that says what is missing. */
export async function importPlugin(name: string, fromFolder: string): Promise<PluginDefinition> {
  const file = /^\.{0,2}\//.test(name) ? resolve(fromFolder, name) : await packageEntry(name, fromFolder);
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new WeftError('WEFT_PLUGIN_LOAD', `cannot load the plugin ${JSON.stringify(name)}`, { cause: error });
  }
  const exported = unwrapped(module.default);
  const missing = missingParts(exported);
  if (missing.length === 0) return exported as PluginDefinition;
  throw new WeftError(
    'WEFT_PLUGIN_LOAD',
    `${JSON.stringify(name)} is not a weft plugin: its default export has to be the result of definePlugin, ${missing.join(', ')}`,
  );
}

function unclashing(definition: PluginDefinition, others: readonly PluginDefinition[]): PluginDefinition {
  const { kind, id } = definition;
  if (!others.some((other) => other.kind === kind && other.id === id)) return definition;
  throw new WeftError('WEFT_PLUGIN_LOAD', `there already is a plugin "${id}" among the ${kind}s`);
}

/** A CommonJS module compiled from `export default` arrives one level down. */
function unwrapped(exported: unknown): unknown {
  return isMap(exported) && exported.__esModule === true ? exported.default : exported;
}

function missingParts(exported: unknown): string[] {
  if (!isMap(exported)) return [`found ${describeValue(exported)}`];
  const { kind, id, description, config, sample, create } = exported;
  const faults: [boolean, string][] = [
    [kind === 'input' || kind === 'processor' || kind === 'output', 'kind has to be input, processor or output'],
    [typeof id === 'string' && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id), 'id has to be kebab-case'],
    [typeof description === 'string', 'description has to be a string'],
    [isMap(config) && config.type === 'object', 'config has to be a schema of type object'],
    [typeof sample === 'string' || sample instanceof URL, 'sample has to be a string or URL'],
    [typeof create === 'function', 'create has to be a function'],
  ];
  return faults.filter(([fine]) => !fine).map(([, fault]) => fault);
}

/** The file that `import` of a package would load: as Node does it, but from a folder other than this module's. */
async function packageEntry(name: string, fromFolder: string): Promise<string> {
  const [, packageName, subpath] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(name) ?? [];
  for (const base of [join(fromFolder, 'weft.yaml'), fileURLToPath(import.meta.url)]) {
    const require = createRequire(base);
    for (const folder of require.resolve.paths(name) ?? []) {
      const root = join(folder, packageName ?? name);
      const manifest = await readFile(join(root, 'package.json'), 'utf8').catch(() => undefined);
      if (manifest === undefined) continue;
      const { exports } = JSON.parse(manifest) as { exports?: unknown };
      const target = exports === undefined ? undefined : exportTarget(exports, `.${subpath ?? ''}`);
      const file = target === undefined ? require.resolve(join(root, subpath ?? '')) : join(root, target);
      await access(file);
      return file;
    }
  }
  throw new WeftError(
    'WEFT_PLUGIN_LOAD',
    `cannot find the package ${JSON.stringify(name)} from ${fromFolder}; install it there, or begin a path with ./`,
  );
}

/** The part of Node's `exports` that plugins use: strings, subpaths and the conditions of `import`. */
function exportTarget(exports: unknown, subpath: string): string | undefined {
  if (typeof exports === 'string') return subpath === '.' ? exports : undefined;
  if (!isMap(exports)) return undefined;
  if (Object.keys(exports).some((key) => key.startsWith('.'))) return conditionTarget(exports[subpath]);
  return subpath === '.' ? conditionTarget(exports) : undefined;
}

function conditionTarget(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (!isMap(target)) return undefined;
  for (const [condition, nested] of Object.entries(target)) {
    if (!['node', 'import', 'module-sync', 'default'].includes(condition)) continue;
    const found = conditionTarget(nested);
    if (found !== undefined) return found;
  }
  return undefined;
}
