import type { LogLevel } from "../config/environment_schema.ts";
import { type Event, isShown, type Output, writeOut } from "./output.ts";
import { renderStatus } from "./status_screen.ts";

const STATUS_EVERY_MS = 500;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_TO_END = "\x1b[J";
const COLOURS: Readonly<Record<LogLevel, string>> = { error: "\x1b[31m", warn: "\x1b[33m", info: "", debug: "\x1b[2m" };

/** Events scroll; below them stands the status, redrawn in place. */
export function createTerminalOutput(least: LogLevel): Output {
  let drawn = 0;
  let last: readonly string[] = [];
  let hidden = false;

  const erase = () => drawn === 0 ? "" : `\x1b[${drawn}A\r${CLEAR_TO_END}`;
  const draw = (before: string, lines: readonly string[]) => {
    const start = hidden ? "" : HIDE_CURSOR;
    hidden = true;
    writeOut(`${start}${erase()}${before}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
    last = lines;
  };

  return {
    statusEveryMs: STATUS_EVERY_MS,
    event(event) {
      if (isShown(event.level, least)) draw(eventLine(event), last);
    },
    status(status) {
      const { columns, rows } = terminalSize();
      draw("", renderStatus(status, { columns, lines: Math.min(20, rows - 2) }));
    },
    close() {
      if (hidden) writeOut(SHOW_CURSOR);
      hidden = false;
      drawn = 0;
      last = [];
    },
  };
}

function eventLine({ level, text, fields }: Event): string {
  const colour = COLOURS[level];
  const time = new Date().toTimeString().slice(0, 8);
  const stack = typeof fields?.stack === "string" ? `\x1b[2m${fields.stack}\x1b[0m\n` : "";
  return `\x1b[2m${time}\x1b[0m ${colour}${text}${colour === "" ? "" : "\x1b[0m"}\n${stack}`;
}

function terminalSize(): { readonly columns: number; readonly rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}
