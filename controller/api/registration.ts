/**
 * What a schema cannot say of a registration. Others will send probes where it says, so an endpoint has to be one host's
 * unicast address.
 */

import { BlockList } from 'node:net';
import type { Registration } from '../../core/control/registration.js';
import { ApiProblem } from '../../core/http/problem.js';
import { canonicalAddress } from '../../core/pinglist/address.js';

type RegisteredEndpoint = Registration['endpoints'][number];
type Issue = { readonly path: string; readonly message: string };

const NOBODY = new BlockList();
NOBODY.addSubnet('0.0.0.0', 8, 'ipv4');
NOBODY.addSubnet('224.0.0.0', 4, 'ipv4');
NOBODY.addAddress('255.255.255.255', 'ipv4');
NOBODY.addAddress('::', 'ipv6');
NOBODY.addSubnet('ff00::', 8, 'ipv6');

/** With every address in its canonical spelling. Throws ApiProblem 400 with all mistakes. */
export function checkedRegistration(registration: Registration): Registration {
  const issues: Issue[] = [];
  const endpoints = registration.endpoints.map((endpoint, i) => {
    const path = `endpoints[${i}]`;
    const checked = { ...endpoint, address: checkedAddress(endpoint.address, `${path}.address`, issues) };
    if (endpoint.transport === 'rdma-ud') issues.push(...rdmaIssues(endpoint, path));
    else if (endpoint.port === 0) issues.push({ path: `${path}.port`, message: 'expected 1 to 65535, found 0' });
    return checked;
  });
  if (issues.length > 0) throw invalidRegistration(issues);
  return { ...registration, endpoints };
}

export function invalidRegistration(issues: readonly Issue[]): ApiProblem {
  const [first] = issues;
  const summary = first === undefined ? '' : `: ${first.path === '' ? '' : `${first.path}: `}${first.message}`;
  return new ApiProblem(400, 'invalid_registration', `the registration is not valid${summary}`, { issues });
}

function checkedAddress(address: string, path: string, issues: Issue[]): string {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || canonical.includes('%')) {
    issues.push({ path, message: `expected an IPv4 or IPv6 address without a zone, found ${JSON.stringify(address)}` });
    return address;
  }
  if (NOBODY.check(canonical, canonical.includes(':') ? 'ipv6' : 'ipv4')) {
    issues.push({ path, message: `${canonical} is no host's own address; register the one where others reach it` });
  }
  return canonical;
}

function rdmaIssues({ attributes }: RegisteredEndpoint, path: string): Issue[] {
  const issues: Issue[] = [];
  if (typeof attributes.gid !== 'string') issues.push({ path: `${path}.attributes.gid`, message: 'a GID is required' });
  if (!Number.isInteger(attributes.qpn)) {
    issues.push({ path: `${path}.attributes.qpn`, message: 'the number of a queue pair is required' });
  }
  return issues;
}
