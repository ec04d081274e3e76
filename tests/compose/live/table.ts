import type { DoneStep } from "../../stack/e2e/steps.ts";

/** The steps of a run and their seconds, as a table. */
export function tableOf(done: readonly DoneStep[]): string {
  const width = Math.max(4, ...done.map(({ name }) => name.length));
  const rows = done.map(({ name, ms, ok, figures }) =>
    `${name.padEnd(width)}  ${(ms / 1000).toFixed(1).padStart(7)}  ${ok ? "" : "FAILED "}${figures}`.trimEnd()
  );
  return [`${"step".padEnd(width)}  seconds`, `${"-".repeat(width)}  -------`, ...rows].join("\n");
}
