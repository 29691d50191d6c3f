/** Tags as Prometheus labels. */

import type { Tags } from '../../../core/metric.js';

export type Label = readonly [name: string, value: string];

/** A legal name of a family or label. Colons are legal in families too, but reserved for recording rules. */
export function legalName(text: string): string {
  const legal = text.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[a-zA-Z_]/.test(legal) ? legal : `_${legal}`;
}

/**
 * The tags as legal labels, sorted by name. A label that is `taken` gets a trailing underscore, a leading `__`
 * (reserved for Prometheus itself) becomes `_`. Undefined when two tags become one label.
 */
export function labelsOf(tags: Tags, taken: readonly string[]): readonly Label[] | undefined {
  const labels: Label[] = [];
  for (const tag in tags) {
    const value = tags[tag];
    if (value === undefined || value === '') continue;
    const name = legalName(tag).replace(/^__+/, '_');
    labels.push([taken.includes(name) ? `${name}_` : name, value]);
  }
  labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (let i = 1; i < labels.length; i += 1) if (labels[i]?.[0] === labels[i - 1]?.[0]) return undefined;
  return labels;
}

/**
 * `a="1",b="2"`, escaped as the text format wants it. Joined and not added up, since the engine would keep a sum as a
 * tree of its parts, ten times as large and slower to write at every scrape.
 */
export function formatLabels(labels: readonly Label[]): string {
  return labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',');
}

const SPECIAL = /[\\"\n]/;

function escapeValue(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
