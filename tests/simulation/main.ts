import { parseArgs } from "node:util";
import { runScenario } from "./scenario.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    heat: { type: "string", default: "1" },
    mutants: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const from = Number(values.from);
const count = Number(values.seeds);
let bad = 0;
let steps = 0;
let crashes = 0;
let restarts = 0;
const startMs = Date.now();
for (let seed = from; seed < from + count; seed++) {
  const outcome = await runScenario(seed, { heat: Number(values.heat) });
  steps += outcome.steps;
  crashes += outcome.crashes;
  restarts += outcome.restarts;
  if (outcome.violation !== null) {
    bad++;
    if (bad < 10) console.log(`seed ${seed}: ${outcome.violation}`);
  }
}
console.log(`${count} seeds, ${bad} violations, ${steps} steps, ${crashes} crashes, ${restarts} task restarts, ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
if (bad > 0) Deno.exit(1);
