import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, type Running, startMain, withDirectory } from "../support.ts";

/** Fifty take about five minutes. */
const KILLS = Number(Deno.env.get("WEIR_TEST_KILLS") ?? 3);
const seed = Number(Deno.env.get("WEIR_TEST_SEED") ?? Math.floor(Math.random() * 1e9));

/** So often that hardly a moment is without one that is being written. */
const SNAPSHOTS = { WEIR_SNAPSHOT_EVERY_MS: "200" };
const TOPOLOGIES = ["sales", "order_funnel", "product_performance", "cart_abandonment"];
/** Longer than a start takes, so that there are kills within it and behind it. */
const MOMENT_MS = 5_000;
/** Between two looks at every row. */
const VERIFY_EVERY = 10;

Deno.test({
  name: `start survives ${KILLS} kill -9 while snapshots are written, and reads none that is bad (seed ${seed})`,
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const starts: Running[] = [];
      const start = (...more: string[]) => {
        const options = ["--data", directory, "--demo-size", "small", "--port", "0", "--no-check", ...more];
        starts.push(startMain(["start", ...TOPOLOGIES, ...options], { ...SNAPSHOTS, WEIR_PROOF: "off" }));
        return starts.at(-1)!;
      };
      const seconds: number[] = [];
      for (let kill = 1; kill <= KILLS; kill++) {
        const weir = start();
        // What is not random: the first snapshots are there before anything is killed.
        if (kill === 1) await allStarted(weir);
        await new Promise((resolve) => setTimeout(resolve, momentOf(kill)));
        weir.child.kill("SIGKILL");
        await weir.finished;
        if (kill % VERIFY_EVERY !== 0 && kill !== KILLS) continue;
        // What the store has sent is applied, and nothing more comes.
        const beganMs = performance.now();
        const caughtUp = start("--rate", "0", "--duration", "1s");
        await allStarted(caughtUp);
        seconds.push((performance.now() - beganMs) / 1000);
        assertEquals((await caughtUp.finished).status, 0);
        await assertEqual(directory);
      }
      const events = starts.flatMap((weir) => weir.events);
      assertEquals(events.filter(({ event }) => event === "snapshot ignored"), []);
      const restored = starts.filter((weir) => weir.events.some(({ event }) => event === "restored")).length;
      assert(restored > 0, "no start went on from snapshots");
      const longest = Math.max(...seconds).toFixed(1);
      console.log(`${KILLS} kills: ${restored} starts went on from snapshots, ready after ${longest} s at most`);
    }),
});

/** Milliseconds from a process's begin to its end, the same for the same seed. */
function momentOf(kill: number): number {
  return ((seed * 31 + kill * 7_919) % 1_000) / 1_000 * MOMENT_MS;
}

async function allStarted(weir: Running): Promise<void> {
  for (const name of TOPOLOGIES) await weir.event(({ event, topology }) => event === "started" && topology === name);
}

async function assertEqual(directory: string): Promise<void> {
  const { status, out, err } = await runMain(["verify", "--json", "--data", directory]);
  assertEquals([status, JSON.parse(out).equal], [0, true], out + err);
}
