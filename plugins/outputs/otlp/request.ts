/** Points as the request that the SDK's serializers write: resource, scope, metrics. */

import { ValueType } from '@opentelemetry/api';
import { metrics, resources } from '@opentelemetry/sdk-node';
import type { AgentInfo } from '../../../core/plugin.js';
import type { Temporality } from './config.js';
import type { Stream } from './streams.js';

type Resource = resources.Resource;
type ResourceMetrics = metrics.ResourceMetrics;
type MetricData = metrics.MetricData;

/** What the metrics are about: this agent, then what the environment says (`OTEL_RESOURCE_ATTRIBUTES`), then `own`. */
export function resourceOf(agent: AgentInfo, own: Readonly<Record<string, string>>): Resource {
  const labels = Object.entries(agent.labels).map(([label, value]) => [`weft.label.${label}`, value] as const);
  return resources
    .defaultResource()
    .merge(
      resources.resourceFromAttributes({
        'service.name': 'weft',
        'service.version': agent.version,
        // One agent a host: its name tells it from the others, and stays through restarts.
        'service.instance.id': agent.hostname,
        'host.name': agent.hostname,
        ...Object.fromEntries(labels),
      }),
    )
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ ...own }));
}

export function requestOf(
  streams: readonly Stream[],
  { resource, version, temporality }: { resource: Resource; version: string; temporality: Temporality },
): ResourceMetrics {
  const scope = { name: 'weft', version };
  const { CUMULATIVE, DELTA } = metrics.AggregationTemporality;
  const aggregationTemporality = temporality === 'delta' ? DELTA : CUMULATIVE;
  return {
    resource,
    scopeMetrics: [{ scope, metrics: streams.map((stream) => metricData(stream, aggregationTemporality)) }],
  };
}

function metricData(stream: Stream, aggregationTemporality: metrics.AggregationTemporality): MetricData {
  const { DataPointType } = metrics;
  const isWhole = stream.kind === 'sum' && stream.isWhole;
  const valueType = isWhole ? ValueType.INT : ValueType.DOUBLE;
  const common = {
    descriptor: { name: stream.name, description: '', unit: stream.unit, valueType },
    aggregationTemporality,
  };
  switch (stream.kind) {
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: stream.points };
    case 'sum':
      return { ...common, dataPointType: DataPointType.SUM, dataPoints: stream.points, isMonotonic: true };
    case 'histogram':
      return { ...common, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints: stream.points };
  }
}
