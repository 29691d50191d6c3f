/**
 * Names of keys. What a name, a tag or a figure has in them of `%`, `:`, `=`, braces, white space and control characters is
 * written as `%` and two hexadecimal digits for each byte of its UTF-8, so that a key can be taken apart again, and braces
 * are hash tags only where they are meant: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */

import type { Metric } from '../../../core/metric.js';

const SPECIAL = /[%:={}\s\p{Cc}]/gu;

export function keyPart(text: string): string {
  return text.replace(SPECIAL, (char) => {
    const bytes = [...Buffer.from(char)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
    return `%${bytes.join('%')}`;
  });
}

/** A window of a pair: what all that is not a probe's lacks. */
export function isPairMetric({ name, tags }: Metric): boolean {
  return name === 'probe' && Boolean(tags.transport) && Boolean(tags.src) && Boolean(tags.dst);
}

/** What a pair's metric, or any other series, was last: a hash. */
export function latestKey(prefix: string, metric: Metric): string {
  const { name, tags } = metric;
  if (isPairMetric(metric)) {
    const { transport = '', src = '', dst = '', path = '' } = tags;
    const parts = path === '' ? [transport, src, dst] : [transport, src, dst, path];
    return `${prefix}probe:${parts.map(keyPart).join(':')}`;
  }
  const present = Object.keys(tags).filter((tag) => tags[tag] !== '');
  const series = present.sort().map((tag) => `:${keyPart(tag)}=${keyPart(tags[tag] ?? '')}`);
  return `${prefix}metric:${keyPart(name)}${series.join('')}`;
}

/** Windows of all pairs, as they came. */
export function streamKey(prefix: string, transport: string): string {
  return `${prefix}windows:${keyPart(transport)}`;
}

/** How far one writer has got with a stream; in the stream's slot. */
export function writerKey(prefix: string, stream: string, writer: string): string {
  return `${prefix}writer:{${stream}}:${writer}`;
}

/** A time series of one figure; in the slot of the hash. */
export function seriesKey(prefix: string, latest: string, figure: string): string {
  return `${prefix}ts:{${latest}}:${keyPart(figure)}`;
}

export function channelName(prefix: string, transport: string): string {
  return `${prefix}probe:${keyPart(transport)}`;
}
