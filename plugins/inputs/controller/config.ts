/** Options of inputs.controller. */

import { duration, optionalText, STRICT, type Static, Type } from '../../../core/config/schema.js';
import { credentialOptions, peerUrls } from '../../common/peer/settings.js';

export const ControllerOptions = Type.Object(
  {
    url: peerUrls(
      'The controller, or a list of equal ones: the next is asked when one fails, and kept while it answers.',
    ),
    ...credentialOptions('the controller’s'),
    on_loss: Type.Union([Type.Literal('stop'), Type.Literal('keep')], {
      default: 'stop',
      description: 'After three failed fetches in a row: stop probing (answering goes on), or keep the last good list.',
    }),
    state_file: Type.String({
      default: '/var/lib/weft/controller.state',
      minLength: 1,
      description: 'Where the agent’s key and its last good list outlive a restart; one file for each agent.',
    }),
    advertise_address: optionalText('IPv4 address that others reach a reflector on `0.0.0.0` by; default: see below.'),
    advertise_address_ipv6: optionalText('IPv6 address that others reach a reflector on `::` by; default: see below.'),
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
