/** Places for the errors that a plugin itself finds in its options: `create` knows the option, this knows the line. */

import { ConfigError, type ConfigIssue } from '../errors.js';
import type { Path, Source } from './source.js';
import { formatPath } from './source.js';

interface Place {
  readonly source: Source;
  readonly path: Path;
}

const places = new WeakMap<object, Place>();

/** Remembers, for as long as the instance lives, where in which file its options stand. */
export function remember(instance: object, source: Source, path: Path): void {
  places.set(instance, { source, path });
}

/**
 * The same error, its issues placed in the file. The paths of its issues are relative to the plugin's options
 * (`listen`, `tls.cert`, `targets[0].address`); an error without issues is placed at the entry. The error itself, when the
 * instance does not come from a file.
 */
export function locateConfigError(instance: object, error: ConfigError): ConfigError {
  const place = places.get(instance);
  if (place === undefined) return error;
  const found = error.issues.length > 0 ? error.issues : [{ path: '', message: error.message }];
  return configError(
    found.map((issue) => locate(place, issue)),
    { cause: error.cause },
  );
}

/** The error for these mistakes: one line each, in the order given. */
export function configError(issues: readonly ConfigIssue[], options?: { cause?: unknown }): ConfigError {
  return new ConfigError(issues.map(formatIssue).join('\n'), issues, options);
}

/** `file:line:column: path: message` */
export function formatIssue({ file, line, column, path, message }: ConfigIssue): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

function locate(place: Place, issue: Pick<ConfigIssue, 'path' | 'message'>): ConfigIssue {
  const relative = issue.path.split(/[.[\]]/).filter((segment) => segment !== '');
  const path = [...place.path, ...relative.map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment))];
  return {
    file: place.source.name,
    ...place.source.position(path),
    path: formatPath(path),
    message: issue.message,
  };
}
