/** The options of a schema as a Markdown table, for READMEs. */

import { describeType } from './describe.js';
import type { SchemaNode } from './schema.js';
import { asWritten, listItem } from './schema-tree.js';

interface Row {
  readonly name: string;
  readonly schema: SchemaNode;
  readonly required: boolean;
}

/** One row an option; `tls.cert` for options of a map, `targets[].address` for those of a list of maps. */
export function optionsTable(schema: SchemaNode): string {
  const rows = rowsOf(asWritten(schema), '').map(({ name, schema: option, required }) => {
    const type = describeType(option).replace(/^an? /, '');
    const fallback = option.default === undefined ? (required ? '**required**' : '–') : code(option.default);
    return [`\`${name}\``, cell(type), fallback, cell(option.description ?? '')].join(' | ');
  });
  if (rows.length === 0) return 'No options of its own.\n';
  return ['option | type | default | description', '--- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}

function rowsOf(schema: SchemaNode, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = `${prefix}${key}`;
    const item = listItem(option);
    const row = { name, schema: option, required: schema.required?.includes(key) ?? false };
    return [row, ...rowsOf(option, `${name}.`), ...(item === undefined ? [] : rowsOf(item, `${name}[].`))];
  });
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
