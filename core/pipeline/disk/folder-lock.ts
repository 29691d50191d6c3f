/**
 * Keeps a folder to one process. Each that wants it listens on a Unix socket of its own in the folder, and then asks whether
 * anybody answers on the others'. The kernel ends the listening with the process, however that ends, so that nothing is
 * left to be cleared by hand, and process ids of other containers do not mislead. Of two that come at once the later one to
 * listen sees the other; at worst both give up.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const PREFIX = 'lock-';

export class FolderLock {
  readonly #folder: FileHandle;
  readonly #server: Server;

  private constructor(folder: FileHandle, server: Server) {
    this.#folder = folder;
    this.#server = server;
  }

  /** Undefined: another process has it. Throws the error of the file system. */
  static async take(path: string): Promise<FolderLock | undefined> {
    const folder = await open(path, 'r');
    const name = `${PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`;
    // The address of a socket has 108 bytes at most, a path may be longer.
    const short = `/proc/self/fd/${folder.fd}`;
    const server = createServer((socket) => socket.destroy());
    try {
      server.listen(join(short, name));
      await once(server, 'listening');
    } catch (error) {
      await folder.close();
      throw error;
    }
    server.unref();
    const lock = new FolderLock(folder, server);
    for (const other of await readdir(path)) {
      if (!other.startsWith(PREFIX) || other === name) continue;
      if (await isHeld(join(short, other))) {
        await lock.release();
        return undefined;
      }
      await rm(join(path, other), { force: true });
    }
    return lock;
  }

  async release(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
    await this.#folder.close();
  }
}

/** Whether a process listens there, or one may: only a refusal says that none does. */
async function isHeld(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK';
  } finally {
    socket.destroy();
  }
}
