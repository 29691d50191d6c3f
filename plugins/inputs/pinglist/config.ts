import { duration, STRICT, type Static, Type } from '../../../core/config/schema.js';

const Port = (byDefault: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 65_535, default: byDefault, description });

export const PinglistOptions = Type.Object(
  {
    file: Type.String({
      minLength: 1,
      description: 'The pinglist, JSON or YAML; a relative path starts at the working directory of the agent.',
    }),
    poll_interval: duration({
      default: '5s',
      atLeast: '100ms',
      description: 'How often the file is looked at, in case the kernel’s notification of a change does not come.',
    }),
    pingweave_udp_port: Port(862, 'Where reflectors answer UDP, for a list in PingWeave’s form: it has no ports.'),
    pingweave_tcp_port: Port(8620, 'Where hosts accept TCP, for a list in PingWeave’s form.'),
  },
  STRICT,
);
export type PinglistConfig = Static<typeof PinglistOptions>;
