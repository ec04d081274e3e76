import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { acquireDirectory, findRunningProcess } from "../../../src/adapters/local/lock.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const mayWrite = (await Deno.permissions.query({ name: "write" })).state === "granted";
const mayRun = (await Deno.permissions.query({ name: "run" })).state === "granted";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_lock_" });
  try {
    await run(`${directory}/data`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Another process that has the directory by the time this resolves. */
async function lockElsewhere(directory: string): Promise<Deno.ChildProcess> {
  const script = new URL("./lock_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-check", "--quiet", "--allow-read", "--allow-write", script, directory],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) if (text.includes("locked")) return child;
  throw new Error("the other process ended without the lock");
}

Deno.test({
  name: "acquireDirectory() refuses a directory that another process has, and names that process",
  ignore: !mayRun,
  fn: () =>
    withDirectory(async (directory) => {
      const child = await lockElsewhere(directory);
      const { message } = await assertRejects(() => acquireDirectory(directory), ConfigError);
      assertStringIncludes(message, `process ${child.pid}`);
      assertStringIncludes(message, "http://127.0.0.1:4711");
      assertEquals(await findRunningProcess(directory), {
        pid: child.pid,
        addresses: { http: "http://127.0.0.1:4711" },
      });
      await child.stdin.close();
      assertEquals((await child.status).code, 0);
      assertEquals(await findRunningProcess(directory), undefined);
      await (await acquireDirectory(directory)).release();
    }),
});

Deno.test({
  name: "acquireDirectory() succeeds at once when the process that had the directory was killed",
  ignore: !mayRun,
  fn: () =>
    withDirectory(async (directory) => {
      const child = await lockElsewhere(directory);
      child.kill("SIGKILL");
      await child.status;
      await child.stdin.close().catch(() => {});
      assertEquals(await findRunningProcess(directory), undefined);
      const lock = await acquireDirectory(directory);
      assertEquals(await findRunningProcess(directory), { pid: Deno.pid, addresses: {} });
      await lock.release();
    }),
});

Deno.test({
  name: "acquireDirectory() refuses a directory that this process has already, until it is released",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      assertEquals(await findRunningProcess(directory), undefined);
      const lock = await acquireDirectory(directory);
      await assertRejects(() => acquireDirectory(directory), ConfigError, `process ${Deno.pid}`);
      await lock.publish({ http: "http://127.0.0.1:1", metrics: "http://127.0.0.1:2" });
      assertEquals((await findRunningProcess(directory))?.addresses, {
        http: "http://127.0.0.1:1",
        metrics: "http://127.0.0.1:2",
      });
      await lock.release();
      await lock.release();
      assertEquals(await findRunningProcess(directory), undefined);
      await assertRejects(() => lock.publish({}), TypeError);
      await (await acquireDirectory(directory)).release();
    }),
});

Deno.test({
  name: "DirectoryLock.discard() removes the directory that taking it has made, and no other",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      const there = async () => (await Array.fromAsync(Deno.readDir(dirname(directory)))).length;
      const made = await acquireDirectory(`${directory}/`);
      await Deno.writeTextFile(`${directory}/log.db`, "of this process");
      await made.discard();
      await made.release();
      assertEquals(await there(), 0);

      await (await acquireDirectory(directory)).release();
      const found = await acquireDirectory(directory);
      await found.discard();
      assertEquals([await there(), await findRunningProcess(directory)], [1, undefined]);

      const given = await acquireDirectory(`${directory}/deeper/data`);
      await given.release();
      await given.discard();
      assert((await Deno.stat(`${directory}/deeper/data`)).isDirectory, "it may be another's by now");
    }),
});

Deno.test({
  name: "acquireDirectory() waits out a command that only asks who runs",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      await (await acquireDirectory(directory)).release();
      const [lock] = await Promise.all([
        acquireDirectory(directory),
        ...Array.from({ length: 20 }, () => findRunningProcess(directory)),
      ]);
      await lock.release();
    }),
});

Deno.test({
  name: "acquireDirectory() refuses a path that cannot be a directory",
  ignore: !mayWrite,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(directory, "a file");
      await assertRejects(() => acquireDirectory(directory), ConfigError, "as a data directory");
    }),
});
