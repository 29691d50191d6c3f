/**
 * What has been settled, and what there is: two sequence numbers in a file of 24 bytes that is written over in place. It is not
 * synced: a kill of the process leaves it exact, and after a power cut an older one means that some metrics are written
 * twice, never that one is lost.
 */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { FILE_MODE } from '../../durable-file.js';

export interface Position {
  /** Everything before is settled. */
  readonly settled: number;
  /** Sequence number after the last metric that was synced. */
  readonly end: number;
}

const BYTES = 24;
const CRC_AT = 16;

export class PositionFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Makes the file if it is not there. Throws the error of the file system. */
  static async open(path: string): Promise<PositionFile> {
    return new PositionFile(await open(path, constants.O_RDWR | constants.O_CREAT, FILE_MODE));
  }

  /** `empty`: it is new. `damaged`: it cannot be read. */
  async read(): Promise<Position | 'empty' | 'damaged'> {
    const bytes = Buffer.alloc(BYTES);
    const { bytesRead } = await this.#file.read(bytes, 0, BYTES, 0);
    if (bytesRead === 0) return 'empty';
    if (bytesRead < BYTES || crc32(bytes.subarray(0, CRC_AT)) !== bytes.readUInt32BE(CRC_AT)) return 'damaged';
    const [settled, end] = [Number(bytes.readBigUInt64BE(0)), Number(bytes.readBigUInt64BE(8))];
    return settled <= end && Number.isSafeInteger(end) ? { settled, end } : 'damaged';
  }

  async write({ settled, end }: Position): Promise<void> {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeBigUInt64BE(BigInt(settled), 0);
    bytes.writeBigUInt64BE(BigInt(end), 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
    await this.#file.write(bytes, 0, BYTES, 0);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
