#!/usr/bin/env node
// The layers of the addon: base <- net, rdma <- napi. Only napi knows Node, only rdma knows verbs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish, root, sourceFiles } from './source-files.mjs';

const SOURCE = /^native\/src\/(?<layer>[^/]+)\/.+\.(cc|h)$/;
const INCLUDE = /^\s*#\s*include\s+(?:"(?<own>[^"]+)"|<(?<system>[^>]+)>)/gm;

/** What each layer may include of the others. */
const MAY_INCLUDE = {
  base: ['base'],
  net: ['base', 'net'],
  rdma: ['base', 'rdma'],
  napi: ['base', 'net', 'rdma', 'napi'],
};
/** System headers that belong to one layer. */
const RESERVED = [
  { pattern: /^(napi|node_api|js_native_api|node|uv|v8)\.h$/, layer: 'napi' },
  { pattern: /^infiniband\//, layer: 'rdma' },
];

/** What the others may include of it: the addon is built without the rest of it where verbs are missing. */
const DOOR = { layer: 'rdma', header: 'rdma/rdma.h' };

const problems = sourceFiles().flatMap((path) => {
  const layer = SOURCE.exec(path)?.groups?.layer;
  if (layer === undefined) return [];
  const allowed = MAY_INCLUDE[layer];
  if (allowed === undefined) return [`${path}: ${layer} is no layer of the addon`];
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(INCLUDE)].flatMap(({ groups: { own, system } }) => {
    const header = own ?? system;
    const reserved = RESERVED.find(({ pattern }) => pattern.test(header));
    if (reserved && reserved.layer !== layer) return [`${path}: only ${reserved.layer} may include ${header}`];
    if (layer !== DOOR.layer && own?.startsWith(`${DOOR.layer}/`) && own !== DOOR.header) {
      return [`${path}: of ${DOOR.layer} it may include ${DOOR.header} only`];
    }
    const other = own?.includes('/') ? own.split('/').at(-2) : undefined;
    return other !== undefined && !allowed.includes(other) ? [`${path}: ${layer} may not include ${header}`] : [];
  });
});

finish('native layers', problems);
