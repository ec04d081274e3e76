import { assert } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { openDemoStore } from "../../src/demo/mod.ts";
import { assertSameRows, fold, inDirectory, MEDIUM, readAll, truthOf } from "./support.ts";

const ROUNDS = 6;
const seed = Number(Deno.env.get("DEMO_KILL_SEED") ?? Math.floor(Math.random() * 1e9));

Deno.test(`DemoStore survives kill -9 at random moments with topics that say what its rows say (seed ${seed})`, () =>
  inDirectory(async (directory) => {
    let changes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The first moments fall into the making of the store or its snapshot, the later ones mostly into the stream.
      const moment = ((seed * (round + 1) * 7919) % 1000) / 1000;
      await killAfter(directory, round < 2 ? moment * 200 : 100 * round + moment * 500);
      const log = openEmbeddedLog({ path: `${directory}/log.db` });
      const store = openDemoStore({ path: `${directory}/store.db`, log, clock: systemClock, seed: 23, sizes: MEDIUM });
      assert(store.changesWritten() >= changes, "no committed change was lost");
      changes = store.changesWritten();
      // Every other crash is left to the next process, so that one crash follows upon another.
      if (round % 2 === 1) {
        await store.createTopics();
        await store.snapshot();
        assertSameRows(fold(await readAll(log)), truthOf(store));
      }
      store.close();
      await log.close();
    }
    assert(changes > 0, "the stream had begun");
  }));

/** Starts the child and kills it some time after it opened the log. */
async function killAfter(directory: string, ms: number): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-check", new URL("./kill_child.ts", import.meta.url).pathname, directory],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const opened = await reader.read();
  assert(!opened.done, "the child opened the log");
  await systemClock.sleep(ms);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
}
