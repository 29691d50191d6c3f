/** Reads, checks and decodes a configuration. All that is wrong in form is reported at once; create.ts has the rest. */

import type { ConfigError } from '../errors.js';
import type {
  AnyInputDefinition,
  AnyOutputDefinition,
  AnyProcessorDefinition,
  LoadedDefinition,
  PluginDefinition,
} from '../plugin.js';
import { checkBufferDirectories } from './buffer-directories.js';
import type { InputConfig, OutputConfig, ProcessorConfig } from './common.js';
import { type ConfigFile, type FileOptions, readConfigFiles } from './files.js';
import { readFurtherSections, type SectionDefinition } from './further-section.js';
import { buildInstances } from './instances.js';
import { configError } from './locate.js';
import { checkSections, type Entry, namesPlugin, type PluginSection, readAgent, readEntries } from './sections.js';
import { withThirdParty } from './third-party.js';
import type { Config, PluginRegistry } from './types.js';
import { Validator } from './validator.js';

export interface LoadOptions extends FileOptions {
  /** The built-in plugins; those that the files name under `plugins` are added. */
  readonly registry: PluginRegistry;
  /** Further sections that the files may have; default: none. */
  readonly sections?: readonly SectionDefinition[];
}

/** Throws ConfigError with every mistake in every file. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { sections: further = [] } = options;
  const files = await readConfigFiles(options);
  checkSections(
    files,
    further.map(({ name }) => name),
  );
  const { definitions, complete } = await withThirdParty(options.registry, files);
  const used = definitions.map((plugin) => (namesPlugin(files, plugin) ? loaded(plugin) : plugin));
  const plugins = { definitions: await Promise.all(used), complete };
  const validator = new Validator();
  const agent = readAgent(files, validator);
  const entries = (section: PluginSection): Entry[] => readEntries(files, section, plugins);
  const config: Config = {
    agent,
    inputs: buildInstances<AnyInputDefinition, InputConfig>(entries('inputs'), agent, validator),
    processors: buildInstances<AnyProcessorDefinition, ProcessorConfig>(entries('processors'), agent, validator),
    outputs: buildInstances<AnyOutputDefinition, OutputConfig>(entries('outputs'), agent, validator),
    sections: readFurtherSections(files, further, validator),
    files: files.map(({ path }) => path),
  };
  throwIssues(files);
  checkBufferDirectories(config.outputs);
  const parts = config.inputs.length + config.outputs.length + Object.keys(config.sections).length;
  if (parts === 0) throw nothingToRun(files);
  return config;
}

/** The built-in plugins and those that the files name, whatever else is in the files. Throws ConfigError. */
export async function loadRegistry(options: LoadOptions): Promise<PluginRegistry> {
  const files = await readConfigFiles(options);
  const { definitions } = await withThirdParty(options.registry, files);
  throwIssues(files);
  return { definitions };
}

async function loaded(definition: PluginDefinition): Promise<LoadedDefinition> {
  if (!('load' in definition)) return definition;
  return { ...definition, create: await definition.load() } as LoadedDefinition;
}

/** In the order of files, lines and columns. */
function throwIssues(files: readonly ConfigFile[]): void {
  const issues = files.flatMap(({ source }) =>
    source.issues.toSorted((a, b) => a.line - b.line || a.column - b.column),
  );
  if (issues.length > 0) throw configError(issues);
}

/** An empty file is more likely a slip (a reload in the middle of a write) than a wish for an agent that does nothing. */
function nothingToRun(files: readonly ConfigFile[]): ConfigError {
  files[0]?.source.report([], 'there is nothing to run: the configuration has neither inputs nor outputs');
  return configError(files[0]?.source.issues ?? []);
}
