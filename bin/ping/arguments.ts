/** What `weft ping` takes: a command for each transport, with the options it has and no others. */

import { type Command, Option } from 'commander';
import { HTTP_HOST_PATTERN, HTTP_PATH_PATTERN, HTTP_PROBE_DEFAULTS } from '../../core/pinglist/form.js';
import { MAX_PAYLOAD_BYTES, MIN_PAIR_INTERVAL_MS } from '../../core/pinglist/limits.js';
import { durationOption, examples, integerArgument, patternArgument } from '../arguments.js';
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

  withProbing(ping.command('udp').description('STAMP probes: the three delays'), { timeout: '1s', ttl: 255 })
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
  withProbing(ping.command('tcp').description('connections: the handshake, lost SYNs, what the peer answers'), {
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
}

/** The options of every transport. */
function withProbing(command: Command, defaults: { readonly timeout: string; readonly ttl: number }): Command {
  return command
    .option('-n, --count <probes>', 'how many probes', integerArgument(1, MAX_PROBES), 10)
    .addOption(durationOption('-i, --interval <duration>', 'time between two probes', '1s', MIN_PAIR_INTERVAL_MS))
    .addOption(
      durationOption('-w, --timeout <duration>', 'how long to wait for an answer', defaults.timeout, 1, MAX_TIMEOUT_MS),
    )
    .option('--paths <paths>', 'source ports to spread the probes over', integerArgument(1, MAX_PATHS), 1)
    .option('--dscp <dscp>', 'differentiated services code point', integerArgument(0, 63), 0)
    .option('--ttl <hops>', 'TTL or hop limit', integerArgument(1, 255), defaults.ttl)
    .option('--source <address>', 'local address to probe from')
    .option('--json', 'print JSON lines: one a probe, then the summary');
}
