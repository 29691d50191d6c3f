/** `weft version`: what to put into a bug report. */

import { describeError } from '../../core/errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { VERSION } from '../version.js';

export async function version(options: { readonly json?: boolean }): Promise<ExitCode> {
  const addon = await addonInfo();
  const { platform, arch } = process;
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ weft: VERSION, node: process.version, platform, arch, addon })}\n`);
    return EXIT.ok;
  }
  const built =
    'error' in addon
      ? `not loaded: ${addon.error}`
      : `built by compiler ${addon.compiler}, with${addon.verbs ? '' : 'out'} RDMA verbs`;
  process.stdout.write(`weft ${VERSION}\nnode ${process.version} ${platform} ${arch}\naddon ${built}\n`);
  return EXIT.ok;
}

/** An addon that was not built is worth a line of the report, not an error. */
async function addonInfo(): Promise<{ compiler: string; verbs: boolean } | { error: string }> {
  try {
    const { buildInfo } = await import('../../native/index.js');
    return buildInfo();
  } catch (error) {
    return { error: describeError(error) };
  }
}
