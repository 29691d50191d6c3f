/** Options of inputs.controller. */

import { duration, STRICT, type Static, Type } from '../../../core/config/schema.js';

const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const Url = Type.String({ minLength: 1 });

export const ControllerOptions = Type.Object(
  {
    url: Type.Union([Url, Type.Array(Url, { minItems: 1, maxItems: 16 })], {
      description:
        'The controller, or a list of equal ones: the next is asked when one fails, and kept while it answers.',
    }),
    token: Text('Bearer token of the role agent; `file:/path` is read anew before each request.'),
    tls_ca: Text(
      'PEM file with the authorities that the controller’s certificate is checked with, in place of the system’s.',
    ),
    tls_cert: Text('PEM file with the client certificate and its chain. Needs `tls_key`.'),
    tls_key: Text('PEM file with the private key of `tls_cert`.'),
    on_loss: Type.Union([Type.Literal('stop'), Type.Literal('keep')], {
      default: 'stop',
      description: 'After three failed fetches in a row: stop probing (answering goes on), or keep the last good list.',
    }),
    state_file: Type.String({
      default: '/var/lib/weft/controller.state',
      minLength: 1,
      description: 'Where the agent’s key and its last good list outlive a restart; one file for each agent.',
    }),
    advertise_address: Text('IPv4 address that others reach a reflector on `0.0.0.0` by; default: see below.'),
    advertise_address_ipv6: Text('IPv6 address that others reach a reflector on `::` by; default: see below.'),
    timeout: duration({
      default: '10s',
      atLeast: '100ms',
      atMost: '5m',
      description: 'How long one request may take, from the connection to the last byte of the answer.',
    }),
    start_spread: duration({
      default: '10s',
      atMost: '1h',
      description:
        'The first contact comes at a random moment within this time, so that a fleet does not start as one.',
    }),
  },
  STRICT,
);
export type ControllerConfig = Static<typeof ControllerOptions>;
