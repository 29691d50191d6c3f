/** Which format a scraper gets. OpenMetrics is not offered: it adds nothing to what weft has to say. */

export type Format = 'text' | 'protobuf';

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
};

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** The format the Accept header prefers; text when it asks for neither, since that is what people's tools expect. */
export function chooseFormat(accept: string | undefined, offersProtobuf: boolean): Format {
  if (!offersProtobuf || accept === undefined) return 'text';
  let protobuf = 0;
  let text = 0;
  for (const range of accept.split(',').map(parseRange)) {
    if (isProtobuf(range)) protobuf = Math.max(protobuf, range.quality);
    else if (['text/plain', 'text/*', '*/*'].includes(range.type)) text = Math.max(text, range.quality);
  }
  return protobuf > 0 && protobuf >= text ? 'protobuf' : 'text';
}

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  return acceptEncoding
    .split(',')
    .map(parseRange)
    .some((range) => range.type === 'gzip' && range.quality > 0);
}

function isProtobuf({ type, parameters }: Range): boolean {
  return (
    type === 'application/vnd.google.protobuf' &&
    parameters.get('proto') === 'io.prometheus.client.metricfamily' &&
    parameters.get('encoding') === 'delimited'
  );
}

function parseRange(text: string): Range {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map(
    rest.map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)] as const),
  );
  const quality = Number(parameters.get('q') ?? 1);
  return { type, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
