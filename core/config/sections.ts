/** The top level of the files: which sections there are, and which entries of which plugins they hold. */

import type { PluginDefinition } from '../plugin.js';
import { checkValue } from './check-value.js';
import { type AgentConfig, AgentOptions } from './common.js';
import { decode, isMap } from './decode.js';
import { describeValue } from './describe.js';
import type { ConfigFile } from './files.js';
import { remedy } from './nearest.js';
import type { PluginKind } from './plugin-schema.js';
import { asWritten } from './schema-tree.js';
import type { Path, Source } from './source.js';
import type { Validator } from './validator.js';

/** The sections that hold plugins, and the kind each of them holds. */
export const PLUGIN_SECTIONS = { inputs: 'input', processors: 'processor', outputs: 'output' } as const;
export type PluginSection = keyof typeof PLUGIN_SECTIONS;

const SECTIONS = ['agent', 'plugins', ...Object.keys(PLUGIN_SECTIONS)];

/** One item of the list under `inputs.<id>`. */
export interface Entry {
  readonly source: Source;
  readonly path: Path;
  readonly definition: PluginDefinition;
  readonly value: Readonly<Record<string, unknown>>;
}

/** `further`: names of sections that are neither the agent's nor the plugins'. */
export function checkSections(files: readonly ConfigFile[], further: readonly string[]): void {
  const known = [...SECTIONS, ...further];
  for (const { source } of files) {
    if (source.value === null) continue;
    if (!isMap(source.value)) {
      source.report([], `expected a map with ${known.join(', ')}, found ${describeValue(source.value)}`);
      continue;
    }
    for (const key of Object.keys(source.value)) {
      if (known.includes(key)) continue;
      source.report([key], `unknown section ${JSON.stringify(key)}; ${remedy(key, known)}`, 'key');
    }
  }
}

export function readAgent(files: readonly ConfigFile[], validator: Validator): AgentConfig {
  const found = soleSection(files, 'agent');
  const checked = found && checkValue(validator, asWritten(AgentOptions), found.source, ['agent'], found.value);
  return (checked ?? decode(AgentOptions, {}, () => false)) as AgentConfig;
}

/**
 * A section that may stand in one file only, since which of two would win is not for the order of file names to decide.
 * Reports the others.
 */
export function soleSection(
  files: readonly ConfigFile[],
  name: string,
): { readonly source: Source; readonly value: unknown } | undefined {
  const [first, ...others] = sections(files, name);
  for (const { source } of others) {
    const place = first && `${first.source.name}:${first.source.position([name], 'key').line}`;
    source.report([name], `"${name}" is already set in ${place}; it may be set once`, 'key');
  }
  return first;
}

/**
 * The entries under `section`, in the order of files and lines. Reports what is not a list of maps of a known plugin;
 * unless the definitions are complete, an unknown id may belong to the plugin that is missing and is passed over.
 */
export function readEntries(
  files: readonly ConfigFile[],
  section: PluginSection,
  { definitions, complete }: { readonly definitions: readonly PluginDefinition[]; readonly complete: boolean },
): Entry[] {
  return sections(files, section).flatMap(({ source, value }) => {
    if (!isMap(value)) {
      source.report([section], `expected a map of plugin ids, found ${describeValue(value)}`);
      return [];
    }
    return Object.entries(value).flatMap(([id, list]) => {
      const definition = definitions.find((known) => known.kind === PLUGIN_SECTIONS[section] && known.id === id);
      if (definition === undefined) {
        if (complete) source.report([section, id], unknownPlugin(PLUGIN_SECTIONS[section], id, definitions), 'key');
        return [];
      }
      return entriesOf(source, [section, id], definition, list);
    });
  });
}

/** Whether there are entries of the plugin, right or wrong. */
export function namesPlugin(files: readonly ConfigFile[], { kind, id }: PluginDefinition): boolean {
  return sections(files, `${kind}s`).some(({ value }) => isMap(value) && Object.hasOwn(value, id));
}

function entriesOf(source: Source, path: Path, definition: PluginDefinition, list: unknown): Entry[] {
  if (isMap(list)) {
    source.report(path, 'expected a list of option maps, found a map; begin its first option with "- "', 'key');
    return [{ source, path, definition, value: list }];
  }
  if (!Array.isArray(list)) {
    source.report(
      path,
      `expected a list of option maps, found ${describeValue(list)}; write [ {} ] for one with defaults`,
    );
    return [];
  }
  return list.flatMap((item: unknown, i) => {
    const value = item ?? {};
    if (isMap(value)) return [{ source, path: [...path, i], definition, value }];
    source.report([...path, i], `expected a map of options, found ${describeValue(value)}`);
    return [];
  });
}

function unknownPlugin(kind: PluginKind, id: string, definitions: readonly PluginDefinition[]): string {
  const elsewhere = definitions.find((known) => known.id === id);
  const ids = definitions.filter((known) => known.kind === kind).map((known) => known.id);
  const advice = elsewhere ? `it belongs under ${elsewhere.kind}s` : remedy(id, ids);
  return `unknown ${kind} ${JSON.stringify(id)}; ${advice}`;
}

/** Where a section is written; one whose content is all commented out counts as not written. */
export function sections(
  files: readonly ConfigFile[],
  section: string,
): { source: Source; file: ConfigFile; value: unknown }[] {
  return files.flatMap((file) => {
    const value = isMap(file.source.value) ? file.source.value[section] : undefined;
    return value === undefined || value === null ? [] : [{ source: file.source, file, value }];
  });
}
