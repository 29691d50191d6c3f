#!/usr/bin/env node
// Puts what the compiler leaves behind, the samples and READMEs of plugins, beside the compiled code.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './source-files.mjs';

const ASSETS = ['sample.yaml', 'README.md'];

const { values } = parseArgs({ options: { build: { type: 'string', default: 'dist' } } });

for (const { name, parentPath, path } of readdirSync(join(root, 'plugins'), { recursive: true, withFileTypes: true })) {
  if (!ASSETS.includes(name)) continue;
  const folder = (parentPath ?? path).slice(root.length);
  cpSync(join(root, folder, name), join(root, values.build, folder, name));
}
