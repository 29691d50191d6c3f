/** What OpenTelemetry's SDK finds wrong, in the environment above all, it tells its own log only: here it gets ours. */

import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { Logger } from './plugin.js';

/** There is one log for all of the SDK in a process: the last one given. */
export function reportSdkTo(log: Logger): void {
  const warn = (message: string): void => log.warn({}, `OpenTelemetry: ${message}`);
  const silent = (): void => undefined;
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
