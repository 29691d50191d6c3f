/**
 * The configuration with the environment below it, for what weft itself has to know before it connects; the rest of
 * `OTEL_EXPORTER_OTLP_*` is read by the SDK. Does no I/O.
 */

import { validateHeaderName } from 'node:http';
import { ConfigError } from '../../../core/errors.js';
import { COMPRESSIONS, type OtlpConfig, PROTOCOLS, type Protocol, type Temporality } from './config.js';

export interface Settings {
  readonly protocol: Protocol;
  readonly temporality: Temporality;
  /** As the SDK wants it, with the path; undefined: what the environment says, or the default. */
  readonly url: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PATH = 'v1/metrics';
/** What HTTP and gRPC both take. */
const HEADER_VALUE = /^[ -~]*$/;
const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

/** Throws ConfigError, for the environment too: a collector that gets nothing because of a typo is found late. */
export function settingsOf(config: OtlpConfig, environment: Environment): Settings {
  const { tls_cert: cert, tls_key: key } = config;
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigError('tls_cert and tls_key belong together: set both or neither');
  checkHeaders(config.headers ?? {});
  const protocol = config.protocol ?? protocolOf(environment);
  const temporality = config.temporality ?? temporalityOf(environment);
  if (config.timeout === undefined) checkTimeout(environment);
  if (config.compression === undefined) checkCompression(environment);
  const found = forSignal(environment, 'ENDPOINT');
  if (config.endpoint === undefined) {
    // gRPC has a form without a scheme; the SDK reads that.
    if (found !== undefined && protocol !== 'grpc') checkedUrl(found.name, found.value);
    return { protocol, temporality, url: undefined };
  }
  const url = checkedUrl('endpoint', config.endpoint);
  if (url.protocol === 'http:' && (config.tls_ca ?? cert) !== undefined)
    throw new ConfigError('tls_ca, tls_cert and tls_key need an endpoint that begins with https://');
  if (protocol !== 'grpc') appendPath(url);
  return { protocol, temporality, url: url.href };
}

/** Otherwise each single write would fail. Values may be secret: they are not repeated. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
    } catch {
      throw new ConfigError(`headers: ${JSON.stringify(name)} is no name of a header; use letters, digits and hyphens`);
    }
    if (!HEADER_VALUE.test(value))
      throw new ConfigError(`headers: the value of ${JSON.stringify(name)} has to be visible ASCII on one line`);
  }
}

function protocolOf(environment: Environment): Protocol {
  const found = forSignal(environment, 'PROTOCOL');
  if (found === undefined) return 'http/protobuf';
  const known = PROTOCOLS.find((protocol) => protocol === found.value);
  if (known !== undefined) return known;
  throw new ConfigError(`${found.name}: expected one of ${PROTOCOLS.join(', ')}, found "${found.value}"`);
}

function temporalityOf(environment: Environment): Temporality {
  const value = environment[TEMPORALITY]?.trim().toLowerCase();
  if (value === undefined || value === '' || value === 'cumulative') return 'cumulative';
  // Of all that weft sends, lowmemory makes deltas too.
  if (value === 'delta' || value === 'lowmemory') return 'delta';
  throw new ConfigError(`${TEMPORALITY}: expected cumulative, delta or lowmemory, found "${value}"`);
}

/** The SDK would pass over a wrong one with a warning, and take its default. */
function checkTimeout(environment: Environment): void {
  const found = forSignal(environment, 'TIMEOUT');
  if (found === undefined || (Number.isFinite(Number(found.value)) && Number(found.value) > 0)) return;
  throw new ConfigError(
    `${found.name}: expected milliseconds, more than 0, such as 10000, found "${found.value}"; correct it, or set timeout, which goes before it`,
  );
}

function checkCompression(environment: Environment): void {
  const found = forSignal(environment, 'COMPRESSION');
  if (found === undefined || COMPRESSIONS.some((compression) => compression === found.value)) return;
  throw new ConfigError(
    `${found.name}: expected gzip or none, found "${found.value}"; correct it, or set compression, which goes before it`,
  );
}

/** The variable of metrics goes before that of all signals; an empty one counts as not set. */
function forSignal(environment: Environment, option: string): { name: string; value: string } | undefined {
  for (const name of [`OTEL_EXPORTER_OTLP_METRICS_${option}`, `OTEL_EXPORTER_OTLP_${option}`]) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

function checkedUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The text may hold a password: it is not repeated.
  if (url !== undefined && `${url.username}${url.password}` !== '')
    throw new ConfigError(`${name}: expected no name and password in it; use headers, or a client certificate`);
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new ConfigError(`${name}: expected a URL such as "http://collector:4318", found "${text}"`);
  return url;
}

function appendPath(url: URL): void {
  if (url.pathname.endsWith(`/${PATH}`)) return;
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${PATH}`;
}
