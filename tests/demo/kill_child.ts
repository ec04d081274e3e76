/**
 * A demo store over an embedded log, both in the directory named by the first argument, until somebody kills the
 * process.
 */
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { openDemoStore } from "../../src/demo/mod.ts";
import { MEDIUM } from "./support.ts";

const [directory] = Deno.args;
const log = openEmbeddedLog({ path: `${directory}/log.db` });
console.log("opened");
const store = openDemoStore({ path: `${directory}/store.db`, log, clock: systemClock, seed: 23, sizes: MEDIUM });
await store.createTopics();
await store.snapshot();
await store.run({ ratePerSecond: 20_000, signal: new AbortController().signal });
