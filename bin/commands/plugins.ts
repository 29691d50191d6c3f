/** `weft plugins`: what can stand in a configuration. */

import { loadRegistry } from '../../core/config/load.js';
import type { PluginDefinition } from '../../core/plugin.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { builtinPlugins } from '../plugins.js';

const KINDS = ['input', 'processor', 'output'] as const;

export interface PluginsOptions {
  readonly kind?: `${(typeof KINDS)[number]}s`;
  readonly config?: string;
  readonly json?: boolean;
}

export async function plugins(options: PluginsOptions): Promise<ExitCode> {
  const known = await definitions(options.config);
  const shown = KINDS.filter((kind) => options.kind === undefined || options.kind === `${kind}s`)
    .map((kind) => known.filter((plugin) => plugin.kind === kind))
    .filter((group) => group.length > 0);
  process.stdout.write(options.json === true ? toJson(shown.flat()) : shown.map(toText).join('\n'));
  return EXIT.ok;
}

async function definitions(configFile: string | undefined): Promise<readonly PluginDefinition[]> {
  const registry = { definitions: builtinPlugins };
  return configFile === undefined ? builtinPlugins : (await loadRegistry({ file: configFile, registry })).definitions;
}

function toText(group: readonly PluginDefinition[]): string {
  const width = Math.max(...group.map(({ id }) => id.length)) + 2;
  return `${group[0]?.kind}s\n${group.map((plugin) => `  ${plugin.id.padEnd(width)}${plugin.description}\n`).join('')}`;
}

function toJson(shown: readonly PluginDefinition[]): string {
  const entries = shown.map(({ kind, id, description }) => ({
    kind,
    id,
    description,
    built_in: builtinPlugins.some((plugin) => plugin.kind === kind && plugin.id === id),
  }));
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}
