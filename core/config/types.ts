/** A configuration that was read, validated and decoded: what the agent runs. */

import type { AnyInputDefinition, AnyOutputDefinition, AnyProcessorDefinition, PluginDefinition } from '../plugin.js';
import type { AgentConfig, InputConfig, OutputConfig, ProcessorConfig } from './common.js';

/** Everything the agent can run, by kind and id; built-in and third-party plugins alike. */
export interface PluginRegistry {
  readonly definitions: readonly PluginDefinition[];
}

/** One entry of the configuration: a plugin, its common options and its own. */
export interface Instance<D, C> {
  readonly definition: D;
  /** Unique among its kind: the alias, or the id (`udp`), or id and position (`udp-2`). */
  readonly name: string;
  readonly common: C;
  /** Valid for `definition.config`, defaults filled in, durations and sizes as numbers. */
  readonly config: never;
  /** Equal for equal definition, common options and own options: an instance with an equal one survives a reload. */
  readonly fingerprint: string;
}

export type InputInstance = Instance<AnyInputDefinition, InputConfig>;
export type ProcessorInstance = Instance<AnyProcessorDefinition, ProcessorConfig>;
export type OutputInstance = Instance<AnyOutputDefinition, OutputConfig>;

export interface Config {
  readonly agent: AgentConfig;
  readonly inputs: readonly InputInstance[];
  readonly processors: readonly ProcessorInstance[];
  readonly outputs: readonly OutputInstance[];
  /** Sections beyond the agent's own, by their name: see core/config/further-section.ts. */
  readonly sections: Readonly<Record<string, object>>;
  /** Every file that was read: what --watch-config watches. */
  readonly files: readonly string[];
}
