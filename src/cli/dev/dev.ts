import { command, value } from "../command.ts";
import { readDuration } from "../option_values.ts";
import { runStart, startOptions } from "../start/start.ts";
import { followFiles } from "./reload.ts";

const { rate, duration, data, topologies, seed, port, json } = startOptions;

const PREVIEW_DEFAULT_MS = 30_000;

/** Runs topologies, and loads them anew as their files change. */
export const devCommand = command({
  name: "dev",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    ...{ rate, duration, data, topologies, seed, port, json },
    "demo-size": startOptions["demo-size"],
    "no-demo": startOptions["no-demo"],
    preview: value({
      placeholder: "TIME",
      expected: "a duration such as 30s",
      help: "How long a change may wait until it is counted what it will do (default 30s; 0s: it is not counted).",
      read: readDuration,
    }),
  },
  description: [
    "Runs topologies as start does, and follows their files: of a change, of a file that they import too, it says what",
    "is wrong with it (file, line and message; what ran before goes on), or what it will do to the tables: how many",
    "rows are rewritten, added, deleted and unchanged. For that it computes the tables as deno task verify does, in a",
    "process of its own while all that runs goes on, and compares them with what ClickHouse shows at that moment; what",
    "cannot be counted, or not in time, is said with the reason. Then it replaces the topologies that use the changed",
    "file; all others run on. A new file is started, the topology of a file that was removed ends.",
  ].join("\n"),
  examples: ["deno task dev", "deno task dev sales --topologies examples"],
  run: async ({ operands, options: { preview = PREVIEW_DEFAULT_MS, ...given } }) => {
    const all = { ...given, "allow-deletes": false, "no-check": false, "take-over": undefined };
    return await runStart(
      { operands, options: all },
      (instance, { files, graph }) =>
        followFiles(instance, { graph, names: operands, started: files, previewMs: preview }),
    );
  },
});
