/** Walks over schemas. */

import type { SchemaNode } from './schema.js';

/** A copy in which every schema, the innermost first, went through `change`. */
export function mapSchema(schema: SchemaNode, change: (node: SchemaNode) => SchemaNode): SchemaNode {
  const one = (node: SchemaNode): SchemaNode => mapSchema(node, change);
  const { properties, patternProperties, additionalProperties, items, anyOf, oneOf, allOf } = schema;
  return change({
    ...schema,
    ...(properties && { properties: mapValues(properties, one) }),
    ...(patternProperties && { patternProperties: mapValues(patternProperties, one) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: one(additionalProperties) }),
    ...(items && { items: 'map' in items ? items.map(one) : one(items) }),
    ...(anyOf && { anyOf: anyOf.map(one) }),
    ...(oneOf && { oneOf: oneOf.map(one) }),
    ...(allOf && { allOf: allOf.map(one) }),
  });
}

/**
 * The schema as users see it: an option with a default is not required. TypeBox lists every property that is not
 * optional, since it describes the decoded value.
 */
export function asWritten(schema: SchemaNode): SchemaNode {
  return mapSchema(schema, ({ required, ...node }) => {
    const rest = required?.filter((name) => node.properties?.[name]?.default === undefined);
    return { ...node, ...(rest && rest.length > 0 && { required: rest }) };
  });
}

/** What one item of a list has to look like, when all of them look alike. */
export function listItem(schema: SchemaNode): SchemaNode | undefined {
  return schema.items === undefined || 'map' in schema.items ? undefined : schema.items;
}

/** What the values of a map with free keys have to look like. */
export function mapItem(schema: SchemaNode): SchemaNode | undefined {
  const pattern = Object.values(schema.patternProperties ?? {})[0];
  return pattern ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]));
}
