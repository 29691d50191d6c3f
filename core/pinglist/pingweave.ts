/**
 * PingWeave's pinglist, so that its users can keep theirs. It lists whole groups and is the same on every host:
 *
 *   mesh:  { udp: { <group>: [ip, …] } }                  every member probes every other member
 *   arrow: { udp: { <group>: { src: […], dst: […] } } }   only src probes dst
 *
 * An agent takes the parts in which one of its own addresses appears. As in PingWeave, a target that several groups name
 * is probed once (mesh first), an empty protocol is no mistake and `0.0.0.0` stands for nobody. Unlike in PingWeave, a
 * host does not probe itself.
 */

import { isMap } from '../config/decode.js';
import { describeValue } from '../config/describe.js';
import type { Path } from '../config/source.js';
import type { Pinglist, Target } from '../target.js';
import { canonicalAddress, isUnspecified } from './address.js';
import { IssueCollector, type PinglistSource } from './issues.js';
import { MAX_TARGETS } from './limits.js';
import { revisionOf } from './pinglist.js';
import { readTarget } from './target-reader.js';

export interface PingweaveOptions {
  readonly source: PinglistSource;
  /** Addresses of this host. */
  readonly localAddresses: readonly string[];
  /** Where the members' reflectors answer: the form has no ports. */
  readonly ports: { readonly udp: number; readonly tcp: number };
}

export interface PingweavePinglist extends Pinglist {
  /** What was left out, and why. */
  readonly warnings: readonly string[];
}

const IP_PROTOCOLS = ['udp', 'tcp'] as const;
const RDMA_PROTOCOLS = ['roce', 'ib'] as const;
type Protocol = (typeof IP_PROTOCOLS)[number] | (typeof RDMA_PROTOCOLS)[number];

export function isPingweave(data: unknown): boolean {
  return isMap(data) && ('mesh' in data || 'arrow' in data);
}

/** Returns this host's targets. Throws PinglistError with every mistake. */
export function parsePingweave(data: unknown, options: PingweaveOptions): PingweavePinglist {
  return new Reader(options).read(data);
}

interface Group {
  readonly kind: 'mesh' | 'arrow';
  readonly protocol: Protocol;
  readonly name: string;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
}

class Reader {
  readonly #issues: IssueCollector;
  readonly #options: PingweaveOptions;
  readonly #local: ReadonlySet<string>;
  readonly #warnings: string[] = [];
  readonly #targets = new Map<string, Target>();
  readonly #withoutRegistry = { roce: 0, ib: 0 };

  constructor(options: PingweaveOptions) {
    this.#options = options;
    this.#issues = new IssueCollector(options.source);
    this.#local = new Set(options.localAddresses.map((address) => canonicalAddress(address) ?? address));
  }

  read(data: unknown): PingweavePinglist {
    const groups = this.#entries(data, []).flatMap(([kind, section]) => {
      if (kind === 'mesh' || kind === 'arrow') return this.#section(kind, section);
      this.#issues.add([kind], 'expected "mesh" or "arrow"', 'key');
      return [];
    });
    for (const group of groups) this.#addTargetsOf(group);
    if (this.#targets.size > MAX_TARGETS) {
      this.#issues.add([], `${this.#targets.size} targets for this host, the limit is ${MAX_TARGETS}`);
    }
    this.#issues.throwIfAny();
    for (const protocol of RDMA_PROTOCOLS) {
      const left = this.#withoutRegistry[protocol];
      if (left === 0) continue;
      this.#warnings.push(
        `${left} ${protocol} targets left out: RDMA needs GID and QP number, which only a registry knows`,
      );
    }
    const targets = [...this.#targets.values()];
    return { revision: revisionOf(targets), targets, warnings: this.#warnings };
  }

  #section(kind: 'mesh' | 'arrow', section: unknown): Group[] {
    return this.#entries(section, [kind]).flatMap(([protocol, groups]) => {
      if (isProtocol(protocol)) return this.#groups(kind, protocol, groups);
      this.#issues.add([kind, protocol], 'expected "udp", "tcp", "roce" or "ib"', 'key');
      return [];
    });
  }

  #groups(kind: 'mesh' | 'arrow', protocol: Protocol, groups: unknown): Group[] {
    return this.#entries(groups, [kind, protocol]).map(([name, value]): Group => {
      const path = [kind, protocol, name];
      if (kind === 'mesh') {
        const members = this.#addresses(value, path);
        return { kind, protocol, name, sources: members, destinations: members };
      }
      const ends = new Map(this.#entries(value, path));
      for (const end of ends.keys()) {
        if (end !== 'src' && end !== 'dst') this.#issues.add([...path, end], 'expected "src" or "dst"', 'key');
      }
      const sources = this.#addresses(ends.get('src'), [...path, 'src']);
      return { kind, protocol, name, sources, destinations: this.#addresses(ends.get('dst'), [...path, 'dst']) };
    });
  }

  #addTargetsOf(group: Group): void {
    const { protocol, sources, destinations } = group;
    if (!sources.some((address) => this.#local.has(address))) return;
    for (const address of destinations) {
      if (this.#local.has(address)) continue;
      if (protocol === 'roce' || protocol === 'ib') {
        this.#withoutRegistry[protocol]++;
        continue;
      }
      this.#addTarget(protocol, address, group);
    }
  }

  /** Goes through the version 1 form, which has the defaults. */
  #addTarget(transport: 'udp' | 'tcp', address: string, { kind, name }: Group): void {
    const key = `${transport} ${address}`;
    if (this.#targets.has(key)) return;
    const port = this.#options.ports[transport];
    const form = { transport, dst: address, address, port, mode: kind, labels: { group: name } };
    const target = readTarget(form, [kind, transport, name], this.#issues);
    if (target !== undefined) this.#targets.set(key, target);
  }

  /** The entries of a map. Nothing at all (`udp:`) is empty, with a warning. */
  #entries(value: unknown, path: Path): [string, unknown][] {
    if (isMap(value)) return Object.entries(value);
    if (value === null || value === undefined) this.#warnEmpty(path);
    else this.#issues.add(path, `expected a map, found ${describeValue(value)}`);
    return [];
  }

  /** One address or a list of them; placeholders are dropped. */
  #addresses(value: unknown, path: Path): string[] {
    if (value === null || value === undefined) {
      this.#warnEmpty(path);
      return [];
    }
    const single = !Array.isArray(value);
    return (single ? [value] : value).flatMap((item: unknown, index) => {
      const address = typeof item === 'string' ? canonicalAddress(item) : undefined;
      if (address !== undefined) return isUnspecified(address) ? [] : [address];
      this.#issues.add(
        single ? path : [...path, index],
        `expected an IPv4 or IPv6 address, found ${describeValue(item)}`,
      );
      return [];
    });
  }

  #warnEmpty(path: Path): void {
    this.#warnings.push(`${path.length === 0 ? 'the pinglist' : path.join('.')} is empty`);
  }
}

function isProtocol(text: string): text is Protocol {
  return [...IP_PROTOCOLS, ...RDMA_PROTOCOLS].some((protocol) => protocol === text);
}
