/** Where a demo is shown: in place on a terminal, as appended text elsewhere, or as JSON lines. */

import type { WriteStream } from 'node:tty';
import { drawDemo, drawResult } from './page.js';
import { Paint } from './paint.js';
import { type DemoView, toJsonLine } from './view.js';

export interface Display {
  show(view: DemoView): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

type Out = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'getColorDepth'>>;

const PLAIN_COLUMNS = 100;
const OPEN_ALTERNATE_SCREEN = '\u001b[?1049h\u001b[?25l';
const CLOSE_ALTERNATE_SCREEN = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export function openDisplay(out: Out, json: boolean): Display {
  if (json) return { show: (view) => out.write(`${toJsonLine(view)}\n`), close: () => {} };
  // A dumb terminal cannot move its cursor.
  return out.isTTY === true && process.env.TERM !== 'dumb' ? openTerminal(out) : openPlain(out);
}

/** Draws on the alternate screen; the last grid stays on the normal one. */
function openTerminal(out: Out): Display {
  const paint = new Paint(out.getColorDepth?.() ?? 1);
  let last: DemoView | undefined;
  const columns = (): number => out.columns ?? 80;
  const redraw = (): void => {
    if (last === undefined) return;
    const lines = drawDemo(last, { columns: columns(), rows: out.rows ?? 24 }, paint);
    out.write(`${HOME}${lines.map((line) => line + CLEAR_LINE).join('\r\n')}${CLEAR_BELOW}`);
  };
  out.write(OPEN_ALTERNATE_SCREEN);
  out.on('resize', redraw);
  return {
    show(view) {
      last = view;
      redraw();
    },
    close() {
      out.off('resize', redraw);
      out.write(CLOSE_ALTERNATE_SCREEN);
      if (last === undefined) return;
      out.write(`${drawResult(last, columns(), paint).join('\n')}\n`);
    },
  };
}

function openPlain(out: Out): Display {
  const paint = new Paint(1);
  return {
    show(view) {
      const lines = drawDemo(view, { columns: PLAIN_COLUMNS, rows: Number.POSITIVE_INFINITY }, paint);
      out.write(`${lines.join('\n')}\n\n`);
    },
    close() {},
  };
}
