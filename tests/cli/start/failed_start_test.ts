import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, type Running, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const SMALL = ["--demo-size", "small", "--port", "0", "--rate", "50", "--no-check"];
const MOD = new URL("../../../src/mod.ts", import.meta.url).href;
const ZOD = import.meta.resolve("zod");

/** A topology that copies the ids of the store's users into a table of its own name, once more under another type. */
function copy(name: string, type: "Int64" | "String"): string {
  return `import { clickhouse, debezium, int8, topology } from "${MOD}";
import { z } from "${ZOD}";
const users = debezium("online_store.public.users", { key: ["id"], row: z.object({ id: int8() }) });
const shown = clickhouse("${name}", { key: ["id"], columns: { id: "Int64", copy: "${type}" } });
export default topology("${name}", (builder) =>
  builder.table(users).mapValues(({ id }) => ({ id, copy: ${type === "Int64" ? "id" : "String(id)"} })).to(shown));`;
}

async function write(directory: string, files: Record<string, string>): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}.ts`, text);
}

async function addressOf(running: Running): Promise<string> {
  const { addresses } = await running.event(({ event }) => event === "listening");
  return (addresses as Record<string, string>).metrics;
}

Deno.test({
  name: "start shows topologies that fail and files that cannot be imported, runs all others, and ends with status 1",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const data = ["--data", `${directory}/data`];
      await write(env.WEIR_TOPOLOGIES, { odd: copy("odd", "Int64") });
      const first = await runMain(["start", ...data, ...SMALL, "--duration", "200ms"], env);
      assertEquals(first.status, 0, first.err);

      // Another shape of a table that is there; a file that is no program; a promise that nobody waits for.
      const stray = 'setTimeout(() => Promise.reject(new RangeError("left alone")), 100);';
      await write(env.WEIR_TOPOLOGIES, {
        odd: copy("odd", "String"),
        even: `${copy("even", "Int64")}\n${stray}`,
        syntax: "export const x = ;",
      });
      const running = startMain(["start", ...data, ...SMALL], env);
      const address = await addressOf(running);
      const failed = (topology: string) =>
        running.event((event) => event.event === "failed" && event.topology === topology);
      const odd = await failed("odd");
      assertEquals([odd.level, odd.pauseMs], ["error", 10_000]);
      const syntax = await failed(`${env.WEIR_TOPOLOGIES}/syntax.ts`);
      assertEquals([syntax.level, syntax.pauseMs], ["error", null]);
      const left = await failed("outside of topologies");
      assert(String(left.stack).includes("even.ts"), JSON.stringify(left));
      await running.event(({ event, topology }) => event === "started" && topology === "even");

      const ready = await fetch(`${address}/readyz`);
      const text = await ready.text();
      assertEquals([ready.status, text.includes("ready: even\n")], [503, true], text);
      for (const name of ["odd", "outside of topologies", `${env.WEIR_TOPOLOGIES}/syntax.ts`]) {
        assert(text.includes(`- ${name}: failed: `), text);
      }
      assertEquals(await (await fetch(`${address}/livez`)).text(), "ok\n");
      const metrics = await (await fetch(`${address}/metrics`)).text();
      for (
        const line of [
          'weir_topology_state{topology="odd",state="failed"} 1',
          'weir_topology_state{topology="even",state="running"} 1',
          'weir_topology_failures_total{topology="odd",error="ConfigError"} 1',
        ]
      ) assert(metrics.includes(line), line);

      // verify does not wait for what does not run, and is not content with it.
      await Deno.remove(`${env.WEIR_TOPOLOGIES}/syntax.ts`);
      await write(env.WEIR_TOPOLOGIES, { even: copy("even", "Int64") });
      const verify = await runMain(["verify", ...data, "--wait", "30s"], env);
      assertEquals(verify.status, 1);
      assert(verify.out.includes("odd failed on the running instance: Cannot use column"), verify.out + verify.err);
      assertEquals((await runMain(["verify", "even", ...data], env)).status, 0);

      running.child.kill("SIGTERM");
      const { status, err } = await running.finished;
      assertEquals(status, 1);
      for (const part of ["odd failed: Cannot use column", "syntax.ts failed: Cannot import", "failed: RangeError"]) {
        assert(err.includes(part), err);
      }
      const ended = running.events.findLast(({ event }) => event === "ended");
      assertEquals(ended?.level, "error");
    }),
});

Deno.test({
  name: "start ends by itself when no topology is left that is tried again",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { events, finished } = startMain(["start", "mirror", "--data", directory, ...SMALL], {
        WEIR_STORE_ENTRIES_MAX: "1000",
      });
      const { status, err } = await finished;
      assertEquals([status, err.startsWith("Error: mirror failed: Cannot hold")], [1, true], err);
      const [failed, ending, ended] = events.filter(({ event }) =>
        ["failed", "ending", "ended"].includes(String(event))
      );
      assertEquals([failed.level, failed.event, failed.topology], ["error", "failed", "mirror"]);
      assertEquals([ending.event, ending.message], ["ending", "Ending: no topology is left to run"]);
      assertEquals([ended.event, ended.level], ["ended", "error"]);
    }),
});

Deno.test({
  name: "start with a duration does not wait at its end for what does not run",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const data = ["--data", `${directory}/data`];
      await write(env.WEIR_TOPOLOGIES, { odd: copy("odd", "Int64"), even: copy("even", "Int64") });
      assertEquals((await runMain(["start", ...data, ...SMALL, "--duration", "200ms"], env)).status, 0);
      await write(env.WEIR_TOPOLOGIES, { odd: copy("odd", "String") });
      const startedMs = Date.now();
      const { status, err, out } = await runMain(["start", ...data, ...SMALL, "--duration", "2s"], env);
      assertEquals([status, err.startsWith("Error: odd failed: Cannot use column")], [1, true], err);
      assert(Date.now() - startedMs < 60_000, out);
    }),
});

Deno.test({
  name: "start refuses at once when no file can run, or a name is none",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      await write(env.WEIR_TOPOLOGIES, { syntax: "export const x = ;" });
      const none = await runMain(["start", "--data", `${directory}/data`, ...SMALL], env);
      assertEquals([none.status, none.err.includes("Cannot import"), none.out], [1, true, ""], none.err);
      await write(env.WEIR_TOPOLOGIES, { even: copy("even", "Int64") });
      const typo = await runMain(["start", "evne", "--data", `${directory}/data`, ...SMALL], env);
      assertEquals([typo.status, typo.err.includes('Did you mean "even"?')], [1, true], typo.err);
    }),
});
