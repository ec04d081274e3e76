import { assert, assertEquals } from "@std/assert";
import { createJsonOutput } from "../../../src/cli/start/json_output.ts";
import type { Status, TopologyStatus } from "../../../src/cli/start/status.ts";
import { instanceStatus, topologyStatus } from "./statuses.ts";

const DAY_MS = 86_400_000;
/** The topologies of this repository with their tasks and sinks. */
const FLAGSHIPS: readonly (readonly [name: string, tasks: number, sinks: readonly string[]])[] = [
  ["mirror", 30, ["users", "sellers", "products", "orders", "order_items"]],
  ["order_funnel", 12, ["order_funnel"]],
  ["product_performance", 18, ["product_performance"]],
  ["sales", 24, ["sales", "seller_revenue_by_hour"]],
];

/** All four run after so much time, having taken so many changes; `more` is said of each besides. */
function running(uptimeMs: number, changes: number, more: Partial<TopologyStatus> = {}): Status {
  return instanceStatus({
    uptimeMs,
    mode: "real",
    data: "/var/lib/weir",
    addresses: { Kafka: "kafka:9092", ClickHouse: "https://clickhouse:8443/", metrics: "http://0.0.0.0:8686" },
    demo: null,
    topologies: FLAGSHIPS.map(([name, tasks, sinks]) =>
      topologyStatus(name, {
        tasks,
        tasksRunning: tasks,
        changes,
        rows: changes,
        lag: changes % 7,
        started: sinks.map((sink) => ({ sink, kept: 77_123, written: 12, deleted: 3 })),
        ...more,
      })
    ),
  });
}

/** Everything that is printed in a day in which `changesPerSecond` come. */
function day(changesPerSecond: number): string[] {
  const lines: string[] = [];
  const output = createJsonOutput("info", (line) => lines.push(line));
  for (let ms = 0; ms < DAY_MS; ms += output.statusEveryMs) {
    output.status(running(ms, Math.floor(changesPerSecond * ms / 1000)));
  }
  return lines;
}

const bytesOf = (lines: readonly string[]) => new TextEncoder().encode(lines.join("")).length;

Deno.test("createJsonOutput() prints less than 1 MB in a busy day", () => {
  const lines = day(500);
  const bytes = bytesOf(lines);
  assert(lines.length > 1_000, `only ${lines.length} lines tell of a busy day`);
  assert(bytes < 1_000_000, `${bytes} bytes`);
});

Deno.test("createJsonOutput() prints less than 20 kB in a day at rest, and not nothing", () => {
  const lines = day(0);
  const bytes = bytesOf(lines);
  assert(lines.length >= 24, `only ${lines.length} lines say that it is alive`);
  assert(bytes < 20_000, `${bytes} bytes`);
});

Deno.test("createJsonOutput() prints the status as one flat line below 300 bytes, also when much is wrong", () => {
  const lines: string[] = [];
  const output = createJsonOutput("info", (line) => lines.push(line));
  output.status(running(0, 0));
  output.status(running(60_000, 600_000));
  output.status(running(120_000, 1_200_000, { lag: 308_642, deadLetters: 3_086 }));
  output.status(running(180_000, 1_230_000, { tasksRunning: 1 }));
  const { topologies: [first, ...others], ...instance } = running(240_000, 1_240_000, { lag: 3_086, deadLetters: 3 });
  const away = { ...first, state: "waiting", problems: ["ClickHouse is away"] } as const;
  output.status({ ...instance, topologies: [away, ...others] });
  assertEquals(
    lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "status").map(({ message }) => message),
    [
      "running, 84 tasks: 40,000 changes/s, 40,000 rows/s, lag 8",
      "running, 84 tasks: 40,000 changes/s, 40,000 rows/s, lag 1,234,568, 12,344 dead letters",
      "starting, 0 of 4 topologies and 4 of 84 tasks run: 2,000 changes/s, 2,000 rows/s, lag 8",
      "waiting, 3 of 4 topologies run: 667 changes/s, 667 rows/s, lag 12,344, 12 dead letters, 1 problem",
    ],
  );
  const { time, ...rest } = JSON.parse(lines[0]);
  assertEquals(new Date(time).toISOString(), time);
  assertEquals(rest, {
    level: "info",
    event: "status",
    message: "running, 84 tasks: 40,000 changes/s, 40,000 rows/s, lag 8",
    topologies: 4,
    running: 4,
    changesPerSecond: 40_000,
    rowsPerSecond: 40_000,
    lag: 8,
    deadLetters: 0,
    problems: 0,
  });
  for (const line of lines) assert(bytesOf([line]) < 300, `${bytesOf([line])} bytes: ${line}`);
});

Deno.test("createJsonOutput() leaves out what is below the level asked for", () => {
  const lines: string[] = [];
  const output = createJsonOutput("warn", (line) => lines.push(line));
  output.event({ level: "info", name: "started", text: "sales started" });
  output.event({ level: "warn", name: "failed", text: "sales failed", fields: { topology: "sales" } });
  output.status(running(0, 0));
  output.status(running(3_600_000, 1_000));
  assertEquals(lines.map((line) => JSON.parse(line)).map(({ time: _, ...rest }) => rest), [
    { level: "warn", event: "failed", message: "sales failed", topology: "sales" },
  ]);
});
