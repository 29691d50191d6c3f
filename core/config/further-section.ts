/**
 * Sections of the file beyond the agent's own: what another part of the program is set up by. Core knows none of them;
 * whoever loads a configuration says which there are.
 */

import { ConfigError } from '../errors.js';
import { checkValue } from './check-value.js';
import type { ConfigFile } from './files.js';
import { locateConfigError, remember } from './locate.js';
import type { Static, TObject } from './schema.js';
import { asWritten } from './schema-tree.js';
import { soleSection } from './sections.js';
import type { Config } from './types.js';
import type { Validator } from './validator.js';

export interface SectionDefinition<S extends TObject = TObject> {
  /** The key at the top of the file. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly schema: S;
  /** Finds what a schema cannot say: throws ConfigError, the paths of whose issues are relative to the section. No I/O. */
  check?(value: Static<S>): void;
}

/** By the name of the section: valid values, decoded, of those that are written. What is wrong is reported. */
export function readFurtherSections(
  files: readonly ConfigFile[],
  definitions: readonly SectionDefinition[],
  validator: Validator,
): Readonly<Record<string, object>> {
  const values: Record<string, object> = {};
  for (const definition of definitions) {
    const path = [definition.name];
    const found = soleSection(files, definition.name);
    if (found === undefined) continue;
    const value = checkValue(validator, asWritten(definition.schema), found.source, path, found.value);
    if (value === undefined) continue;
    const section = value as object;
    remember(section, found.source, path);
    found.source.issues.push(...issuesOf(definition, section));
    values[definition.name] = section;
  }
  return values;
}

/** The section as its definition types it; undefined when the files have none. */
export function sectionOf<S extends TObject>(config: Config, definition: SectionDefinition<S>): Static<S> | undefined {
  return config.sections[definition.name] as Static<S> | undefined;
}

function issuesOf(definition: SectionDefinition, section: object): ConfigError['issues'] {
  try {
    definition.check?.(section as Static<TObject>);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return locateConfigError(section, error).issues;
  }
}
