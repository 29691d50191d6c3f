/** Packet loss of a known kind, made by nftables inside a namespace, with a counter of what was dropped and what was seen. */

import type { Host } from './netns.js';

const TABLE = 'weft_test';

export interface DropRule {
  /** Of TCP, the rule is about SYNs only, unless it is about long packets. Default: UDP. */
  readonly transport?: 'udp' | 'tcp';
  /** Destination port of the packets the rule is about. */
  readonly port: number;
  /** Only packets from this port. */
  readonly sourcePort?: number;
  /** Only packets of more bytes, IP header included; of TCP, SYNs or not. */
  readonly longerThan?: number;
  /** Drop this share (0 < share < 1, steps of 1/10 000), drawn at random for each packet. */
  readonly share?: number;
  /** Drop the first n packets, then none. Without `share` and `first` everything is dropped. */
  readonly first?: number;
}

export interface DropCounts {
  /** Packets that came to the rules, and those of them they dropped. */
  readonly seen: number;
  readonly dropped: number;
}

/** Installs the rules on packets that arrive at `host`; replaces what an earlier call installed. */
export function dropArriving(host: Host, ...rules: readonly DropRule[]): void {
  const script = [
    `add table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    `table inet ${TABLE} {`,
    '  counter seen { }',
    '  counter dropped { }',
    '  chain arriving {',
    '    type filter hook input priority 0; policy accept;',
    ...rules.flatMap((rule) => [
      `    ${packetsOf(rule)} counter name seen`,
      `    ${packetsOf(rule)} ${conditionOf(rule)} counter name dropped drop`,
    ]),
    '  }',
    '}',
  ];
  host.exec('nft', ['-f', '-'], `${script.join('\n')}\n`);
}

/** Makes `host` answer all that arrives there for TCP `port` with the ICMP message `type`, such as `host-unreachable`. */
export function rejectArriving(host: Host, port: number, type: string): void {
  // One a second is what hosts and routers send unless told otherwise.
  host.exec('sysctl', ['-q', '-w', 'net.ipv4.icmp_ratelimit=0']);
  const rule = `tcp dport ${port} reject with icmpx type ${type}`;
  const table = `table inet ${TABLE} { counter seen { }; counter dropped { }; chain arriving { type filter hook input priority 0; policy accept; ${rule}; }; }`;
  host.exec('nft', ['-f', '-'], `add table inet ${TABLE}\ndelete table inet ${TABLE}\n${table}\n`);
}

function packetsOf({ transport = 'udp', port, sourcePort, longerThan }: DropRule): string {
  const source = sourcePort === undefined ? '' : ` ${transport} sport ${sourcePort}`;
  const syn = transport === 'tcp' && longerThan === undefined ? ' tcp flags & (syn | ack) == syn' : '';
  const length = longerThan === undefined ? '' : ` meta length > ${longerThan}`;
  return `${transport} dport ${port}${source}${syn}${length}`;
}

function conditionOf({ share, first }: DropRule): string {
  const drawn = share === undefined ? '' : `numgen random mod 10000 < ${Math.round(share * 10_000)}`;
  return first === undefined ? drawn : `${drawn} limit rate 1/day burst ${first} packets`;
}

/** What the rules have counted so far. */
export function dropCounts(host: Host): DropCounts {
  const listed = JSON.parse(host.exec('nft', ['-j', 'list', 'counters', 'table', 'inet', TABLE])) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const packets = (name: string): number =>
    listed.nftables.find((entry) => entry.counter?.name === name)?.counter?.packets ?? Number.NaN;
  return { seen: packets('seen'), dropped: packets('dropped') };
}

/** Removes all rules; returns what they had counted to the end. */
export function stopDropping(host: Host): DropCounts {
  host.exec('nft', ['flush', 'chain', 'inet', TABLE, 'arriving']);
  const counts = dropCounts(host);
  host.exec('nft', ['delete', 'table', 'inet', TABLE]);
  return counts;
}
