import { apiRoutes } from "../../src/cli/api/api_routes.ts";
import { guarded } from "../../src/cli/api/guard.ts";
import { serveHttp } from "../../src/cli/http_server.ts";
import type { Status } from "../../src/cli/start/status.ts";
import { fillLog } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch } from "../../src/ports/log.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { lines } from "../cli/support.ts";
import { gateOf } from "./gate.ts";
import { holdingBack } from "./held_log.ts";
import { type BenchInstance, runForBench } from "./instance.ts";
import type { Place } from "./places.ts";
import type { Measured } from "./report.ts";
import type { StoreSize } from "./throughput.ts";
import { cpuSecondsOf } from "./usage.ts";

/** Whether the page is open while a part of the backlog is worked through. Both have the same mean place in time. */
const ORDER = ["closed", "open", "open", "closed", "closed", "open", "open", "closed"] as const;
/** A fetch that is under way when the gate shuts still delivers what was there before. */
const SHUT_MS = 600;

type Mode = typeof ORDER[number];

/** One part of the backlog: its records, and what they took. */
interface Part {
  readonly mode: Mode;
  readonly records: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/**
 * What it costs that somebody looks: one backlog of changes in equal parts, in turn with the page closed, and open, as
 * which stand a reader of `/api/state` and one of a tap in another process. Processor time of Weir's own process, for
 * each record; how much two equal halves of the closed parts differ says what such a ratio is worth on this machine.
 */
export async function benchConsole(
  place: Place & { readonly topology: Topology },
  { orders, changes }: StoreSize,
): Promise<Measured[]> {
  const { topology, log, clickhouseUrl, directory } = place;
  const held = await holdingBack(log, `${directory}/changes.jsonl`);
  await fillLog({ log: held.log, seed: 7, orders, ordersMax: orders * 2, changes });
  const gate = gateOf(log);
  const instance = await runForBench(topology, { log: gate.log, url: clickhouseUrl });
  await instance.started;
  await instance.caughtUp();
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, guarded(routesOf(instance.runner), { password: null }));
  const reader = startReader(`${server.url}/api`, tapOf(topology));
  const parts: Part[] = [];
  try {
    const backlog = held.take(topology);
    const records = Math.floor(changes / (ORDER.length + 1));
    const work = (mode: Mode) => timed(mode, { instance, gate, append: () => appendSome(log, { backlog, records }) });
    // The first part warms up.
    await work("closed");
    for (const mode of ORDER) {
      await reader.tell(mode);
      parts.push(await work(mode));
    }
  } finally {
    await reader.end();
    await server.close();
    await instance.stop();
  }
  return measuredOf(parts);
}

async function timed(mode: Mode, { instance, gate, append }: {
  readonly instance: BenchInstance;
  readonly gate: ReturnType<typeof gateOf>;
  readonly append: () => Promise<number>;
}): Promise<Part> {
  gate.shut();
  await new Promise((resolve) => setTimeout(resolve, SHUT_MS));
  const records = await append();
  const [startSeconds, startMs] = [cpuSecondsOf(Deno.pid), performance.now()];
  gate.open();
  await instance.caughtUp();
  const seconds = (performance.now() - startMs) / 1000;
  return { mode, records, cpuSeconds: cpuSecondsOf(Deno.pid) - startSeconds, seconds };
}

/** Appends at least so many records of what was held back; fewer at its end. Returns how many. */
async function appendSome(
  log: Place["log"],
  { backlog, records }: { readonly backlog: AsyncGenerator<AppendBatch[]>; readonly records: number },
): Promise<number> {
  let appended = 0;
  while (appended < records) {
    const { value, done } = await backlog.next();
    if (done) break;
    await log.append(value);
    appended += value.reduce((sum, batch) => sum + batch.records.length, 0);
  }
  return appended;
}

function measuredOf(parts: readonly Part[]): Measured[] {
  const of = (mode: Mode) => parts.filter((part) => part.mode === mode);
  const cost = (some: readonly Part[]) =>
    1e6 * some.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / recordsIn(some);
  const speed = (some: readonly Part[]) =>
    Math.round(recordsIn(some) / some.reduce((sum, { seconds }) => sum + seconds, 0));
  const closed = of("closed");
  // The outer and the inner ones have the same mean place in time, too.
  const inner = closed.slice(1, -1);
  const outer = [closed[0], closed[closed.length - 1]];
  const [without, with_] = [cost(closed), cost(of("open"))];
  return [{
    name: "embedded: a backlog of changes with the page open",
    figures: {
      "records, closed and open": `${recordsIn(closed)}, ${recordsIn(of("open"))}`,
      "CPU s per million, closed": without.toFixed(2),
      "CPU s per million, open": with_.toFixed(2),
      "open / closed": (with_ / without).toFixed(3),
      "closed / closed": (cost(inner) / cost(outer)).toFixed(3),
      "records/s, closed": speed(closed),
      "records/s, open": speed(of("open")),
    },
  }];
}

function recordsIn(parts: readonly Part[]): number {
  return parts.reduce((sum, { records }) => sum + records, 0);
}

function routesOf(runner: Runner) {
  const { topology } = runner;
  const startMs = Date.now();
  const status = (): Status => ({
    ...{ mode: "embedded", uptimeMs: Date.now() - startMs, startedAt: 0, data: "", addresses: {}, demo: null },
    ...{ topologies: [], proof: null, ending: null },
    continuous: { state: "off", reason: null, told: null, sinks: [], leftOut: [] },
  });
  const run = { name: topology.name, state: "running" as const, topology, runner, started: null, failure: null };
  return apiRoutes({
    runs: [{ ...run, problems: () => [], unready: () => [] }],
    status,
    instance: () => "here",
    ...{ password: null, reader: { url: "", database: "default" }, demo: null, showsRows: true },
    ...{ verifying: () => false, lettersIn: "file", events: () => [] },
  });
}

/** The first sink, through which all that is shown passes. */
function tapOf({ name, nodes }: Topology): string {
  return `tap/${name}/op${nodes.find(({ op }) => op === "sink")!.id}`;
}

/** Somebody in another process, who looks when told to. */
function startReader(api: string, tap: string) {
  const path = new URL("./console_reader.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, `${api}/state`, `${api}/${tap}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let heard = (_line: string) => {};
  const said = () => new Promise<string>((resolve) => heard = resolve);
  const reading = lines(child.stdout, (line) => heard(line));
  const writer = child.stdin.getWriter();
  return {
    /** Resolves once it is so. */
    async tell(mode: Mode): Promise<void> {
      const answer = said();
      await writer.write(new TextEncoder().encode(`${mode}\n`));
      if (await answer !== mode) throw new Error(`The reader does not look: ${await answer}`);
    },
    async end(): Promise<void> {
      await writer.close();
      await Promise.all([reading, child.status]);
    },
  };
}
