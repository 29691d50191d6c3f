/** ajv reports the errors of every branch of a union, then the union's. People want to read about the branch they meant. */

import type { ErrorObject } from 'ajv';
import { choicesOf } from './describe.js';
import type { SchemaNode } from './schema.js';
import { withoutQuotes } from './typed-text.js';

/** In place of the errors of a union: those of the branch that was meant, or one of keyword `union`. */
export function foldUnions(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const union = errors.find((error) => isUnion(error) && !errors.some((outer) => isWithin(error, outer)));
  if (union === undefined) return errors;
  const inside = errors.filter((error) => isWithin(error, union));
  const outside = errors.filter((error) => error !== union && !inside.includes(error));
  return [...foldUnions(outside), ...foldUnions(essence(union, inside))];
}

export function schemaOf(error: ErrorObject): SchemaNode {
  return (error.parentSchema ?? {}) as SchemaNode;
}

function isUnion(error: ErrorObject): boolean {
  return error.keyword === 'anyOf' || error.keyword === 'oneOf';
}

function isWithin(error: ErrorObject, union: ErrorObject): boolean {
  return isUnion(union) && error.schemaPath.startsWith(`${union.schemaPath}/`) && isBelow(error, union);
}

/** At the same value or a part of it: one schema may judge many values, such as the items of a list. */
function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  return `${error.instancePath}/`.startsWith(`${union.instancePath}/`);
}

function essence(union: ErrorObject, inside: readonly ErrorObject[]): readonly ErrorObject[] {
  const whole = [{ ...union, keyword: 'union' }];
  if (choicesOf(schemaOf(union)) !== undefined || isQuoted(union)) return whole;
  const branches = (union.schema as readonly unknown[]).map((_, i) =>
    inside.filter((error) => error.schemaPath.startsWith(`${union.schemaPath}/${i}/`)),
  );
  const meant = branches.filter((branch) => branch.length > 0 && !branch.some((error) => excludes(error, union)));
  if (meant.length === 1 && meant[0] !== undefined) return meant[0];
  const open = branches.filter((branch) => !branch.some((error) => isWrongType(error, union)));
  return discriminator(open) ?? whole;
}

/** Whether a branch was meant that wants no quotes. */
function isQuoted(union: ErrorObject): boolean {
  return typeof union.data === 'string' && withoutQuotes(schemaOf(union), union.data) !== undefined;
}

/** Whether the error says that this branch was not meant: another type, another constant, not even a duration. */
function excludes(error: ErrorObject, union: ErrorObject): boolean {
  const isForm = error.keyword === 'weftFormat' && error.instancePath === union.instancePath;
  const isOtherForm = isForm && error.params.atLeast === undefined && error.params.atMost === undefined;
  return error.keyword === 'const' || isWrongType(error, union) || isOtherForm;
}

function isWrongType(error: ErrorObject, union: ErrorObject): boolean {
  return error.keyword === 'type' && error.instancePath === union.instancePath;
}

/** Where every branch wants its own constant in the same option: one error about this option. */
function discriminator(branches: readonly (readonly ErrorObject[])[]): readonly ErrorObject[] | undefined {
  for (const error of branches[0] ?? []) {
    if (error.keyword !== 'const' && error.keyword !== 'required') continue;
    const name: unknown = error.params.missingProperty;
    const same = branches.flatMap((branch) =>
      branch.filter(
        ({ keyword, instancePath, params }) =>
          keyword === error.keyword && instancePath === error.instancePath && params.missingProperty === name,
      ),
    );
    if (same.length !== branches.length) continue;
    const choices = same.map((twin) => twin.params.allowedValue ?? schemaOf(twin).properties?.[String(name)]?.const);
    if (error.keyword === 'const') return [{ ...error, keyword: 'union', parentSchema: { enum: choices } }];
    return [{ ...error, parentSchema: { properties: { [String(name)]: { enum: choices } } } }];
  }
  return undefined;
}
