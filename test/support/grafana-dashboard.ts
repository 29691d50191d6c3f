/** A Grafana dashboard as a file holds it: its queries as Grafana would send them, its variables replaced. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../core/config/repository.js';

interface Target {
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  /** PromQL. */
  readonly expr?: string;
  /** InfluxQL. */
  readonly query?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: Target['datasource'];
  readonly targets?: readonly Target[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export interface Query {
  /** `panel title, A` */
  readonly name: string;
  readonly text: string;
}

export async function readDashboard(name: string): Promise<Dashboard> {
  return JSON.parse(await readFile(join(repositoryRoot(), 'config', 'grafana', name), 'utf8'));
}

/** Each query of each panel. `values`: by name of the variable. Throws when one is left. */
export function queriesOf({ panels }: Dashboard, values: Readonly<Record<string, string>>): Query[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr, query }) => ({
      name: `${title}, ${refId}`,
      text: filled(expr ?? query ?? '', values),
    })),
  );
}

/** Of the variables that are filled by a query. */
export function variableQueriesOf({ templating }: Dashboard, values: Readonly<Record<string, string>>): Query[] {
  return templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => ({ name, text: filled(typeof query === 'string' ? query : query.query, values) }));
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`$${name} is no variable of the dashboard: ${text}`);
    return value;
  });
}
