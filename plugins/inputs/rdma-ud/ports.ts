/** Ports of RDMA devices: how they are named, and which of those that are there an input is to use. Pure. */

import type { RdmaDevice, RdmaPort } from '../../../native/index.js';

/** As users name one; without a number: the active ports of the device. */
export interface PortName {
  readonly device: string;
  readonly port: number | undefined;
}

export interface PortRef {
  readonly device: string;
  readonly port: number;
}

const ACTIVE = 'PORT_ACTIVE';
/** Of a device that does not say which it has: opening it says why. */
const FIRST_PORT = 1;
const FORM = /^(?<device>[^:/\s]+)(?::(?<port>[1-9]\d{0,2}))?$/;
const MAX_PORT = 255;

/** `mlx5_0` or `mlx5_0:2`; undefined when it is neither. */
export function parsePortName(text: string): PortName | undefined {
  const { device, port } = FORM.exec(text)?.groups ?? {};
  if (device === undefined || Number(port ?? FIRST_PORT) > MAX_PORT) return undefined;
  return { device, port: port === undefined ? undefined : Number(port) };
}

export function formatPort({ device, port }: PortRef | PortName): string {
  return port === undefined ? device : `${device}:${port}`;
}

export function isActive({ state }: RdmaPort): boolean {
  return state === ACTIVE;
}

/**
 * The ports that `names` mean (none: all devices), each once. Of devices that are not named only active ports: others
 * may never have had a cable. Opening a port that is listed here may still fail, and then says why.
 */
export function portsToOpen(names: readonly PortName[], devices: readonly RdmaDevice[]): PortRef[] {
  const refs = names.length === 0 ? devices.flatMap(activePorts) : names.flatMap((name) => portsOf(name, devices));
  return [...new Map(refs.map((ref) => [formatPort(ref), ref])).values()];
}

function portsOf({ device: name, port }: PortName, devices: readonly RdmaDevice[]): PortRef[] {
  if (port !== undefined) return [{ device: name, port }];
  const device = devices.find((one) => one.name === name);
  const active = device === undefined ? [] : activePorts(device);
  return active.length > 0 ? active : [{ device: name, port: device?.ports[0]?.number ?? FIRST_PORT }];
}

function activePorts({ name: device, ports, problem }: RdmaDevice): PortRef[] {
  if (problem !== '') return [{ device, port: FIRST_PORT }];
  return ports.filter(isActive).map(({ number: port }) => ({ device, port }));
}
