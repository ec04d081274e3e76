import { openEmbeddedDeadLetters } from "../../src/adapters/local/dead_letters.ts";
import { apiRoutes } from "../../src/cli/api/api_routes.ts";
import { guarded } from "../../src/cli/api/guard.ts";
import { showingRows } from "../../src/cli/api/showing_rows.ts";
import { explainRoutes } from "../../src/cli/explain/explain_routes.ts";
import { type HttpServer, type Routes, serveHttp } from "../../src/cli/http_server.ts";
import { letterRoutes } from "../../src/cli/letters/letter_routes.ts";
import type { ShownRun } from "../../src/cli/start/shown_run.ts";
import { storeRoutes } from "../../src/cli/store/store_routes.ts";
import type { Topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../runtime/step_run.ts";
import { LOGINS, ORDERS, SECRET, USERS } from "./secretive_topology.ts";

const HOST = "127.0.0.1";
const PASSWORD = "known to all instances";
const PARTITIONS = 2;

/** One instance with all that can be asked of it over HTTP. */
class AskedInstance {
  run: StepRun | null = null;
  readonly server: HttpServer;
  readonly address: string;

  constructor(letters: ReturnType<typeof openEmbeddedDeadLetters>) {
    const runs = () => [shown(this)];
    const watched = {
      ...{ password: PASSWORD, showsRows: true, demo: null, reader: { url: `http://${HOST}:1`, database: "default" } },
      ...{ instance: () => this.address, verifying: () => false, lettersIn: "file", events: () => [] },
      status: () => ({ topologies: [] }) as never,
    };
    const routes = (): Routes => ({
      ...apiRoutes({ ...watched, runs: runs() }),
      ...explainRoutes({ runs: runs(), access: { password: PASSWORD }, letters: letters.stored }),
      ...showingRows(
        letterRoutes({ letters: letters.stored, runs: runs() as never, nowMs: () => 5, showsRows: true }),
        watched,
      ),
      ...storeRoutes({ runs: runs() as never, password: PASSWORD, instance: () => this.address }),
    });
    const live = Object.fromEntries(
      Object.keys(routes()).map((name): [string, Routes[string]] => [name, (...asked) => routes()[name](...asked)]),
    );
    this.server = serveHttp({ host: HOST, port: 0 }, guarded(live, { password: PASSWORD }));
    this.address = `${HOST}:${this.server.port}`;
  }

  async ask(path: string, init: RequestInit = {}): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { authorization: `Bearer ${PASSWORD}` };
    const response = await fetch(`${this.server.url}${path}`, { ...init, headers });
    return { status: response.status, text: await response.text() };
  }

  /** What a tap gives until it is closed. */
  tap(path: string): { until(isEnough: (told: string) => boolean): Promise<void>; close(): Promise<string> } {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${PASSWORD}` };
    let told = "";
    const reading = fetch(`${this.server.url}${path}`, { headers, signal: gone.signal }).then(async ({ body }) => {
      for await (const chunk of body!.pipeThrough(new TextDecoderStream())) told += chunk;
    }).catch(() => {});
    return {
      until: async (isEnough) => {
        while (!isEnough(told)) await new Promise((resolve) => setTimeout(resolve, 10));
      },
      close: async () => {
        gone.abort();
        await reading;
        return told;
      },
    };
  }
}

function shown(instance: AskedInstance): ShownRun {
  const problems = () => instance.run?.runner.problems.list().map(({ problem }) => problem) ?? [];
  return {
    ...{ name: "secretive", state: "running", started: null, failure: null, problems, unready: problems },
    runner: instance.run?.runner ?? null,
    topology: instance.run?.runner.topology ?? null,
  };
}

/** A topology with masked columns on some instances, with records of all kinds, right and wrong. */
export async function openSecretive(topology: Topology, { instances: count }: { readonly instances: number }) {
  const topics = [USERS, ORDERS, LOGINS, "t.public.others", "t.public.codes"];
  const { clock, log } = await openStepLog(Object.fromEntries(topics.map((topic) => [topic, PARTITIONS])));
  const letters = openEmbeddedDeadLetters({ path: ":memory:" });
  const warehouse = createMemoryWarehouse();
  const instances = Array.from({ length: count }, () => new AskedInstance(letters));
  await appendAll(log, "first");
  for (const instance of instances) {
    const options = { applicationServer: instance.address };
    const ports = { log, warehouse, deadLetters: letters };
    instance.run = new StepRun(topology, { clock, ports, options }).start();
    await instance.run.settled();
  }
  for (const { run } of instances) await run!.settled();
  return {
    ...{ instances, letters, warehouse, clock },
    /** Lets time pass until something that is asked over HTTP has been answered. */
    async passing<T>(asked: Promise<T>): Promise<T> {
      let isOver = false;
      const answer = asked.finally(() => isOver = true);
      while (!isOver) {
        await clock.pass(20);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return await answer;
    },
    /** Changes all rows once more, so that taps have something to give. */
    async change(): Promise<void> {
      await appendAll(log, "changed");
      for (const { run } of instances) await run!.settled();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { server } of instances) await server.close();
      for (const { run } of instances) await run?.stop();
      await log.close();
      letters.close();
    },
  };
}

/** Every value of a masked column, and of columns that nobody declared, has the secret in it. */
async function appendAll(log: Log, which: string): Promise<void> {
  const ids = Array.from({ length: 9 }, (_, id) => id + 1);
  const secret = (what: string, id: number) => `${SECRET}-${what}-${id}`;
  const put = (topic: string, records: { readonly key: string; readonly value: string }[]) =>
    appendKeyed(log, records, { topic, partitions: PARTITIONS });
  const row = (after: unknown) => JSON.stringify({ op: "c", before: null, after, source: { [SECRET]: SECRET } });
  for (const topic of [USERS, "t.public.others"]) {
    const keyed = (id: number) => [`{"id":${id}}`, `{"email":"${secret("mail", id)}"}`];
    await put(
      topic,
      ids.flatMap((id) =>
        keyed(id).map((key) => ({
          key,
          value: row({ id, email: secret("mail", id), city: `${which} city ${id}`, phone: secret("phone", id) }),
        }))
      ),
    );
  }
  const order = (id: number, more: object = {}) =>
    row({
      id,
      user: secret("mail", id % 4),
      total: id,
      note: secret(`note-${which}`, id % 3),
      [secret("column", id)]: id,
      ...more,
    });
  await put(ORDERS, [
    ...ids.map((id) => ({ key: `{"id":${id}}`, value: order(id) })),
    { key: '{"id":21}', value: order(21, { total: "no number" }) },
    { key: '{"id":22}', value: order(22, { note: "bad", total: null }) },
    { key: '{"id":23}', value: `{"op":"c","after":"${SECRET} as a text"` },
    { key: '{"id":24}', value: JSON.stringify({ op: SECRET, after: { id: 24, note: SECRET } }) },
    { key: '{"id":25}', value: JSON.stringify({ schema: {}, payload: { op: "c", after: { id: "x", note: SECRET } } }) },
    { key: '{"id":"no id"}', value: order(26) },
    { key: SECRET, value: SECRET },
  ]);
  await put(LOGINS, [
    ...ids.map((id) => ({
      key: secret("key", id),
      value: JSON.stringify({ page: `/${id}`, email: secret("mail", id) }),
    })),
    { key: secret("key", 10), value: JSON.stringify({ page: "/throw", email: secret("mail", 10) }) },
    { key: secret("key", 11), value: JSON.stringify({ page: 11, email: secret("mail", 11), more: SECRET }) },
    { key: secret("key", 12), value: `no JSON of ${SECRET}` },
  ]);
}
