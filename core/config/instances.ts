/** Entries of the files as instances that the agent can run: split into common and own options, named, fingerprinted. */

import { createHash } from 'node:crypto';
import { describeError } from '../errors.js';
import type { PluginDefinition } from '../plugin.js';
import { checkValue } from './check-value.js';
import type { AgentConfig } from './common.js';
import { isMap } from './decode.js';
import { remember } from './locate.js';
import { entrySchema, isCommonOption, type PluginKind } from './plugin-schema.js';
import type { SchemaNode } from './schema.js';
import type { Entry } from './sections.js';
import type { Instance } from './types.js';
import type { Validator } from './validator.js';

/** The agent's options that an instance falls back to: a change of one of them is a change of the instance. */
const INHERITED = {
  input: ['interval', 'collection_jitter', 'collection_offset'],
  processor: [],
  output: ['flush_interval', 'flush_jitter', 'metric_batch_size', 'metric_buffer_limit'],
} as const satisfies Record<PluginKind, readonly (keyof AgentConfig)[]>;

/** Entries that are wrong are reported and left out. */
export function buildInstances<D extends PluginDefinition, C>(
  entries: readonly Entry[],
  agent: AgentConfig,
  validator: Validator,
): Instance<D, C>[] {
  const names = new Names();
  const schemas = new Schemas(validator);
  const instances: Instance<D, C>[] = [];
  for (const entry of entries) {
    const { definition, source, path, value } = entry;
    const name = names.claim(entry);
    const schema = schemas.of(entry);
    if (schema === undefined) continue;
    const options = checkValue(validator, schema, source, path, value);
    if (!isMap(options)) continue;
    const isCommon = ([option]: [string, unknown]): boolean => isCommonOption(definition.kind, option);
    const common = Object.fromEntries(Object.entries(options).filter(isCommon));
    const config = Object.fromEntries(Object.entries(options).filter((option) => !isCommon(option)));
    const fingerprint = fingerprintOf(definition, name, common, config, agent);
    const instance = { definition: definition as D, name, common: common as C, config: config as never, fingerprint };
    remember(instance, source, path);
    instances.push(instance);
  }
  return instances;
}

/** The schema of each plugin's entries; one that is not valid is reported once, where the plugin is used. */
class Schemas {
  readonly #validator: Validator;
  readonly #known = new Map<PluginDefinition, SchemaNode | undefined>();

  constructor(validator: Validator) {
    this.#validator = validator;
  }

  of({ definition, source, path }: Entry): SchemaNode | undefined {
    if (!this.#known.has(definition)) {
      try {
        const schema = entrySchema(definition);
        this.#validator.compile(schema);
        this.#known.set(definition, schema);
      } catch (error) {
        this.#known.set(definition, undefined);
        const own = path.slice(0, 2);
        source.report(
          own,
          `the schema of the ${definition.kind} plugin ${definition.id} is wrong: ${describeError(error)}`,
          'key',
        );
      }
    }
    return this.#known.get(definition);
  }
}

/** The alias, or `udp`, `udp-2`, …: id and position among the entries of that id. Reports a name that is taken. */
class Names {
  readonly #counts = new Map<string, number>();
  readonly #owners = new Map<string, Entry>();

  claim(entry: Entry): string {
    const { definition, source, path, value } = entry;
    const position = (this.#counts.get(definition.id) ?? 0) + 1;
    this.#counts.set(definition.id, position);
    const { alias } = value;
    const name = typeof alias === 'string' ? alias : position === 1 ? definition.id : `${definition.id}-${position}`;
    const owner = this.#owners.get(name);
    if (owner === undefined) {
      this.#owners.set(name, entry);
      return name;
    }
    const place = `${owner.source.name}:${owner.source.position(owner.path).line}`;
    source.report(
      [...path, 'alias'],
      `the name ${JSON.stringify(name)} is taken by the ${definition.kind} at ${place}`,
    );
    return name;
  }
}

function fingerprintOf(
  definition: PluginDefinition,
  name: string,
  common: object,
  config: object,
  agent: AgentConfig,
): string {
  const { kind, id } = definition;
  const inherited = Object.fromEntries(INHERITED[kind].map((option) => [option, agent[option]]));
  const { hostname, labels, window } = agent;
  const content = { kind, id, name, common: { ...inherited, ...common }, config, agent: { hostname, labels, window } };
  return createHash('sha256').update(canonical(content)).digest('hex');
}

/** JSON with sorted keys: equal for equal values, whatever the order they were written in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isMap(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
