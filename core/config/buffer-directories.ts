/** Two outputs must not keep their disk buffers in one directory: found before anything starts, with both places. */

import { resolve } from 'node:path';
import { ConfigError, type ConfigIssue } from '../errors.js';
import { configError, locateConfigError } from './locate.js';
import type { OutputInstance } from './types.js';

/** Throws ConfigError. */
export function checkBufferDirectories(outputs: readonly OutputInstance[]): void {
  const owners = new Map<string, string>();
  const issues: ConfigIssue[] = [];
  for (const output of outputs) {
    const { buffer } = output.common;
    if (buffer?.type !== 'disk') continue;
    const directory = resolve(buffer.directory);
    const owner = owners.get(directory);
    if (owner === undefined) owners.set(directory, output.name);
    else issues.push(...sharedWith(owner, output).issues);
  }
  if (issues.length > 0) throw configError(issues);
}

function sharedWith(owner: string, output: OutputInstance): ConfigError {
  const message = `the output ${owner} buffers in this directory: give each output its own`;
  return locateConfigError(
    output,
    new ConfigError(message, [{ file: '', line: 0, column: 0, path: 'buffer.directory', message }]),
  );
}
