/**
 * Spans around calls into plugins, for whoever traces the agent (bin/tracing.ts). The package of the API is loaded there, and
 * only if someone does: here are its types.
 */

import type { Attributes, SpanStatusCode, Tracer } from '@opentelemetry/api';
import { messageOf, type Outcome } from './calls.js';

const ERROR: SpanStatusCode.ERROR = 2;

/** Runs `call`; if there is a tracer, in a span, which ends as badly as the call does. */
export function traced<T>(
  tracer: Tracer | undefined,
  name: string,
  attributes: Attributes,
  call: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (tracer === undefined) return call();
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    const outcome = await call();
    if (!outcome.ok) span.setStatus({ code: ERROR, message: messageOf(outcome.error) });
    span.end();
    return outcome;
  });
}
