/** Checks values against a form with ajv and says what is wrong in words: what was expected, what was found. */

import { Ajv, type ErrorObject } from 'ajv';
import { DURATION_EXPECTED, DURATION_PATTERN } from '../config/durations.js';
import { remedy } from '../config/nearest.js';
import type { Static, TSchema } from '../config/schema.js';
import type { Path } from '../config/source.js';
import { canonicalAddress } from './address.js';
import { type IssueCollector, show } from './issues.js';

const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  strict: true,
  formats: {
    duration: new RegExp(DURATION_PATTERN),
    ip: (text: string) => canonicalAddress(text) !== undefined,
    // A GID is written as an IPv6 address; an IPv4-mapped one is a RoCE v2 GID.
    gid: (text: string) => text.includes(':') && !text.includes('%') && canonicalAddress(text) !== undefined,
  },
});

const FORMAT_NAMES: Readonly<Record<string, string>> = {
  duration: DURATION_EXPECTED,
  ip: 'an IPv4 or IPv6 address (names are not looked up)',
  gid: 'a GID such as "fe80::1" or "::ffff:10.0.0.3"',
};

/** Tells whether `value` has the form; if not, its mistakes are in `issues`, under `path`. */
export function checker<S extends TSchema>(
  schema: S,
): (value: unknown, path: Path, issues: IssueCollector) => value is Static<S> {
  const validate = ajv.compile<Static<S>>(schema);
  const keys = Object.keys((schema.properties as object | undefined) ?? {});
  return (value, path, issues): value is Static<S> => {
    if (validate(value)) return true;
    for (const error of validate.errors ?? []) report(error, path, keys, issues);
    return false;
  };
}

function report(error: ErrorObject, path: Path, keys: readonly string[], issues: IssueCollector): void {
  // Instance paths are JSON pointers; the forms have no arrays below the checked value, so every part is a key.
  const parts = error.instancePath.split('/').slice(1).map(unescapePointer);
  const at = [...path, ...parts];
  if (error.keyword === 'required') {
    issues.add([...at, String(error.params.missingProperty)], 'is required and missing');
  } else if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty);
    const isLabel = parts.length > 0;
    const message = isLabel ? 'is not a label name (letters, digits and _)' : `unknown key; ${remedy(key, keys)}`;
    issues.add([...at, key], message, 'key');
  } else {
    issues.add(at, `expected ${expectation(error)}, found ${show(error.data)}`);
  }
}

function expectation(error: ErrorObject): string {
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      return `${/^[aeiou]/.test(String(params.type)) ? 'an' : 'a'} ${String(params.type)}`;
    case 'const':
      return show(params.allowedValue);
    case 'minimum':
      return `at least ${String(params.limit)}`;
    case 'maximum':
      return `at most ${String(params.limit)}`;
    case 'minLength':
      return 'text that is not empty';
    case 'maxLength':
      return `at most ${String(params.limit)} characters`;
    case 'format':
      return FORMAT_NAMES[String(params.format)] ?? String(params.format);
    default:
      return error.message ?? error.keyword;
  }
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
