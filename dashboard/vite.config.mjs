import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const outDir = fileURLToPath(new URL('../dist/dashboard', import.meta.url));

export default defineConfig({
  root,
  // The page may be served below any path.
  base: './',
  // Beside the files of earlier builds stands what tests compile of src: only the former are removed.
  plugins: [
    { name: 'remove-old-assets', buildStart: () => rmSync(`${outDir}/assets`, { recursive: true, force: true }) },
  ],
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2022',
    // Inlined files would be data: URLs, which the page's policy forbids; so would a script for old browsers.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
  // `npm run dashboard`: the page anew with each change, with the data of a grid that runs.
  server: { proxy: { '/v1': process.env.WEFT_GRID ?? 'http://127.0.0.1:20120' } },
});
