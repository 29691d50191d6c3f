/** What `weft ping` takes: a command for each transport, with the options it has and no others. */

import { type Command, Option } from 'commander';
import { HTTP_HOST_PATTERN, HTTP_PATH_PATTERN, HTTP_PROBE_DEFAULTS } from '../../core/pinglist/form.js';
import { MAX_PAYLOAD_BYTES, MIN_PAIR_INTERVAL_MS } from '../../core/pinglist/limits.js';
import { durationOption, examples, integerArgument, numberArgument, patternArgument } from '../arguments.js';
import type { ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';

/** What a pinglist allows too. */
const MAX_TIMEOUT_MS = 60_000;

const MAX_PROBES = 1_000_000;
const MAX_PATHS = 1024;

export function addPing(program: Command, signals: Signals, finish: (code: ExitCode) => void): void {
  const ping = program
    .command('ping')
    .description('probe one target by hand and show where the time goes')
    .addHelpText('after', examples('weft ping udp 10.0.0.2', 'weft ping tcp 10.0.0.2:443', 'weft ping tcp -h'));

  withIp(ping.command('udp').description('STAMP probes: the three delays'), { timeout: '1s', ttl: 255 })
    .argument('<host[:port]>', 'name or address, port 862 by default; IPv6 with a port as [::1]:862')
    .option('--size <bytes>', 'UDP payload of a probe at least', integerArgument(44, 9000), 44)
    .option('--key-file <file>', 'probe in authenticated mode, with the secret in this file')
    .option('--plain', 'send the bare 44-byte STAMP packet, for reflectors that refuse anything else')
    .addHelpText('after', examples('weft ping udp 10.0.0.2', 'weft ping udp router-1:862 -n 100 -i 100ms --plain'))
    .action(async (host, options) =>
      finish(await (await import('../commands/ping-udp.js')).ping({ ...options, host }, signals)),
    );

  const echo = new Option('--payload <bytes>', 'send so much on the connection and wait for it to come back')
    .argParser(integerArgument(1, MAX_PAYLOAD_BYTES))
    .conflicts('http');
  // Room for two SYNs to be sent again: a lost one is told from a dead host.
  withIp(ping.command('tcp').description('connections: the handshake, lost SYNs, what the peer answers'), {
    timeout: '3s',
    ttl: 64,
  })
    .argument('<host:port>', 'name or address, and any open port; IPv6 as [::1]:443')
    .addOption(echo)
    .option(
      '--http <path>',
      'ask for this path on the connection',
      patternArgument(HTTP_PATH_PATTERN, 'a path such as /health'),
    )
    .option(
      '--http-host <host>',
      'name to ask for the path under (default: the target)',
      patternArgument(HTTP_HOST_PATTERN, 'visible ASCII characters'),
    )
    .option(
      '--http-status <status>',
      `status of a good answer (default: ${HTTP_PROBE_DEFAULTS.status})`,
      integerArgument(100, 599),
    )
    .addHelpText(
      'after',
      examples(
        'weft ping tcp 10.0.0.2:443',
        'weft ping tcp 10.0.0.2:8620 --payload 1000 --paths 16 -n 160 -i 100ms',
        'weft ping tcp www.example.com:80 --http / --http-status 301',
      ),
    )
    .action(async (host, options) =>
      finish(await (await import('../commands/ping-tcp.js')).ping({ ...options, host }, signals)),
    );

  addPingRdma(ping, signals, finish);
}

function addPingRdma(ping: Command, signals: Signals, finish: (code: ExitCode) => void): void {
  const agent = new Option('--controller <url>', 'probe the agent of this name: ask the controller where it answers');
  withProbing(
    ping.command('rdma-ud').description('RDMA probes over UD queue pairs: the three delays'),
    '1s',
    'flow labels or queue pairs to spread the probes over',
  )
    .argument('<gid>', 'GID of the target, or the IPv4 address it is made of; with --controller: name of an agent')
    .option('--qpn <number>', 'queue pair that answers there', numberArgument(1, 0xff_ff_ff))
    .option('--lid <lid>', 'LID of its port, on InfiniBand', numberArgument(0, 0xbf_ff), 0)
    .addOption(agent.conflicts(['qpn', 'lid']))
    .option('--token-file <file>', 'bearer token of the role reader, in this file')
    .option('--device <device>', 'local device, or port of one, to probe from: mlx5_0, mlx5_0:2')
    .addOption(
      new Option('--gid-index <index>', 'index of the local GID')
        .argParser(integerArgument(0, 65_535))
        .conflicts('address'),
    )
    .option('--address <address>', 'use the local GID of this address')
    .option('--traffic-class <class>', 'traffic class: DSCP × 4', integerArgument(0, 255), 0)
    .option('--service-level <level>', 'service level', integerArgument(0, 15), 0)
    .option('--qkey <key>', 'queue key of the target', numberArgument(0, 0x7f_ff_ff_ff))
    .option('--pkey-index <index>', 'index of the local partition key', integerArgument(0, 65_535), 0)
    .addHelpText(
      'after',
      examples(
        'weft ping rdma-ud 10.0.0.2 --qpn 17',
        'weft ping rdma-ud fe80::2:c903:33:1 --qpn 0x11 --lid 4 --device mlx5_0',
        'weft ping rdma-ud host-b --controller https://controller:20118 --token-file /etc/weft/reader.token',
      ),
    )
    .action(async (place, options) =>
      finish(await (await import('../commands/ping-rdma-ud.js')).ping({ ...options, place }, signals)),
    );
}

/** The options of transports over IP. */
function withIp(command: Command, defaults: { readonly timeout: string; readonly ttl: number }): Command {
  return withProbing(command, defaults.timeout, 'source ports to spread the probes over')
    .option('--dscp <dscp>', 'differentiated services code point', integerArgument(0, 63), 0)
    .option('--ttl <hops>', 'TTL or hop limit', integerArgument(1, 255), defaults.ttl)
    .option('--source <address>', 'local address to probe from');
}

/** The options of every transport. */
function withProbing(command: Command, timeout: string, paths: string): Command {
  return command
    .option('-n, --count <probes>', 'how many probes', integerArgument(1, MAX_PROBES), 10)
    .addOption(durationOption('-i, --interval <duration>', 'time between two probes', '1s', MIN_PAIR_INTERVAL_MS))
    .addOption(durationOption('-w, --timeout <duration>', 'how long to wait for an answer', timeout, 1, MAX_TIMEOUT_MS))
    .option('--paths <paths>', paths, integerArgument(1, MAX_PATHS), 1)
    .option('--json', 'print JSON lines: one a probe, then the summary');
}
