/** The grid: source × destination, of one window or as time goes on. */

import { ApiError } from '../api/client.js';
import type { Grid } from '../api/wire-grid.js';
import { emptyNotice } from '../grid/empty-notice.js';
import { warningOf } from '../grid/freshness.js';
import { type Loaded, loadGrid, windowsOf } from '../grid/loader.js';
import { PatternList } from '../grid/pattern-list.js';
import { atLevel, crumbsOf, inside, LEVEL_NAMES, LEVELS_DOWN, type ScopeChange } from '../grid/scopes.js';
import { Stage } from '../grid/stage.js';
import { Timeline } from '../grid/timeline.js';
import { type Shown, Toolbar } from '../grid/toolbar.js';
import { figureOf } from '../grid/words.js';
import type { Mark } from '../heatmap/marks.js';
import { formatRoute, type Route, type Selection, type Stat } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { saveFile } from '../ui/download.js';
import { errorNotice, messageOf, notice } from '../ui/notice.js';
import { LatestRequest } from '../ui/request.js';
import type { View, ViewContext } from './view.js';

/** News come in bursts, one for each batch of rows. */
const NEWS_MS = 150;
/** How often is looked whether the data have grown old, and asked again after a failure. */
const LOOK_MS = 3000;
/** After the last move. */
const BOX_MS = 250;

export class GridView implements View {
  readonly #context: ViewContext;
  readonly #request = new LatestRequest();
  readonly #csv = new LatestRequest();
  readonly #stage: Stage;
  readonly #toolbar: Toolbar;
  readonly #timeline: Timeline;
  readonly #patterns: PatternList;
  readonly #crumbs = h('nav', { class: 'crumbs', 'aria-label': 'Part of the mesh' });
  readonly #legend = h('section', { 'aria-label': 'Colours' });
  readonly #notice = h('div', { class: 'instead', hidden: true });
  readonly #body: HTMLElement;
  readonly #ends: (() => void)[] = [];
  #selection: Selection = {};
  #loaded: Loaded | undefined;
  #failure: unknown;
  #marks: readonly Mark[] = [];
  /** Where to go once the figure that shows it is there. */
  #jump: Mark | undefined;
  #newsTimer: number | undefined;
  #boxTimer: number | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
    const { api, router, themes } = context;
    this.#stage = new Stage(api, themes.theme.value, {
      onPick: ({ row, column }) => this.#open(this.#grid?.src[row] ?? '', this.#grid?.dst[column] ?? ''),
      onPickLabel: (end, index) => this.#openMember(this.#grid?.[end][index] ?? ''),
      onMoved: () => this.#keepBox(),
    });
    this.#toolbar = new Toolbar({
      onTransport: (transport) => router.select({ transport, at: undefined, box: undefined }),
      onLevel: (level) => router.select(atLevel(level, this.#selection)),
      onFigure: (delay, stat) => router.select({ delay, stat }),
      onZoom: (direction) => this.#stage.zoom(direction),
      onCsv: (event) => this.#downloadCsv(event),
      onLink: () => this.#link(),
    });
    this.#timeline = new Timeline((at) => router.select({ at }, { replace: true }));
    this.#patterns = new PatternList((mark) => this.#showPattern(mark));
    const side = h('aside', { class: 'side' }, this.#legend, this.#patterns.element);
    this.#body = h('div', { class: 'grid-body' }, this.#stage.element, side);
  }

  mount(root: HTMLElement): void {
    root.append(this.#toolbar.element, this.#crumbs, this.#body, this.#notice, this.#timeline.element);
    const { live, themes } = this.#context;
    this.#ends.push(
      live.onNews((news) => {
        const isOfOthers =
          news !== undefined && this.#grid?.transport != null && news.transport !== this.#grid.transport;
        if (!isOfOthers) this.#loadSoon();
      }),
      live.state.watch(() => this.#look()),
      themes.theme.watch((theme) => {
        this.#stage.setTheme(theme);
        this.#showSide();
      }),
    );
    this.#showInstead(notice('Asking the grid …'));
    const look = window.setInterval(() => this.#look(), LOOK_MS);
    this.#ends.push(() => window.clearInterval(look));
  }

  show({ selection }: Route): void {
    const { box: wasBox, ...was } = this.#selection;
    const { box, ...is } = selection;
    this.#selection = selection;
    if (this.#loaded === undefined) this.#showControls();
    if (this.#loaded === undefined || JSON.stringify(was) !== JSON.stringify(is)) void this.#load();
    else if (String(box) !== String(wasBox) && String(box) !== String(this.#stage.box)) this.#stage.showBox(box);
  }

  unmount(): void {
    for (const end of this.#ends) end();
    window.clearTimeout(this.#newsTimer);
    window.clearTimeout(this.#boxTimer);
    this.#request.cancel();
    this.#csv.cancel();
    this.#stage.dispose();
  }

  get #grid(): Grid | undefined {
    return this.#loaded?.grid;
  }

  #loadSoon(): void {
    window.clearTimeout(this.#newsTimer);
    this.#newsTimer = window.setTimeout(() => void this.#load(), NEWS_MS);
  }

  async #load(): Promise<void> {
    const selection = this.#selection;
    try {
      const loaded = await this.#request.run((signal) => loadGrid(this.#context.api, selection, signal));
      if (loaded === undefined) return;
      this.#failure = undefined;
      this.#present(loaded, selection);
    } catch (error) {
      this.#failure = error;
      this.#presentFailure(error);
    }
  }

  #present(loaded: Loaded, selection: Selection): void {
    const { grid } = loaded;
    const isNew = this.#grid === undefined || this.#grid.level !== grid.level;
    this.#loaded = loaded;
    const isEmpty = grid.transport === null || grid.window === null;
    this.#showInstead(isEmpty ? emptyNotice() : undefined);
    const { level } = grid;
    const marks = this.#stage.setGrid(grid, { ...selection, level });
    if (selection.box !== undefined && (isNew || this.#stage.box === undefined)) this.#stage.showBox(selection.box);
    if (this.#jump !== undefined) this.#stage.jumpTo(this.#jump);
    this.#jump = undefined;
    this.#showControls();
    this.#marks = marks;
    this.#showSide();
    this.#look();
  }

  /** An old picture is better than none, if it says that it is old. */
  #presentFailure(error: unknown): void {
    const isPassing = error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
    if (this.#grid !== undefined && isPassing) this.#look();
    else {
      this.#showInstead(errorNotice(error, ...this.#waysOut(error)));
      this.#showControls();
    }
  }

  #waysOut(error: unknown): HTMLElement[] {
    const { router } = this.#context;
    const button = (text: string, onclick: () => void) => h('button', { type: 'button', onclick }, text);
    if (this.#selection.at !== undefined) return [button('Live', () => router.select({ at: undefined }))];
    if (!(error instanceof ApiError) || error.code !== 'too_large')
      return [button('Try again', () => void this.#load())];
    return LEVELS_DOWN.filter((level) => level !== 'host').map((level) =>
      button(LEVEL_NAMES[level], () => router.select(atLevel(level, this.#selection))),
    );
  }

  #showInstead(element: HTMLElement | undefined): void {
    this.#notice.hidden = element === undefined;
    this.#body.hidden = element !== undefined;
    this.#notice.replaceChildren(...(element === undefined ? [] : [element]));
  }

  #showControls(): void {
    const shown = this.#shown();
    const transports = this.#loaded?.windows.transports.map(({ transport }) => transport) ?? [];
    this.#toolbar.show(shown, transports, this.#context.api.csvPath(shown));
    const crumbs = crumbsOf(this.#selection);
    const links = crumbs.map(({ text, change }, i) => {
      if (i === crumbs.length - 1) return h('span', { 'aria-current': 'true' }, text);
      return h('a', { href: formatRoute({ page: 'grid', selection: this.#selectionWith(change) }) }, text);
    });
    fill(this.#crumbs, ...links);
  }

  #showSide(): void {
    const { grid } = this.#stage;
    const legend = this.#stage.legend();
    if (grid === undefined || legend === undefined) return;
    fill(this.#legend, legend);
    const isSquare = this.#selection.srcIn === this.#selection.dstIn;
    this.#patterns.show(this.#marks, isSquare, this.#context.themes.theme.value);
  }

  /** Says how old the data are, and asks again after a failure. */
  #look(): void {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const nowMs = this.#context.api.nowMs();
    const isLive = this.#selection.at === undefined;
    this.#timeline.show(windowsOf(loaded), this.#selection.at ?? loaded.grid.window?.start_ms, isLive, nowMs);
    const endMs = Date.parse(loaded.grid.window?.end ?? '');
    const shown = { windows: windowsOf(loaded), windowMs: loaded.windows.window_ms, endMs, isLive };
    this.#stage.showBanner(warningOf(shown, this.#failure, this.#context.live.state.value, nowMs));
    if (this.#failure !== undefined && this.#request.isIdle) void this.#load();
  }

  #shown(): Shown {
    const grid = this.#grid;
    const { transport, level, delay, stat, ...rest } = this.#selection;
    return {
      ...rest,
      transport: grid?.transport ?? transport ?? '',
      level: grid?.level ?? level ?? 'host',
      delay: grid?.delay ?? delay ?? 'network_rtt',
      stat: (grid?.stat as Stat | undefined) ?? stat ?? 'p99',
    };
  }

  #selectionWith(change: ScopeChange): Selection {
    const merged = Object.entries({ ...this.#selection, ...change }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(merged) as Selection;
  }

  #open(src: string, dst: string): void {
    const { level, transport, delay, stat, at } = this.#shown();
    const change = inside(level, src, dst);
    const { router } = this.#context;
    const selection = { transport, delay, stat, ...(at !== undefined && { at }) };
    if (change !== undefined) router.select(change);
    else router.go({ page: 'pair', src, dst, selection });
  }

  #openMember(name: string): void {
    const { level, transport, delay, stat, at } = this.#shown();
    const selection = { transport, delay, stat, ...(at !== undefined && { at }) };
    if (level === 'host') this.#context.router.go({ page: 'host', name, selection });
    else this.#open(name, name);
  }

  /** In the figure that shows it: a host that loses probes may answer the others as fast as any. */
  #showPattern(mark: Mark): void {
    const { delay, stat } = this.#shown();
    const figure = figureOf(mark.pattern);
    const isSeen = figure === undefined || (stat === figure.stat && (stat === 'loss' || delay === figure.delay));
    if (isSeen) {
      this.#stage.jumpTo(mark);
      return;
    }
    this.#jump = mark;
    this.#context.router.select(figure);
  }

  #keepBox(): void {
    window.clearTimeout(this.#boxTimer);
    this.#boxTimer = window.setTimeout(
      () => this.#context.router.select({ box: this.#stage.box }, { replace: true }),
      BOX_MS,
    );
  }

  /** Of this very window, however time goes on. */
  #link(): string {
    const [at, { box }] = [this.#grid?.window?.start_ms, this.#stage];
    const selection = { ...this.#shown(), ...(at !== undefined && { at }), ...(box && { box }) };
    return new URL(formatRoute({ page: 'grid', selection }), location.href).href;
  }

  /** A link cannot carry a token: with one the file is fetched, and handed over from here. */
  #downloadCsv(event: Event): void {
    const { api, session } = this.#context;
    if (session.token === '') return;
    event.preventDefault();
    const shown = this.#shown();
    const asked = this.#csv.run((signal) => api.csv(shown, signal));
    const name = `grid-${shown.level}-${shown.stat}.csv`;
    asked.then(
      (file) => file && saveFile(file, name),
      (error) => this.#stage.showBanner(messageOf(error)),
    );
  }
}
