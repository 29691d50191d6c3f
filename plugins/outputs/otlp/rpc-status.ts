/** google.rpc.Status and RetryInfo (google/rpc/status.proto, error_details.proto), as far as weft reads them. */

import protobuf from 'protobufjs/minimal.js';

export interface RpcStatus {
  readonly message: string;
  /** Each a google.protobuf.Any. */
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
}

const STATUS = { message: 2, details: 3 } as const;
const ANY = { typeUrl: 1, value: 2 } as const;
const RETRY_DELAY = 1;
const DURATION = { seconds: 1, nanos: 2 } as const;
const LENGTH = 2;
const VARINT = 0;

/** Undefined when the bytes are no status that says something. */
export function readStatus(bytes: Uint8Array): RpcStatus | undefined {
  return quietly(() => {
    let message = '';
    const details: RpcStatus['details'][number][] = [];
    eachField(bytes, (field, value) => {
      if (field === STATUS.message && typeof value === 'object') message = utf8(value);
      if (field === STATUS.details && typeof value === 'object') details.push(readAny(value));
    });
    return message === '' && details.length === 0 ? undefined : { message, details };
  });
}

/** What the RetryInfo of a status asks for, ms; undefined when it has none. */
export function retryDelayMs(status: Uint8Array): number | undefined {
  const info = readStatus(status)?.details.find(({ type }) => type.endsWith('/google.rpc.RetryInfo'));
  if (info === undefined) return undefined;
  return quietly(() => {
    let delayMs = 0;
    eachField(info.value, (field, duration) => {
      if (field !== RETRY_DELAY || typeof duration !== 'object') return;
      eachField(duration, (part, value) => {
        if (part === DURATION.seconds && typeof value === 'number') delayMs += value * 1e3;
        if (part === DURATION.nanos && typeof value === 'number') delayMs += value / 1e6;
      });
    });
    return Math.max(0, delayMs);
  });
}

function readAny(bytes: Uint8Array): RpcStatus['details'][number] {
  let type = '';
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, (field, content) => {
    if (typeof content !== 'object') return;
    if (field === ANY.typeUrl) type = utf8(content);
    if (field === ANY.value) value = content;
  });
  return { type, value };
}

/** Throws RangeError or Error on what is no message. */
function eachField(bytes: Uint8Array, visit: (field: number, value: number | Uint8Array) => void): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (wireType === VARINT) visit(field, Number(reader.int64()));
    else if (wireType === LENGTH) visit(field, reader.bytes());
    else reader.skipType(wireType);
  }
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // A proxy's page in HTML, say: there is nothing to read in it.
    return undefined;
  }
}

/** Throws TypeError on what is no UTF-8: then it was no status. */
function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
