import { runningAccount } from "../../src/cli/embedded_accounts.ts";
import { lines, withDirectory } from "../cli/support.ts";
import type { Measured } from "./report.ts";
import { START_ARGUMENTS, START_ENVIRONMENT } from "./start_task.ts";
import { cpuSecondsOf } from "./usage.ts";

const PROJECT = new URL("../../", import.meta.url);
const LOOK_EVERY_MS = 20;

/** A warm `start` on existing data: from the command to the first order placed after it being visible in ClickHouse. */
export function benchStartup(): Promise<Measured> {
  return withDirectory(async (directory) => {
    await startOnce(directory, ["--duration", "2s"], () => Promise.resolve(null));
    const startMs = Date.now();
    const seen = await startOnce(directory, [], async ({ ask }) => {
      const orders = await ask(`SELECT count() FROM orders WHERE placed_at > fromUnixTimestamp64Milli(${startMs})`);
      return Number(orders) > 0 ? (Date.now() - startMs) / 1000 : null;
    });
    return {
      name: "warm start",
      figures: {
        "seconds to the first new order": seen?.value.toFixed(1) ?? "none",
        "CPU s until then": seen?.cpuSeconds.toFixed(1) ?? "none",
      },
    };
  });
}

/**
 * A `start` on an empty directory, which makes the demo store: from the command to the first joined row, and to all
 * rows of all topologies, being visible in ClickHouse.
 */
export function benchFirstStart(): Promise<Measured> {
  return withDirectory(async (directory) => {
    const startMs = performance.now();
    const seconds = () => ((performance.now() - startMs) / 1000).toFixed(1);
    let joined: string | null = null;
    const seen = await startOnce(directory, [], async ({ ask, started }) => {
      if (joined === null && await ask("SELECT 1 FROM sales_rows LIMIT 1") !== "") joined = seconds();
      if (started.size < TOPOLOGIES) return null;
      const sales = Number(started.get("sales")?.find(({ sink }) => sink === "sales")?.written);
      // A row that changed while it was loaded was written twice; the last batch is a larger part than these are.
      return Number(await ask("SELECT count() FROM sales")) > 0.9 * sales ? seconds() : null;
    });
    return {
      name: "first start",
      figures: {
        "seconds to the first joined row": joined ?? "none",
        "... until all tables are shown": seen?.value ?? "none",
        "CPU s until then": seen?.cpuSeconds.toFixed(1) ?? "none",
      },
    };
  });
}

/** Files of `topologies/`. */
const TOPOLOGIES = 4;

/** A `start` under way. */
interface Underway {
  /** What topologies say of their start, by name. */
  readonly started: ReadonlyMap<string, readonly { readonly sink: string; readonly written: number }[]>;
  /** What ClickHouse answers; empty while a table is missing. */
  ask(sql: string): Promise<string>;
}

/** Runs `start` until `seen` gives a value (or it ends by itself), then ends it as Ctrl-C would. */
async function startOnce<T>(
  directory: string,
  more: readonly string[],
  seen: (underway: Underway) => Promise<T | null>,
): Promise<{ readonly value: T; readonly cpuSeconds: number } | null> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...START_ARGUMENTS, "--data", directory, ...more],
    env: START_ENVIRONMENT,
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let url: string | null = null;
  let ended = false;
  const started = new Map<string, { sink: string; written: number }[]>();
  const reading = lines(child.stdout, (line) => {
    if (!line.startsWith("{")) return;
    const { event, topology, sinks, addresses } = JSON.parse(line);
    if (event === "listening") url = addresses["read-only"];
    if (event === "started") started.set(topology, sinks);
  }).then(() => ended = true);
  const ask = async (sql: string): Promise<string> => {
    const { user, password } = await runningAccount(directory, "reader");
    const headers = { "x-clickhouse-user": user, "x-clickhouse-key": password };
    const answer = await fetch(url!, { method: "POST", body: sql, headers });
    const text = await answer.text();
    if (!answer.ok && !text.includes("UNKNOWN_TABLE")) throw new Error(`Cannot ask ClickHouse: ${text}`);
    return answer.ok ? text.trim() : "";
  };
  let result: { readonly value: T; readonly cpuSeconds: number } | null = null;
  while (!ended && result === null) {
    const value = url === null ? null : await seen({ started, ask });
    if (value !== null) result = { value, cpuSeconds: cpuSecondsOf(child.pid) };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  if (!ended) child.kill("SIGINT");
  await reading;
  await child.status;
  return result;
}
