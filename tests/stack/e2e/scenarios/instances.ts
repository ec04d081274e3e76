import { stackAddresses } from "../../mod.ts";
import type { Stage } from "../stage.ts";
import { sleep, until } from "../steps.ts";
import type { WeirEvent, WeirProcess } from "../weir.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 80;
/** Both count their tasks at most once a second. */
const LOOK_MS = 1_500;
const TAKEOVER_MS_MAX = 120_000;

/** Two processes share the topologies; one joins, one is killed, in both orders. */
export const instances: Scenario = {
  title: "two processes share the topologies",
  async run(stage) {
    const { steps, options } = stage;
    const first = stage.startWeir();
    await steps.step("one process has all tasks", async (signal) => {
      await first.ready(signal);
      return `${first.tasks().size} tasks`;
    }, { withinMs: TAKEOVER_MS_MAX });
    const all = first.tasks();
    const { postgres } = stackAddresses(options);
    const writer = new Writer({ postgres, perSecond: PER_SECOND, seed: options.seed + 2 });
    const second = stage.startWeir();
    await joins(stage, { resident: first, newcomer: second, all });
    await killed(stage, { victim: second, survivor: first, all });
    const third = stage.startWeir();
    await joins(stage, { resident: first, newcomer: third, all });
    await killed(stage, { victim: first, survivor: third, all });
    await steps.step("the writer stops", async () => writtenText(await writer.stop()));
    await stage.verify("after the takeovers");
    await steps.step("Ctrl-C ends it in order", (signal) => third.end(signal));
  },
};

/** The newcomer takes its share; tasks that the resident keeps run on without a break. */
async function joins(
  { steps }: Stage,
  { resident, newcomer, all }: { resident: WeirProcess; newcomer: WeirProcess; all: ReadonlySet<string> },
): Promise<void> {
  await steps.step("a process joins, the other one keeps its tasks running", async (signal) => {
    const known = resident.events.length;
    await until(async () => covered([resident, newcomer], all) && await newcomer.isReady(), { signal });
    await resident.ready(signal);
    const kept = resident.tasks();
    const meanwhile = resident.events.slice(known);
    const begunAgain = meanwhile.filter(({ event }) => event === "restart").map(nameOfTask);
    const dropped = meanwhile.filter(({ event }) => event === "assigned").flatMap(({ topology, tasks }) =>
      [...kept].filter((task) => task.startsWith(`${topology}/`)).filter((task) =>
        !(tasks as string[]).includes(task.slice(`${topology}/`.length))
      )
    );
    const broken = [...begunAgain, ...dropped].filter((task) => kept.has(task));
    if (broken.length > 0) throw new Error(`the resident did not keep ${[...new Set(broken)]} running`);
    // A task that has moved may be told so by its successor's first message before the group tells its old owner.
    return `${kept.size} tasks kept, ${newcomer.tasks().size} moved`;
  }, { withinMs: TAKEOVER_MS_MAX });
}

/** SIGKILL, and the survivor takes over everything. */
async function killed(
  { steps }: Stage,
  { victim, survivor, all }: { victim: WeirProcess; survivor: WeirProcess; all: ReadonlySet<string> },
): Promise<void> {
  await steps.step("a process is killed, the other one takes over its tasks", async (signal) => {
    await sleep(LOOK_MS);
    await victim.kill();
    await until(() => survivor.tasks().size === all.size, { signal });
    await survivor.ready(signal);
    return `${survivor.tasks().size} tasks`;
  }, { withinMs: TAKEOVER_MS_MAX });
}

/** Whether each task has exactly one of both. */
function covered([a, b]: readonly [WeirProcess, WeirProcess], all: ReadonlySet<string>): boolean {
  const [ofA, ofB] = [a.tasks(), b.tasks()];
  return ofB.size > 0 && ofA.size + ofB.size === all.size && ofA.union(ofB).size === all.size;
}

function nameOfTask({ topology, task }: WeirEvent): string {
  return `${topology}/${task}`;
}
