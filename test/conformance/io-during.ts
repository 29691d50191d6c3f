/** Catches I/O in a synchronous call: what it asks of the kernel at once, and what it starts. */

import { createHook } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Resources that are no I/O: promises, ticks, and microtasks. */
const HARMLESS = new Set(['PROMISE', 'TickObject', 'Microtask']);

type SyncFunction = (...args: unknown[]) => unknown;

/** Names of the I/O operations that `call` performed or started; it must not be asynchronous. */
export function ioDuring(call: () => unknown): string[] {
  const seen: string[] = [];
  const hook = createHook({
    init: (_, type) => {
      if (!HARMLESS.has(type)) seen.push(type);
    },
  });
  const restore = watchSyncFunctions((name) => seen.push(name));
  hook.enable();
  try {
    call();
  } finally {
    hook.disable();
    restore();
  }
  return seen;
}

/** `node:fs` has its synchronous functions invisible to async hooks; they are replaced, also for named imports. */
function watchSyncFunctions(onCall: (name: string) => void): () => void {
  const functions = fs as unknown as Record<string, SyncFunction>;
  const originals = Object.entries(functions).filter(([name]) => /Sync$/.test(name));
  for (const [name, original] of originals) {
    functions[name] = (...args) => {
      onCall(name);
      return original(...args);
    };
  }
  syncBuiltinESMExports();
  return () => {
    for (const [name, original] of originals) functions[name] = original;
    syncBuiltinESMExports();
  };
}
