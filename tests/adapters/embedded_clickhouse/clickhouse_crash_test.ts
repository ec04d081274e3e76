import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import type { UpsertRow } from "../../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { PLAIN, sale, shownBy } from "../../ports/warehouse_fixtures.ts";

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "weir-clickhouse-" });
  try {
    await run(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** Repeats until `attempt` succeeds; what it throws meanwhile must be retriable. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + 30_000;
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      assert(error instanceof ProductionError && error.retriable, String(error));
      assert(performance.now() < deadlineMs, `still failing: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function alive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (alive(pid)) {
    assert(performance.now() < deadlineMs, `process ${pid} still lives`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("startEmbeddedClickHouse() restarts a killed server on the same address; acknowledged rows are there", () =>
  inDirectory(async (path) => {
    const server = await startEmbeddedClickHouse({ path });
    const exits: string[] = [];
    server.onExit((exit) => exits.push(`${exit.signal} ${exit.restartMs}`));
    const warehouse = openClickHouse({ url: server.url, database: "crash" });
    await warehouse.ensure(PLAIN);
    const { url } = server;
    let nextId = 0;
    let acknowledged = 0;
    let refused = 0;
    let running = true;
    const writer = async () => {
      while (running) {
        const upserts: UpsertRow[] = Array.from({ length: 500 }, () => sale(nextId++));
        await eventually(async () => {
          try {
            await warehouse.insert({ table: PLAIN, upserts, deletes: [] });
          } catch (error) {
            refused++;
            throw error;
          }
        });
        acknowledged += upserts.length;
      }
    };
    const writers = [writer(), writer()];
    const kills = 3;
    for (let kill = 0; kill < kills; kill++) {
      const before = acknowledged;
      while (acknowledged < before + 3_000) await new Promise((resolve) => setTimeout(resolve, 5));
      const { pid } = server;
      Deno.kill(pid, "SIGKILL");
      await untilDead(pid);
      // A moment of refusals, so that the next kill hits a server that writes again.
      await eventually(() => warehouse.ping());
    }
    running = false;
    await Promise.all(writers);
    assertEquals(server.url, url);
    assertEquals(exits.length, kills);
    assert(exits.every((exit) => /^SIGKILL \d+$/.test(exit)), exits.join());
    assert(refused > 0, "no insert met the outage");
    const shown = await shownBy(warehouse, PLAIN, "sales@0");
    assertEquals(shown.length, acknowledged);
    assert(shown.every((text) => !text.endsWith(":-1")));
    await warehouse.close();
    await server.close();
    assertEquals(exits.at(-1), "null null");
  }));

Deno.test("startEmbeddedClickHouse() keeps its data over close() and a new start", () =>
  inDirectory(async (path) => {
    for (const expected of [[], ["1:2"]]) {
      const server = await startEmbeddedClickHouse({ path });
      const warehouse = openClickHouse({ url: server.url, database: "kept" });
      await warehouse.ensure(PLAIN);
      assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), expected);
      await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
      await warehouse.close();
      const { pid } = server;
      await server.close();
      assert(!alive(pid));
      await server.close();
    }
  }));

Deno.test("startEmbeddedClickHouse() says who uses the directory, and which port is taken", () =>
  inDirectory(async (path) => {
    const server = await startEmbeddedClickHouse({ path });
    const second = await assertRejects(() => startEmbeddedClickHouse({ path }), ConfigError);
    assertStringIncludes(second.message, `last used by process ${server.pid}`);
    const port = Number(new URL(server.url).port);
    const taken = await assertRejects(() => startEmbeddedClickHouse({ path: `${path}/other`, port }), ConfigError);
    assertStringIncludes(taken.message, "in use");
    await server.close();
  }));

Deno.test("the server ends when its parent is killed, and the next start finds the directory free", () =>
  inDirectory(async (path) => {
    const script = `
      const { startEmbeddedClickHouse } = await import(${
      JSON.stringify(new URL("../../../src/adapters/embedded_clickhouse/clickhouse.ts", import.meta.url).href)
    });
      const server = await startEmbeddedClickHouse({ path: ${JSON.stringify(path)} });
      console.log(server.pid);
      setInterval(() => {}, 1000);`;
    const file = `${path}.parent.ts`;
    await Deno.writeTextFile(file, script);
    // Another working directory and few permissions: the server must not depend on either.
    const args = ["run", "--no-prompt", "--allow-run", "--allow-read", file];
    const parent = new Deno.Command(Deno.execPath(), { args, cwd: "/", stdin: "null", stdout: "piped" }).spawn();
    const reader = parent.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    assert(alive(pid));
    parent.kill("SIGKILL");
    await parent.status;
    await untilDead(pid);
    await reader.cancel();
    await Deno.remove(file);
    const server = await startEmbeddedClickHouse({ path });
    await server.close();
  }));

Deno.test("a Ctrl-C in the terminal of its parent does not reach the server, not even while it starts", () =>
  inDirectory(async (path) => {
    const module = new URL("../../../src/adapters/embedded_clickhouse/clickhouse.ts", import.meta.url).href;
    // As a terminal: the signal goes to each process of the parent's group.
    const script = `
      const { startEmbeddedClickHouse } = await import(${JSON.stringify(module)});
      Deno.addSignalListener("SIGINT", () => {});
      const starting = startEmbeddedClickHouse({ path: ${JSON.stringify(path)} });
      const pressing = setInterval(() => Deno.kill(-Deno.pid, "SIGINT"), 20);
      const server = await starting.catch((error) => console.log(error.message));
      clearInterval(pressing);
      if (server) console.log("started");
      await server?.close();
      Deno.exit(0);`;
    const file = `${path}.terminal.ts`;
    await Deno.writeTextFile(file, script);
    const args = ["run", "-A", file];
    const parent = new Deno.Command(Deno.execPath(), { args, detached: true, stdout: "piped", stderr: "piped" });
    const { stdout, stderr } = await parent.spawn().output();
    await Deno.remove(file);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    assertEquals(text(stdout), "started", text(stderr));
  }));

Deno.test("startEmbeddedClickHouse() says how long it has waited for a server that does not answer", () =>
  inDirectory(async (path) => {
    const startTimeoutMs = 50;
    const { message } = await assertRejects(() => startEmbeddedClickHouse({ path, startTimeoutMs }), ConfigError);
    assertStringIncludes(message, "has not answered within 0.05 s");
  }));
