import type { LogLevel } from "../config/environment_schema.ts";
import { isShown, type Output, writeOut } from "./output.ts";

const STATUS_EVERY_MS = 5_000;

/** One JSON object a line: `time`, `level`, `event`, `message`, and what belongs to the event. */
export function createJsonOutput(least: LogLevel): Output {
  const line = (level: LogLevel, event: string, fields: Readonly<Record<string, unknown>>) =>
    writeOut(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  return {
    statusEveryMs: STATUS_EVERY_MS,
    event({ level, name, text, fields }) {
      if (isShown(level, least)) line(level, name, { message: text, ...fields });
    },
    status(status) {
      if (isShown("info", least)) line("info", "status", { ...status });
    },
    close() {},
  };
}
