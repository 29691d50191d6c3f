/** Mistakes in a pinglist: all of them at once, but a bounded number, since a list has up to 100 000 targets. */

import { formatPath, type Path } from '../config/source.js';
import { type ConfigIssue, WeftError } from '../errors.js';

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds the place of a value or key; of its nearest parent where it is missing. */
export type Locate = (path: Path, at?: 'key' | 'value') => Place;

/** Where a pinglist comes from. Without `locate` (the list came over HTTP) every mistake is said to be at 1:1. */
export interface PinglistSource {
  /** File name or URL, for messages. */
  readonly file: string;
  readonly locate?: Locate;
}

const MAX_ISSUES = 50;

/** The pinglist is wrong as a whole: nothing of it is used. */
export class PinglistError extends WeftError {
  /** The first 50 mistakes. */
  readonly issues: readonly ConfigIssue[];
  /** How many mistakes there are in all. */
  readonly total: number;

  constructor(file: string, issues: readonly ConfigIssue[], total: number) {
    super('WEFT_PINGLIST', summary(file, issues, total));
    this.issues = issues;
    this.total = total;
  }
}

/** Collects mistakes while a list is read. */
export class IssueCollector {
  readonly #source: PinglistSource;
  readonly #issues: ConfigIssue[] = [];
  #total = 0;

  constructor(source: PinglistSource) {
    this.#source = source;
  }

  get total(): number {
    return this.#total;
  }

  add(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    this.#total++;
    if (this.#issues.length >= MAX_ISSUES) return;
    const place = this.#source.locate?.(path, at) ?? { line: 1, column: 1 };
    this.#issues.push({ file: this.#source.file, ...place, path: formatPath(path), message });
  }

  /** Throws PinglistError if there was any mistake. */
  throwIfAny(): void {
    if (this.#total > 0) throw new PinglistError(this.#source.file, this.#issues, this.#total);
  }
}

function summary(file: string, issues: readonly ConfigIssue[], total: number): string {
  const lines = issues.map(({ line, column, path, message }) => {
    return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
  });
  if (total > issues.length) lines.push(`… and ${total - issues.length} more`);
  return lines.join('\n');
}
