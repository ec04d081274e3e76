import type { LogLevel } from "../config/environment_schema.ts";
import { type Event, isShown, type Output, writeOut } from "./output.ts";
import { StatusChanges } from "./status_changes.ts";
import { StatusLine } from "./status_line.ts";

/** How late a change of the status may be told. */
const LOOK_EVERY_MS = 1_000;

/**
 * One JSON object a line: `time`, `level`, `event`, `message`, and what belongs to the event. Told is what happens, and
 * at times in one short line how everything stands: other things are kept in the same log, and this must not crowd them
 * out.
 */
export function createJsonOutput(least: LogLevel, write: (text: string) => void = writeOut): Output {
  const changes = new StatusChanges();
  const line = new StatusLine();
  const print = ({ level, name, text, fields }: Event) => {
    if (!isShown(level, least)) return;
    const head = { time: new Date().toISOString(), level, event: name, message: text };
    write(`${JSON.stringify({ ...head, ...fields })}\n`);
  };
  return {
    statusEveryMs: LOOK_EVERY_MS,
    event: print,
    status(status) {
      changes.look(status).forEach(print);
      const due = line.look(status);
      if (due !== null) print(due);
    },
    close() {},
  };
}
