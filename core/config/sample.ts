/** A complete, commented configuration file: what `weft sample` prints. */

import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { WeftError } from '../errors.js';
import type { PluginDefinition } from '../plugin.js';
import { AgentOptions } from './common.js';
import { remedy } from './nearest.js';
import { PLUGIN_SECTIONS, type PluginSection } from './sections.js';

/** Ids of the plugins to show; a section that is left out shows all of its plugins. */
export type SampleSelection = Readonly<Partial<Record<PluginSection, readonly string[]>>>;

const HEADER = `# weft configuration. What is commented out shows the default.
# Durations: 250ms, 10s, 1m30s. Sizes: 64KiB, 1GB. \${VAR}, \${VAR:-default} and \${VAR:?message} come from the environment.
`;

/** YAML. Throws WeftError WEFT_USAGE for an id that no plugin has. */
export function sampleConfig(definitions: readonly PluginDefinition[], selection: SampleSelection = {}): string {
  const sections = (Object.keys(PLUGIN_SECTIONS) as PluginSection[]).map((section) => {
    const known = definitions.filter((definition) => definition.kind === PLUGIN_SECTIONS[section]);
    return sectionSample(section, chosen(section, known, selection[section]));
  });
  return [HEADER, agentSample(), ...sections.filter((text) => text !== '')].join('\n');
}

/** The plugin's sample: the list items that stand under its id. */
export function readSample(definition: PluginDefinition): string {
  const { sample } = definition;
  return typeof sample === 'string' ? sample : readFileSync(sample, 'utf8');
}

/** The plugin's sample as it stands in a configuration file, under its section and id. */
export function pluginSample(definition: PluginDefinition): string {
  return `${definition.kind}s:\n  ${definition.id}:\n${indent(readSample(definition), '    ')}`;
}

function chosen(
  section: PluginSection,
  known: readonly PluginDefinition[],
  ids: readonly string[] | undefined,
): readonly PluginDefinition[] {
  if (ids === undefined) return known;
  return ids.map((id) => {
    const found = known.find((definition) => definition.id === id);
    if (found !== undefined) return found;
    const advice = remedy(
      id,
      known.map((definition) => definition.id),
    );
    throw new WeftError('WEFT_USAGE', `unknown ${PLUGIN_SECTIONS[section]} ${JSON.stringify(id)}; ${advice}`);
  });
}

function agentSample(): string {
  const options = Object.entries(AgentOptions.properties).map(([name, option]) => {
    const value = stringify(option.default, { defaultStringType: 'PLAIN' }).trim();
    return `  ## ${option.description}\n  # ${name}: ${value}\n`;
  });
  return `agent:\n${options.join('')}`;
}

function sectionSample(section: PluginSection, definitions: readonly PluginDefinition[]): string {
  const plugins = definitions.map(
    (definition) => `  ## ${definition.description}\n  ${definition.id}:\n${indent(readSample(definition), '    ')}`,
  );
  return plugins.length === 0 ? '' : `${section}:\n${plugins.join('\n')}`;
}

function indent(text: string, by: string): string {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => (line === '' ? '\n' : `${by}${line}\n`)).join('');
}
