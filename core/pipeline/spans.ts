/**
 * Spans around calls into plugins, for whoever traces the agent (bin/tracing.ts). Without a tracer they cost next to nothing:
 * the API is made of empty calls then.
 */

import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api';
import { messageOf, type Outcome } from './calls.js';

const tracer = trace.getTracer('weft');

/** Runs `call` in a span, which ends as badly as the call does. */
export function traced<T>(name: string, attributes: Attributes, call: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    const outcome = await call();
    if (!outcome.ok) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(outcome.error) });
    span.end();
    return outcome;
  });
}
