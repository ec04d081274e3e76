import { runningAccount } from "../../src/cli/embedded_accounts.ts";
import settings from "../../deno.json" with { type: "json" };
import type { Measured } from "./report.ts";
import { cpuSecondsOf } from "./usage.ts";

/** What `deno task start` runs. */
const START = settings.tasks.start.split(" ").slice(1);
const PROJECT = new URL("../../", import.meta.url);

/** A warm `start` on existing data: from the command to the first order placed after it being visible in ClickHouse. */
export async function benchStartup(): Promise<Measured> {
  const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
  try {
    await startOnce(directory, ["--duration", "2s"], () => Promise.resolve(null));
    const startMs = Date.now();
    const seen = await startOnce(directory, [], async (url) => {
      const sql = `SELECT count() FROM orders WHERE placed_at > fromUnixTimestamp64Milli(${startMs})`;
      const { user, password } = await runningAccount(directory, "reader");
      const headers = { "x-clickhouse-user": user, "x-clickhouse-key": password };
      const answer = await fetch(url, { method: "POST", body: sql, headers });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`Cannot ask ClickHouse for orders: ${text}`);
      return Number(text) > 0 ? (Date.now() - startMs) / 1000 : null;
    });
    return {
      name: "warm start",
      figures: {
        "seconds to the first new order": seen?.seconds.toFixed(1) ?? "none",
        "CPU s until then": seen?.cpuSeconds.toFixed(1) ?? "none",
      },
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs `start` until `seen` gives a value (or it ends by itself), then ends it as Ctrl-C would. */
async function startOnce(
  directory: string,
  more: readonly string[],
  seen: (clickhouseUrl: string) => Promise<number | null>,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number } | null> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...START, "--data", directory, ...more],
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let url: string | null = null;
  let ended = false;
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      url ??= /"read-only":"(http:[^"]+)"/.exec(text)?.[1] ?? null;
    }
    ended = true;
  })();
  let result: { readonly seconds: number; readonly cpuSeconds: number } | null = null;
  while (!ended && result === null) {
    const seconds = url === null ? null : await seen(url);
    if (seconds !== null) result = { seconds, cpuSeconds: cpuSecondsOf(child.pid) };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!ended) child.kill("SIGINT");
  await reading;
  await child.status;
  return result;
}
