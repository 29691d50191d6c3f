/** Which files make up a configuration: the one named, then every YAML file of the directory, in the order of their names. */

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Environment } from './environment.js';
import { readSource, Source } from './source.js';

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly source: Source;
}

export interface FileOptions {
  /** The main file, absolute or relative to `cwd`. */
  readonly file: string;
  /** Its *.yaml and *.yml are read after the main file; folders in it are not. */
  readonly directory?: string | undefined;
  /** Default: process.env. */
  readonly env?: Environment | undefined;
  /** Default: process.cwd(). */
  readonly cwd?: string | undefined;
}

/** Reads everything; what cannot be read or parsed says so in its `source.issues`. */
export async function readConfigFiles(options: FileOptions): Promise<ConfigFile[]> {
  const { env = process.env, cwd = process.cwd() } = options;
  const { names, unreadable } = await filesOf(options.directory, cwd);
  const read = [options.file, ...names].map(async (name) => {
    const path = resolve(cwd, name);
    return { path, source: await readSource(name, path, env) };
  });
  return [...(await Promise.all(read)), ...unreadable];
}

async function filesOf(
  directory: string | undefined,
  cwd: string,
): Promise<{ names: readonly string[]; unreadable: readonly ConfigFile[] }> {
  if (directory === undefined) return { names: [], unreadable: [] };
  const path = resolve(cwd, directory);
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries
      .filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
      .map(({ name }) => name);
    return { names: names.sort().map((name) => join(directory, name)), unreadable: [] };
  } catch (error) {
    const source = new Source(directory, '', {});
    source.report([], `cannot read the directory: ${error instanceof Error ? error.message : String(error)}`);
    return { names: [], unreadable: [{ path, source }] };
  }
}
