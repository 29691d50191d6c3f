#!/usr/bin/env node
/** The program: signals first, then everything else, and the only `process.exit`. */

import { Signals } from './signals.js';

const signals = new Signals((code) => process.exit(code));
// A reader that goes away (`weft plugins | head -1`) is no failure; commands that last listen for it themselves.
process.stdout.on('error', () => {});
const { main } = await import('./program.js');
process.exit(await main(process.argv, signals));
