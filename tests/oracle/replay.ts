import { parseCase, run } from "./case.ts";
import { report } from "./report.ts";

const HELP = `deno run -A tests/oracle/replay.ts CASE: lives one case again, as a failing test printed it

CASE is the JSON text, or the path of a file that holds it.`;

const [given] = Deno.args;
if (given === undefined || given === "--help") {
  console.log(HELP);
} else {
  const life = parseCase(given.startsWith("{") ? given : await Deno.readTextFile(given));
  const failure = await run(life);
  console.log(failure === null ? "the sinks are what the oracle computes" : report(life, failure));
  if (failure !== null) Deno.exit(1);
}
