/** The password of a Redis, on a way where others can read it. */

import { leavesHostInClear, warnOfClearText } from '../clear-text.js';
import type { Logger } from '../plugin.js';
import type { RedisConfig } from './options.js';

/** Once for each start: call it when that went well. `config` is checked. */
export function warnOfPasswordInClear(config: RedisConfig, log: Logger): void {
  const { url, cluster, sentinel, password } = config;
  const places = [url ?? cluster ?? sentinel?.nodes ?? []].flat().map((text) => new URL(text));
  const hasPassword = (password ?? sentinel?.password) !== undefined || places.some((place) => place.password !== '');
  if (hasPassword && places.some(leavesHostInClear)) warnOfClearText(log, 'the password goes to Redis', 'rediss');
}
