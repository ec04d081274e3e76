import { assert, assertEquals } from "@std/assert";
import { acquireDirectory } from "../../../src/adapters/local/lock.ts";
import { ADDRESS } from "../../../src/cli/embedded_directory.ts";
import { openAccounts } from "../../../src/cli/embedded_accounts.ts";
import { permitted, runMain, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const ROOT = new URL("../../../", import.meta.url).pathname;
const TOPIC = "shop.visits";

const TOPOLOGY = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouse, count, events, topology } from "${ROOT}src/mod.ts";

const visits = events("${TOPIC}", { row: z.object({ page: z.string(), n: z.int() }) });

export default topology("pages", (builder) => {
  builder.stream(visits).groupBy((visit) => ({ page: visit.page })).aggregate("pages", { visits: count() })
    .to(clickhouse("pages", { key: ["page"], columns: { page: "String", visits: "UInt64" } }));
});
`;

/** A folder with the topology. */
async function prepared(directory: string) {
  await Deno.mkdir(`${directory}/topologies`);
  await Deno.writeTextFile(`${directory}/topologies/pages.ts`, TOPOLOGY);
  const data = `${directory}/data`;
  const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
  return {
    data,
    produce: (input: string | ReadableStream<Uint8Array>) =>
      startMain(["produce", TOPIC, "--data", data], env, { input }),
    query: (sql: string) => runMain(["query", sql, "--data", data, "--format", "csv"], env),
    start: () => startMain(["start", "--no-check", "--no-demo", "--data", data, "--port", "0"], env),
  };
}

const linesOf = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `{"page":"/","n":${first + index}}\n`).join("");

async function until(is: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await is()); tries++) {
    assert(tries < 300, "it has not come to it");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test({
  name: "produce leaves the directory to an instance that starts while it waits for input, and writes on through it",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { data, produce, query, start } = await prepared(directory);
      const { readable, writable } = new TransformStream<Uint8Array>();
      const input = writable.getWriter();
      const producing = produce(readable);
      const write = (text: string) => input.write(new TextEncoder().encode(text));
      await write(linesOf(0, 1_000));
      await until(() => Deno.stat(`${data}/log.db`).then(() => true, () => false));
      const run = start();
      await run.event(({ event }) => event === "started" || event === "failed");
      await write(linesOf(1_000, 500));
      await input.close();
      const { status, out, err } = await producing.finished;
      assertEquals(status, 0, err);
      assert(out.includes("1,500 records written"), out);
      await until(async () => (await query("SELECT visits FROM pages")).out.includes("\n1500\n"));
      run.child.kill("SIGTERM");
      assertEquals((await run.finished).status, 0);
    }),
});

Deno.test({
  name: "start and produce wait for whoever has the directory and say for whom; a start that is stopped says no more",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { data, produce, start } = await prepared(directory);
      const lock = await acquireDirectory(data);
      const stopped = start();
      const waiting = await stopped.event(({ event }) => event === "waiting");
      assert(String(waiting.message).includes(`Waiting for process ${Deno.pid}`), String(waiting.message));
      stopped.child.kill("SIGINT");
      const { status, out, err } = await stopped.finished;
      assertEquals([status, err], [0, ""], out);
      assert(out.includes("Nothing is lost") && !out.includes("rm -r"), out);

      const producing = produce(linesOf(0, 1));
      setTimeout(() => lock.release(), 3_000);
      const produced = await producing.finished;
      assertEquals(produced.status, 0, produced.err);
      assert(produced.err.includes(`Waiting for process ${Deno.pid}`), produced.err);
    }),
});

Deno.test({
  name: "produce goes on by itself when the instance has ended that the directory still names",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { data, produce } = await prepared(directory);
      const lock = await acquireDirectory(data);
      await openAccounts(data);
      const port = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      port.close();
      await lock.publish({ [ADDRESS.metrics]: `http://127.0.0.1:${(port.addr as Deno.NetAddr).port}` });
      const producing = produce(linesOf(0, 1_500));
      setTimeout(() => lock.release(), 2_000);
      const { status, out, err } = await producing.finished;
      assertEquals(status, 0, err);
      assert(out.includes("1,500 records written"), out);
    }),
});

Deno.test({
  name: "produce says what is written, and of which lines nobody knows, when the instance ends",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { data, produce } = await prepared(directory);
      const lock = await acquireDirectory(data);
      await openAccounts(data);
      let requests = 0;
      const instance = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
        await request.text();
        if (request.method === "GET") return new Response("ok");
        if (++requests === 1) return Response.json({ created: true, partitions: 6 });
        return new Response(new ReadableStream({ start: (controller) => controller.error(new Error("ended")) }));
      });
      await lock.publish({ [ADDRESS.metrics]: `http://127.0.0.1:${instance.addr.port}` });
      const { status, err } = await produce(linesOf(0, 2_500)).finished;
      assertEquals(status, 1, err);
      assert(err.includes("Lines 1 to 1,000 are written (1,000 records)"), err);
      assert(err.includes("nobody knows whether lines 1,001 to 2,000 are"), err);
      assert(!err.includes("try again"), err);
      await instance.shutdown();
      await lock.release();
    }),
});
