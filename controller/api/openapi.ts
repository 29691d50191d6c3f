/** What the description of the controller's API says of it: docs/openapi.json, and `GET /v1/openapi.json`. */

import type { ApiTitle } from '../../core/http/openapi.js';

export const API_TITLE: ApiTitle = {
  title: 'weft controller',
  summary: 'The registry of agents and their pinglists.',
  server: 'the controller',
};
