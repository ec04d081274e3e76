import { command } from "../command.ts";
import { runStart, startOptions } from "../start/start.ts";
import { followFiles } from "./reload.ts";

const { rate, duration, data, topologies, seed, port, json } = startOptions;

/** Runs topologies, and loads them anew as their files change. */
export const devCommand = command({
  name: "dev",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    ...{ rate, duration, data, topologies, seed, port, json },
    "demo-size": startOptions["demo-size"],
    "no-demo": startOptions["no-demo"],
  },
  description: [
    "Runs topologies as start does, and follows their files: of a change, of a file that they import too, it says what",
    "is wrong with it (file, line and message; what ran before goes on), or what it will do to the tables: which are",
    "new, which rows are rewritten, added or deleted, and how many are there. Then it replaces the topologies that use",
    "the changed file; all others run on. A new file is started, the topology of a file that was removed ends.",
    "Tables are not compared with their source meanwhile: deno task verify does that.",
  ].join("\n"),
  examples: ["deno task dev", "deno task dev sales --topologies examples"],
  run: async ({ operands, options: given }) => {
    const all = { ...given, "allow-deletes": false, "no-check": false, "take-over": undefined };
    return await runStart(
      { operands, options: all },
      (instance, { files, graph }) => followFiles(instance, { graph, names: operands, started: files }),
    );
  },
});
