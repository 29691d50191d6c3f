/**
 * The agent's own traces, for those whose environment asks for them in OpenTelemetry's words (`OTEL_TRACES_EXPORTER`): a span for
 * each gather of an input and each write of an output. Its own metrics need nothing: they are in the pipeline.
 */

import type { Tracer } from '@opentelemetry/api';
import { systemClock } from '../core/clock.js';
import type { Config } from '../core/config/types.js';
import { describeError } from '../core/errors.js';
import { attempt, within } from '../core/pipeline/calls.js';
import type { Logger } from '../core/plugin.js';
import { VERSION } from './version.js';

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is left. Never rejects. */
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Spans are no reason to hold up a stop. */
const STOP_LIMIT_MS = 2_000;

/** Undefined unless asked for: the SDK takes half a second and some 30 MB. */
export async function startTracing(
  { agent }: Config,
  environment: Environment,
  log: Logger,
): Promise<Tracing | undefined> {
  const exporter = environment.OTEL_TRACES_EXPORTER?.trim();
  if (exporter === undefined || exporter === '' || exporter === 'none') return undefined;
  const { reportSdkTo } = await import('../core/sdk-diagnostics.js');
  const { api, NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  reportSdkTo(log);
  const sdk = new NodeSDK({
    resource: resources.resourceFromAttributes({
      'service.name': 'weft',
      'service.version': VERSION,
      'service.instance.id': agent.hostname,
      'host.name': agent.hostname,
    }),
    // Others would tell the command line and the user of the process.
    resourceDetectors: [resources.envDetector],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  log.info({ exporter }, 'the agent traces itself');
  return {
    tracer: api.trace.getTracer('weft'),
    async stop() {
      const outcome = await within(
        systemClock,
        attempt(() => sdk.shutdown()),
        STOP_LIMIT_MS,
      );
      if (typeof outcome === 'symbol') log.warn({}, 'the last spans were not sent: the receiver does not answer');
      else if (!outcome.ok) log.warn({ error: describeError(outcome.error) }, 'the last spans were not sent');
    },
  };
}
