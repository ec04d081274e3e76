/** Takes the directory given as its argument, tells so, and keeps it until its input ends. Run by `lock_test.ts`. */
import { acquireDirectory } from "../../../src/adapters/local/lock.ts";

const lock = await acquireDirectory(Deno.args[0]);
await lock.publish({ http: "http://127.0.0.1:4711" });
console.log("locked");
for await (const _ of Deno.stdin.readable);
await lock.release();
