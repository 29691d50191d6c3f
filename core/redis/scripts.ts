/** Runs Lua scripts: the text is sent once, then its name. */

import { createHash } from 'node:crypto';
import { isErrorReply } from './error-reply.js';

/** Of any client of the package `redis`; `A` is what arguments may be. */
export interface ScriptRunner<A> {
  evalSha(sha1: string, options: ScriptOptions<A>): Promise<unknown>;
  eval(script: string, options: ScriptOptions<A>): Promise<unknown>;
}
interface ScriptOptions<A> {
  keys: string[];
  arguments: A[];
}

export function evaluator<A>(client: ScriptRunner<A>) {
  const names = new Map<string, string>();
  return async (script: string, keys: readonly string[], args: readonly A[]): Promise<unknown> => {
    const name = names.get(script) ?? createHash('sha1').update(script).digest('hex');
    names.set(script, name);
    const options = { keys: [...keys], arguments: [...args] };
    try {
      return await client.evalSha(name, options);
    } catch (error) {
      if (!(isErrorReply(error) && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(script, options);
    }
  };
}
