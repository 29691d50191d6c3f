/** The version of the package this file belongs to. */

import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('weft/package.json') as { readonly version: string };

export const VERSION: string = manifest.version;
