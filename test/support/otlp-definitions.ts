/**
 * Messages of OTLP by the official definitions: the code that the OpenTelemetry project generated from opentelemetry-proto, as
 * one of its older packages has it. What weft sends with is not used to read.
 */

import definitions from 'otlp-definitions/build/src/generated/root.js';

/** What pbjs makes of a message type. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromObject(object: object): object;
  toObject(message: object, options: { longs: StringConstructor }): object;
}

const service = (definitions as unknown as Record<string, never>).opentelemetry as unknown as {
  proto: {
    collector: { metrics: { v1: Record<'ExportMetricsServiceRequest' | 'ExportMetricsServiceResponse', MessageType> } };
  };
};
export const { ExportMetricsServiceRequest, ExportMetricsServiceResponse } = service.proto.collector.metrics.v1;
