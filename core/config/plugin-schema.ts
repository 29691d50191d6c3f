/** The options of one entry: those that every plugin of its kind has, and the plugin's own. */

import { WeftError } from '../errors.js';
import type { PluginDefinition } from '../plugin.js';
import { InputOptions, OutputOptions, ProcessorOptions } from './common.js';
import type { SchemaNode } from './schema.js';
import { asWritten } from './schema-tree.js';

export type PluginKind = PluginDefinition['kind'];

export const COMMON_OPTIONS = {
  input: InputOptions,
  processor: ProcessorOptions,
  output: OutputOptions,
} as const satisfies Record<PluginKind, SchemaNode>;

/**
 * What users may write in an entry of this plugin. Throws WeftError WEFT_PLUGIN_LOAD when the plugin declares an option
 * that every plugin of its kind already has.
 */
export function entrySchema(definition: PluginDefinition): SchemaNode {
  const common: SchemaNode = COMMON_OPTIONS[definition.kind];
  const own: SchemaNode = definition.config;
  const clash = Object.keys(own.properties ?? {}).find((name) => isCommonOption(definition.kind, name));
  if (clash !== undefined) {
    throw new WeftError('WEFT_PLUGIN_LOAD', `it declares the option "${clash}", which every ${definition.kind} has`);
  }
  return asWritten({
    ...own,
    type: 'object',
    properties: { ...own.properties, ...common.properties },
    required: [...(own.required ?? []), ...(common.required ?? [])],
    additionalProperties: false,
  });
}

export function isCommonOption(kind: PluginKind, name: string): boolean {
  return Object.hasOwn(COMMON_OPTIONS[kind].properties, name);
}
