/** One configuration file: its values, and where in the text each of them stands. */

import { readFile } from 'node:fs/promises';
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { ConfigIssue } from '../errors.js';
import { type Environment, substitute } from './environment.js';

export type Path = readonly (string | number)[];

/** How often aliases may repeat what their anchors hold: refuses files that explode in memory. */
const MAX_ALIASES = 100;

/** Reads and parses a file. `name` is what messages call it, `path` where it is. Never throws: see `Source.issues`. */
export async function readSource(name: string, path: string, env: Environment): Promise<Source> {
  try {
    return new Source(name, await readFile(path, 'utf8'), env);
  } catch (error) {
    const source = new Source(name, '', env);
    source.report([], `cannot read the file: ${error instanceof Error ? error.message : String(error)}`);
    return source;
  }
}

export class Source {
  readonly name: string;
  /** The document as plain values, `${…}` replaced; null when the file is empty or is not valid YAML. */
  readonly value: unknown;
  readonly issues: ConfigIssue[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed<ParsedNode>;
  /** Scalars that held a reference, with their text in the file (the value may be a secret). */
  readonly #references = new Map<unknown, string>();
  /** Scalars whose reference failed: reported once, whatever else is wrong with their value. */
  readonly #failed = new Set<unknown>();

  constructor(name: string, text: string, env: Environment) {
    this.name = name;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const valid = this.#reportSyntax(text);
    if (valid) this.#substitute(env);
    this.value = valid ? this.#toValue() : null;
  }

  /** Adds an issue at the node of `path`, or at its key, or at the nearest ancestor that exists. */
  report(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    if (this.#failed.has(this.#node(path))) return;
    this.#reportAt(this.#offset(path, at), formatPath(path), message);
  }

  /** Where the value of `path` starts, or its nearest ancestor that exists; both count from 1. */
  position(path: Path, at: 'key' | 'value' = 'value'): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(this.#offset(path, at));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The text in the file (`${PORT}`) of a value that comes from the environment, otherwise undefined. */
  reference(path: Path): string | undefined {
    return this.#references.get(this.#node(path));
  }

  #reportAt(offset: number, path: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.issues.push({ file: this.name, line: Math.max(line, 1), column: Math.max(col, 1), path, message });
  }

  /** All repeated keys, or the first syntax error: what follows one is mostly its consequence. */
  #reportSyntax(text: string): boolean {
    const errors: YAMLError[] = [...this.#document.errors, ...this.#document.warnings];
    const repeated = errors.filter((error) => error.code === 'DUPLICATE_KEY');
    for (const error of repeated) {
      const key = /^[^:\n]*/.exec(text.slice(error.pos[0]))?.[0].trim();
      this.#reportAt(error.pos[0], '', `the key ${JSON.stringify(key)} is already in this map; keep one of them`);
    }
    const first = errors.find((error) => error.code !== 'DUPLICATE_KEY');
    if (first === undefined) return true;
    const line = text.split('\n')[this.#lines.linePos(first.pos[0]).line - 1] ?? '';
    const hint = /[[{,].*\$\{/.test(line) ? `; inside [ ] and { } put "\${…}" in quotes` : '';
    this.#reportAt(first.pos[0], '', `not valid YAML: ${first.message}${hint}`);
    return false;
  }

  #substitute(env: Environment): void {
    visit(this.#document, {
      Scalar: (key, node, ancestors) => {
        if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
        const { value, substituted, problems } = substitute(node.value, env);
        if (substituted) this.#references.set(node, node.value);
        node.value = value;
        if (problems.length > 0) this.#failed.add(node);
        const path = formatPath(pathOf(node, ancestors));
        for (const problem of problems) this.#reportAt(startOf(node) ?? 0, path, problem);
      },
    });
  }

  #toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      // An unknown alias, or too many of them: the only ways toJS fails.
      const message = error instanceof Error ? error.message : String(error);
      let offset = 0;
      visit(this.#document, {
        Alias: (_, node) => {
          if (node.resolve(this.#document) !== undefined) return undefined;
          offset = node.range?.[0] ?? 0;
          return visit.BREAK;
        },
      });
      this.#reportAt(offset, '', message);
      return null;
    }
  }

  #node(path: Path): Node | null | undefined {
    let node: unknown = this.#document.contents;
    for (const segment of path) node = this.#child(node, segment)?.value;
    return this.#resolved(node);
  }

  #offset(path: Path, at: 'key' | 'value'): number {
    let offset = startOf(this.#document.contents) ?? 0;
    let node: unknown = this.#document.contents;
    for (const [depth, segment] of path.entries()) {
      const child = this.#child(node, segment);
      if (child === undefined) break;
      const isLast = depth === path.length - 1;
      offset = (isLast && at === 'key' ? undefined : startOf(child.value)) ?? startOf(child.key) ?? offset;
      node = child.value;
    }
    return offset;
  }

  #child(parent: unknown, segment: string | number): { key: unknown; value: unknown } | undefined {
    const node = this.#resolved(parent);
    if (isMap(node)) return node.items.find((pair) => keyText(pair) === String(segment));
    if (!isSeq(node)) return undefined;
    const value = node.items[Number(segment)];
    return value === undefined ? undefined : { key: undefined, value };
  }

  #resolved(node: unknown): Node | null | undefined {
    return (isAlias(node) ? node.resolve(this.#document) : node) as Node | null | undefined;
  }
}

/** `inputs.udp[0].listen` */
export function formatPath(path: Path): string {
  let out = '';
  for (const segment of path) {
    if (typeof segment === 'number') out += `[${segment}]`;
    else out += out === '' ? segment : `.${segment}`;
  }
  return out;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** The path of a node, from what the visitor passed on the way down to it. */
function pathOf(node: Node, ancestors: readonly unknown[]): Path {
  return ancestors.flatMap((ancestor, depth): Path => {
    if (isPair(ancestor)) return [keyText(ancestor)];
    return isSeq(ancestor) ? [ancestor.items.indexOf(ancestors[depth + 1] ?? node)] : [];
  });
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
