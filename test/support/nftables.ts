/** Packet loss of a known kind, made by nftables inside a namespace, with a counter of what was dropped and what was seen. */

import type { Host } from './netns.js';

const TABLE = 'weft_test';

export interface DropRule {
  /** UDP destination port of the packets the rule is about. */
  readonly port: number;
  /** Drop this share (0 < share < 1, steps of 1/10 000), drawn at random for each packet. */
  readonly share?: number;
  /** Drop the first n packets, then none. Without `share` and `first` everything is dropped. */
  readonly first?: number;
}

export interface DropCounts {
  /** Packets that came to the rule, and those of them it dropped. */
  readonly seen: number;
  readonly dropped: number;
}

/** Installs the rule on packets that arrive at `host`; replaces what an earlier call installed. */
export function dropArriving(host: Host, rule: DropRule): void {
  const condition = rule.share === undefined ? '' : `numgen random mod 10000 < ${Math.round(rule.share * 10_000)}`;
  const quota = rule.first === undefined ? '' : `limit rate 1/day burst ${rule.first} packets`;
  const script = [
    `add table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    `table inet ${TABLE} {`,
    '  counter seen { }',
    '  counter dropped { }',
    '  chain arriving {',
    '    type filter hook input priority 0; policy accept;',
    `    udp dport ${rule.port} counter name seen`,
    `    udp dport ${rule.port} ${condition} ${quota} counter name dropped drop`,
    '  }',
    '}',
  ];
  host.exec('nft', ['-f', '-'], `${script.join('\n')}\n`);
}

export function dropCounts(host: Host): DropCounts {
  const listed = JSON.parse(host.exec('nft', ['-j', 'list', 'counters', 'table', 'inet', TABLE])) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const packets = (name: string): number =>
    listed.nftables.find((entry) => entry.counter?.name === name)?.counter?.packets ?? Number.NaN;
  return { seen: packets('seen'), dropped: packets('dropped') };
}

export function stopDropping(host: Host): void {
  host.exec('nft', ['delete', 'table', 'inet', TABLE]);
}
