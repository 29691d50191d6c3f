/** An HTTP server in a process of its own that takes whatever is sent to it: what is measured beside it is the sender alone. */

import { fileURLToPath } from 'node:url';
import { JsonChild } from './child.js';

const PROGRAM = fileURLToPath(new URL('./sink-process.js', import.meta.url));

export interface Sink {
  readonly url: string;
  /** Ends it; resolves to the bytes of all bodies it got. */
  finish(): Promise<number>;
}

export async function startSink(): Promise<Sink> {
  const child = new JsonChild(process.execPath, [PROGRAM]);
  const { port } = await child.next<{ port: number }>();
  return { url: `http://127.0.0.1:${port}`, finish: async () => (await child.finish<{ bytes: number }>()).bytes };
}
