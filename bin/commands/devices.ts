/** `weft devices`: the RDMA devices of this host, and what keeps them from being used. */

import { NativeError, type StartupError } from '../../core/errors.js';
import { close, createRdmaEngine, type RdmaDevice, type RdmaPort, rdmaDevices } from '../../native/index.js';
import { DEFAULT_QKEY, DEFAULT_RECEIVE_SLOTS, type PortOptions } from '../../plugins/inputs/rdma-ud/config.js';
import { type PortRef, portsToOpen } from '../../plugins/inputs/rdma-ud/ports.js';
import { libraryError, noPortError, portError } from '../../plugins/inputs/rdma-ud/startup-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** What there is, and what is wrong with it: empty when a port can be used. */
interface Inventory {
  readonly devices: readonly RdmaDevice[];
  readonly problems: readonly string[];
}

/** As the input has them by default. */
const OPTIONS: PortOptions = {
  gidIndex: -1,
  address: '',
  pkeyIndex: 0,
  qkey: DEFAULT_QKEY,
  serviceLevel: 0,
  trafficClass: 0,
  queuePairs: 0,
  receiveSlots: DEFAULT_RECEIVE_SLOTS,
  rateLimit: 0,
  busyPoll: false,
  probe: true,
  reflect: true,
};

/** Fails when no port can be used. Every port that `inputs.rdma-ud` would use is opened, and closed again. */
export async function devices({ json }: { readonly json?: boolean }): Promise<ExitCode> {
  const { usable, ...inventory } = await takeInventory();
  if (json === true) process.stdout.write(`${JSON.stringify(toJson(inventory), undefined, 2)}\n`);
  else {
    process.stdout.write(toText(inventory.devices));
    for (const problem of inventory.problems) process.stderr.write(`weft: ${problem}\n`);
  }
  return usable ? EXIT.ok : EXIT.failure;
}

async function takeInventory(): Promise<Inventory & { readonly usable: boolean }> {
  let found: readonly RdmaDevice[];
  try {
    found = await rdmaDevices();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return { devices: [], problems: [textOf(libraryError(error))], usable: false };
  }
  const refs = portsToOpen([], found);
  if (refs.length === 0) return { devices: found, problems: [textOf(noPortError(found))], usable: false };
  const problems = refs.flatMap((ref) => problemOf(ref, found) ?? []);
  return { devices: found, problems, usable: problems.length < refs.length };
}

function problemOf(ref: PortRef, found: readonly RdmaDevice[]): string | undefined {
  try {
    close(createRdmaEngine({ ...OPTIONS, ...ref }));
    return undefined;
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return textOf(portError(ref, OPTIONS, found, error));
  }
}

function textOf({ message, cause }: StartupError): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function toText(found: readonly RdmaDevice[]): string {
  return found.map((device) => `${deviceLine(device)}\n${device.ports.map(portText).join('')}`).join('');
}

function deviceLine({ name, soft, timestamps, clockKhz, problem }: RdmaDevice): string {
  if (problem !== '') return `${name}  ${problem}`;
  const clock = timestamps === 'ticks' ? ` (${clockKhz === 0 ? 'unknown frequency' : `${clockKhz / 1000} MHz`})` : '';
  const paths = soft ? 'queue pairs' : 'flow labels';
  return `${name}  completion timestamps: ${timestamps}${clock}  paths: ${paths}`;
}

function portText({ number, state, link, mtu, lid, gids }: RdmaPort): string {
  const place = link === 'infiniband' ? `  LID ${lid}` : '';
  const lines = gids.map(({ index, gid, type, interface: name, preferred }) => {
    return `  ${preferred ? '*' : ' '} ${String(index).padStart(5)}  ${gid.padEnd(39)}  ${type.padEnd(7)}  ${name}`.trimEnd();
  });
  return [`  port ${number}  ${state}  ${link}  MTU ${mtu}${place}`, ...lines, ''].join('\n');
}

function toJson({ devices: found, problems }: Inventory): object {
  return {
    devices: found.map(({ name, soft, timestamps, clockKhz, ports, problem }) => ({
      name,
      soft,
      timestamps,
      clock_khz: clockKhz,
      ...(problem !== '' && { problem }),
      ports: ports.map(({ number, state, link, mtu, lid, gids }) => ({ number, state, link, mtu, lid, gids })),
    })),
    problems,
  };
}
