/** Registrations and entries as tests need them. */

import type { AgentEntry } from '../../controller/agent-entry.js';
import type { RegistryListener } from '../../controller/registry.js';
import type { HeldEntry, StoreListener } from '../../controller/store/store.js';
import type { Registration } from '../../core/control/registration.js';

export const KEY_A = 'a'.repeat(64);
export const KEY_B = 'b'.repeat(64);

export function registration(labels: Readonly<Record<string, string>> = {}, port = 862): Registration {
  return {
    version: 1,
    weft: '0.1.0',
    labels: { ...labels },
    endpoints: [{ transport: 'udp', address: '10.0.0.1', port, attributes: {} }],
  };
}

export function entry(id: string, lastSeenMs: number, changes: Partial<AgentEntry> = {}): AgentEntry {
  const { labels, endpoints, weft } = registration();
  return { id, labels, endpoints, weft, keyHash: KEY_A, registeredAtMs: 1, lastSeenMs, ...changes };
}

/** What a listener heard, in order: `+ id`, `- id`. */
export class Heard implements RegistryListener {
  readonly events: string[] = [];

  onChanged({ id }: AgentEntry): void {
    this.events.push(`+ ${id}`);
  }

  onForgotten(id: string): void {
    this.events.push(`- ${id}`);
  }
}

/** The registry as a store sees it, that holds what it is told and no more. */
export class Holder implements StoreListener {
  readonly entries = new Map<string, AgentEntry>();
  readonly availability: boolean[] = [];

  onPut(entry: AgentEntry): void {
    this.entries.set(entry.id, entry);
  }

  onDelete(id: string): void {
    this.entries.delete(id);
  }

  onAvailable(available: boolean): void {
    this.availability.push(available);
  }

  get(id: string): HeldEntry | undefined {
    const entry = this.entries.get(id);
    return entry && { entry, ageMs: 0 };
  }

  *held(): Iterable<HeldEntry> {
    for (const entry of this.entries.values()) yield { entry, ageMs: 0 };
  }
}
