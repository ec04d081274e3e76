import { textLines } from "../../../src/cli/text_lines.ts";
import { projectPath } from "../../stack/layout.ts";
import { foreignEnvironment } from "../../stack/process.ts";
import type { Hold } from "../hold_watch.ts";
import { START_ENVIRONMENT, START_FLAGS } from "../start_task.ts";

/** Where Weir runs, and what is run. */
export interface WeirOptions {
  /** A file of `topologies/`, without its ending. */
  readonly topology: string;
  readonly broker: string;
  readonly clickhouseUrl: string;
  /** For snapshots. */
  readonly directory: string;
  /** V8's flags beside those of `deno task start`. */
  readonly flags?: readonly string[];
}

/** Weir as a process of its own. */
export interface WeirApp {
  readonly pid: number;
  readonly ended: boolean;
  /** Milliseconds on the clock of `performance.now()` at which every task ran; null before. */
  readonly startedMs: number | null;
  /** Rows that wait for ClickHouse; null before it can be told. */
  waitingRows(): Promise<number | null>;
  /** Ends it as Ctrl-C does; resolves to the longest stop of its event loop. */
  stop(): Promise<Hold>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Starts Weir on the peer's topics, with the flags and variables of `deno task start`. */
export function startWeir({ topology, broker, clickhouseUrl, directory, flags = [] }: WeirOptions): WeirApp {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `--v8-flags=${[...START_FLAGS, ...flags].join(",")}`,
      projectPath("tests/bench/peer/watched_start.ts"),
      topology,
      "--json",
      "--no-check",
      ...["--port", "0", "--data", directory],
    ],
    clearEnv: true,
    env: {
      ...foreignEnvironment(),
      ...START_ENVIRONMENT,
      KAFKA_BROKERS: broker,
      CLICKHOUSE_URL: clickhouseUrl,
      WEIR_TOPOLOGIES: projectPath("tests/bench/peer/topologies"),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let metricsUrl: string | null = null;
  let startedMs: number | null = null;
  let hold: Hold | null = null;
  let ended = false;
  const reading = (async () => {
    for await (const lines of textLines(child.stdout)) {
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.event === "listening") metricsUrl = event.addresses.metrics;
        if (event.event === "started") startedMs = performance.now();
        if (event.event === "watched") hold = event;
        if (event.level === "error" || event.level === "warn") console.error(line);
      }
    }
    ended = true;
  })();
  return {
    pid: child.pid,
    get ended() {
      return ended;
    },
    get startedMs() {
      return startedMs;
    },
    async waitingRows() {
      if (metricsUrl === null) return null;
      const text = await (await fetch(`${metricsUrl}/metrics`)).text();
      const rows = /^weir_sink_pending_rows\{.*\} (\d+)$/m.exec(text)?.[1];
      return rows === undefined ? null : Number(rows);
    },
    async stop() {
      if (!ended) child.kill("SIGINT");
      await Promise.all([reading, child.status]);
      if (hold === null) throw new Error("Weir has not told how long its loop was held: it did not end in order");
      return hold;
    },
    async kill() {
      child.kill("SIGKILL");
      await Promise.all([reading, child.status]);
    },
  };
}
