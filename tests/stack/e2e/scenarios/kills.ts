import { FLAGSHIPS } from "../stage.ts";
import type { WeirProcess } from "../weir.ts";
import { sleep } from "../steps.ts";
import { Writer, writtenText } from "../writer.ts";
import { stackAddresses } from "../../mod.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 100;
/**
 * Half of the kills fall into a start, which takes about this long on a small machine; the other half some time after
 * it.
 */
const START_MS = 4_000;
const RUN_MS = 2_500;
/** On a machine that is busy otherwise a start takes long: then it is killed in the middle. */
const READY_MS_MAX = 10_000;
/** So often that most kills fall into the writing of one. */
const SNAPSHOTS = { WEIR_SNAPSHOT_EVERY_MS: "400" };
/** Where hardly a start is completed, half of the groups may be gone until one is. */
const ARGS = [...FLAGSHIPS, "--allow-deletes"];

/**
 * Weir is killed at random moments while the store goes on and snapshots are written, and always comes back to the
 * truth; no start meets a snapshot that it cannot use.
 */
export const kills: Scenario = {
  title: "kill -9 at random moments",
  async run(stage, options) {
    const { steps, random } = stage;
    const writer = new Writer({
      postgres: stackAddresses(stage.options).postgres,
      perSecond: PER_SECOND,
      seed: stage.options.seed,
    });
    const counts = { none: 0, some: 0, all: 0 };
    const starts: WeirProcess[] = [];
    await steps.step(`killed ${options.kills} times while the store is written to`, async (signal) => {
      for (let kill = 1; kill <= options.kills; kill++) {
        const weir = stage.startWeir(ARGS, SNAPSHOTS);
        starts.push(weir);
        if (random.chance(0.5)) await sleep(random.next() * START_MS);
        else {
          await weir.ready(AbortSignal.timeout(READY_MS_MAX)).catch(() => weir.requireAlive());
          await sleep(random.next() * RUN_MS);
        }
        signal.throwIfAborted();
        const running = weir.events.filter(({ event }) => event === "started").length;
        counts[running === 0 ? "none" : running < FLAGSHIPS.length ? "some" : "all"]++;
        await weir.kill();
        if (kill % 5 === 0) steps.say(`      ${kill} kills, ${writer.committed} transactions so far`);
      }
      return `${counts.all} while all topologies ran, ${counts.some} while some, ${counts.none} while none`;
    }, { withinMs: 20_000 * options.kills });
    const weir = stage.startWeir(ARGS, SNAPSHOTS);
    starts.push(weir);
    await steps.step("Weir runs again while the writer goes on", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await steps.step("the writer stops", async () => writtenText(await writer.stop()));
    await steps.step("what starts read of snapshots", () => Promise.resolve(restoredText(starts)));
    await stage.verify("after the kills");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

/** @throws Error when a snapshot was ignored, or none was read */
function restoredText(starts: readonly WeirProcess[]): string {
  const events = starts.flatMap((weir) => weir.events);
  const ignored = events.filter(({ event }) => event === "snapshot ignored");
  if (ignored.length > 0) throw new Error(`${ignored.length} snapshots were ignored: ${ignored[0].message}`);
  const restored = starts.filter((weir) => weir.events.some(({ event }) => event === "restored"));
  if (restored.length === 0) throw new Error(`None of ${starts.length} starts read a snapshot`);
  const tasks = events.filter(({ event }) => event === "restored").reduce((sum, event) => sum + Number(event.tasks), 0);
  return `${restored.length} of ${starts.length} starts went on from snapshots, of ${tasks} tasks; none was ignored`;
}
