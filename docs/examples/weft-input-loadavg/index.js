import { readFile } from 'node:fs/promises';
import { definePlugin, gauge, STRICT, Type } from 'weft';

export default definePlugin({
  kind: 'input',
  id: 'loadavg',
  description: 'Load average of this host.',
  config: Type.Object(
    { file: Type.String({ default: '/proc/loadavg', description: 'Where the kernel shows it.' }) },
    STRICT,
  ),
  sample: '- file: /proc/loadavg\n',
  create: (config, { clock }) => ({
    async gather(acc, signal) {
      const text = await readFile(config.file, { encoding: 'utf8', signal });
      const [load1, load5, load15] = text.split(' ').map(Number);
      const fields = { load1: gauge(load1), load5: gauge(load5), load15: gauge(load15) };
      acc.add({ name: 'loadavg', tags: {}, fields, timeNs: clock.nowNs() });
    },
  }),
});
