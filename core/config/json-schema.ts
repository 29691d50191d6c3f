/** The JSON schema of the whole configuration file, for completion and checks in editors. weft itself does not read it. */

import type { PluginDefinition } from '../plugin.js';
import { AgentOptions } from './common.js';
import { DURATION_PATTERN } from './durations.js';
import type { SectionDefinition } from './further-section.js';
import { entrySchema } from './plugin-schema.js';
import type { SchemaNode, StringForm } from './schema.js';
import { asWritten, mapSchema } from './schema-tree.js';
import { PLUGIN_SECTIONS } from './sections.js';
import { SIZE_PATTERN } from './sizes.js';

const REFERENCE_PATTERN = '\\$\\{';
const PATTERNS: Readonly<Record<StringForm, string>> = { duration: DURATION_PATTERN, size: SIZE_PATTERN };

/** A JSON document (draft 7). Plugins that are not among `definitions` are accepted, with any options. */
export function configJsonSchema(
  definitions: readonly PluginDefinition[],
  further: readonly SectionDefinition[] = [],
): object {
  const sections = Object.entries(PLUGIN_SECTIONS).map(([section, kind]) => {
    const known = definitions.filter((definition) => definition.kind === kind);
    return [section, sectionSchema(known)];
  });
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'weft configuration',
    type: 'object',
    properties: {
      agent: { ...forEditors(asWritten(AgentOptions)), type: ['object', 'null'] },
      plugins: {
        description: 'Third-party plugins: npm package names, and paths relative to this file.',
        type: ['array', 'null'],
        items: { type: 'string' },
      },
      ...Object.fromEntries(sections),
      ...Object.fromEntries(further.map((definition) => [definition.name, furtherSchema(definition)])),
    },
    additionalProperties: false,
  };
  // Leaves out what only TypeBox understands: symbols and undefined.
  return JSON.parse(JSON.stringify(document)) as object;
}

function sectionSchema(definitions: readonly PluginDefinition[]): object {
  const lists = definitions.map((definition) => [
    definition.id,
    {
      description: definition.description,
      type: 'array',
      items: { ...forEditors(entrySchema(definition)), type: ['object', 'null'] },
    },
  ]);
  return { type: ['object', 'null'], properties: Object.fromEntries(lists), additionalProperties: { type: 'array' } };
}

function furtherSchema({ description, schema }: SectionDefinition): object {
  return { description, ...forEditors(asWritten(schema)), type: ['object', 'null'] };
}

/** Durations and sizes as patterns; `${VAR}` is fine wherever text becomes a number or a boolean. */
function forEditors(schema: SchemaNode): SchemaNode {
  return mapSchema(schema, (node) => {
    const { weftFormat, ...rest } = node;
    const { atLeast, atMost, ...plain } = rest as SchemaNode & { atLeast?: string; atMost?: string };
    if (weftFormat !== undefined) return { ...plain, pattern: `${PATTERNS[weftFormat]}|${REFERENCE_PATTERN}` };
    if (!['integer', 'number', 'boolean'].includes(String(node.type)) || node.const !== undefined) return node;
    const { description, default: fallback, ...value } = plain;
    return {
      ...(description !== undefined && { description }),
      ...(fallback !== undefined && { default: fallback }),
      anyOf: [value, { type: 'string', pattern: REFERENCE_PATTERN } as SchemaNode],
    };
  });
}
