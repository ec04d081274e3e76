// What a task does with rows that come and change, without log and ClickHouse, with the code of several checkouts of
// Weir in turn: `deno run -A tests/bench/evaluation.ts /path/to/one /path/to/another` (this one alone if none
// is given). CPU of this thread for each item that is evaluated, and ratios to the first checkout within each round, so
// that the machine and what else it does cancel out.
import { type EvaluatedTasks, evaluatedTasksOf } from "./evaluated_tasks.ts";

const ROUNDS = 9;
const PHASES: readonly (keyof EvaluatedTasks)[] = ["insert", "change", "partner", "again"];

/** Of this thread: others collect its garbage. Linux. */
function threadMs(): number {
  return Number(Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ")[0]) / 1e6;
}

const here = new URL("../../", import.meta.url).href;
const checkouts = Deno.args.length > 0 ? Deno.args.map((path) => new URL(`${path}/`, "file:///").href) : [here];
const makers = await Promise.all(checkouts.map(evaluatedTasksOf));
/** By checkout and phase: nanoseconds an item in each round. */
const times = checkouts.map(() => PHASES.map((): number[] => []));
// The first round is for the engine.
for (let round = -1; round < ROUNDS; round++) {
  const tasks = makers.map((make) => make());
  PHASES.forEach((phase, index) => {
    for (let turn = 0; turn < checkouts.length; turn++) {
      const which = (turn + round + 1) % checkouts.length;
      const start = threadMs();
      const evaluated = tasks[which][phase]();
      if (round >= 0) times[which][index].push((threadMs() - start) * 1e6 / evaluated);
    }
  });
}
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
PHASES.forEach((phase, index) => {
  const figures = times.map((ofCheckout) => {
    const ratio = median(ofCheckout[index].map((time, round) => time / times[0][index][round]));
    return `${median(ofCheckout[index]).toFixed(0)} ns (${ratio.toFixed(2)})`;
  });
  console.log(`${phase.padEnd(10)} ${figures.join("   ")}`);
});
