/** One target of a pinglist, from its form to what probers get. */

import { describeValue } from '../config/describe.js';
import { remedy } from '../config/nearest.js';
import type { Static } from '../config/schema.js';
import type { Path } from '../config/source.js';
import { type RdmaTarget, type Target, type TcpTarget, TRANSPORTS, type UdpTarget } from '../target.js';
import { canonicalAddress } from './address.js';
import { HTTP_PROBE_DEFAULTS, RdmaForm, TcpForm, UdpForm } from './form.js';
import { formReader } from './form-reader.js';
import type { IssueCollector } from './issues.js';

const readUdp = formReader(UdpForm);
const readTcp = formReader(TcpForm);
const readRdma = formReader(RdmaForm);

/** Undefined when something was reported. */
export function readTarget(value: unknown, path: Path, issues: IssueCollector): Target | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.add(path, `expected a target (a map), found ${describeValue(value)}`);
    return undefined;
  }
  const { transport } = value as { transport?: unknown };
  switch (transport) {
    case 'udp':
      return udpTarget(readUdp(value, path, issues), path, issues);
    case 'tcp':
      return tcpTarget(readTcp(value, path, issues), path, issues);
    case 'rdma-ud':
      return rdmaTarget(readRdma(value, path, issues), path, issues);
    default:
      issues.add([...path, 'transport'], unknownTransport(transport));
      return undefined;
  }
}

function unknownTransport(transport: unknown): string {
  const found = `expected a transport, found ${describeValue(transport)}`;
  return `${found}; ${remedy(typeof transport === 'string' ? transport : '', TRANSPORTS)}`;
}

function udpTarget(
  form: Static<typeof UdpForm> | undefined,
  path: Path,
  issues: IssueCollector,
): UdpTarget | undefined {
  if (form === undefined) return undefined;
  const address = readAddress(form.address, path, issues);
  if (address === undefined) return undefined;
  return { transport: 'udp', ...common(form), address, port: form.port, plain: form.plain };
}

function tcpTarget(
  form: Static<typeof TcpForm> | undefined,
  path: Path,
  issues: IssueCollector,
): TcpTarget | undefined {
  if (form === undefined) return undefined;
  const address = readAddress(form.address, path, issues);
  if (form.http !== undefined && form.payload_bytes > 0) {
    issues.add([...path, 'http'], 'expected either "http" or "payload_bytes", found both: a connection carries one');
    return undefined;
  }
  if (address === undefined) return undefined;
  const http = form.http && { ...HTTP_PROBE_DEFAULTS, ...form.http };
  return { transport: 'tcp', ...common(form), address, port: form.port, http };
}

function readAddress(literal: string, path: Path, issues: IssueCollector): string | undefined {
  const address = canonicalAddress(literal);
  if (address === undefined) {
    const found = describeValue(literal);
    issues.add([...path, 'address'], `expected an IPv4 or IPv6 address (names are not looked up), found ${found}`);
  }
  return address;
}

function rdmaTarget(
  form: Static<typeof RdmaForm> | undefined,
  path: Path,
  issues: IssueCollector,
): RdmaTarget | undefined {
  if (form === undefined) return undefined;
  const { gid, qpn, lid, device } = form;
  // Written as an IPv6 address; an IPv4-mapped one is a GID of RoCE v2.
  if (!gid.includes(':') || gid.includes('%') || canonicalAddress(gid) === undefined) {
    const found = describeValue(gid);
    issues.add([...path, 'gid'], `expected a GID such as "fe80::1" or "::ffff:10.0.0.3", found ${found}`);
    return undefined;
  }
  return { transport: 'rdma-ud', ...common(form), gid: gid.toLowerCase(), qpn, lid, device };
}

function common(form: Static<typeof UdpForm> | Static<typeof TcpForm> | Static<typeof RdmaForm>) {
  const { dst, interval, timeout, paths, first_path, payload_bytes, dscp, ttl, mode, labels } = form;
  return {
    dst,
    intervalMs: interval,
    timeoutMs: timeout,
    paths,
    firstPath: first_path,
    payloadBytes: payload_bytes,
    dscp,
    ttl,
    mode,
    labels,
  };
}
