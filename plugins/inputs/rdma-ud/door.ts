/** The native functions that the input calls: passed in, so that tests need no device. */

import {
  createRdmaEngine,
  type EngineHandle,
  type RdmaDevice,
  type RdmaEngineOptions,
  type RdmaStatus,
  rdmaDevices,
  rdmaStatus,
} from '../../../native/index.js';

export interface RdmaDoor {
  createRdmaEngine(options: RdmaEngineOptions): EngineHandle;
  rdmaStatus(handle: EngineHandle): RdmaStatus;
  rdmaDevices(): Promise<readonly RdmaDevice[]>;
}

export const NATIVE_DOOR: RdmaDoor = { createRdmaEngine, rdmaStatus, rdmaDevices };
