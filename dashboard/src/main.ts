/** Where the parts of the page are put together. */

import './styles/base.css';
import './styles/shell.css';
import './styles/grid.css';
import './styles/detail.css';
import { ApiClient } from './api/client.js';
import { Live } from './api/live.js';
import { Session } from './api/session.js';
import { Router } from './router.js';
import { Shell } from './shell.js';
import { ThemeSwitch } from './ui/theme-switch.js';

const session = new Session(sessionStorage);
const api = new ApiClient(session);
const live = new Live(api, session);
const router = new Router((route) => shell.show(route));
const shell = new Shell({ api, live, session, router, themes: new ThemeSwitch(localStorage) });
live.start();
router.start();
