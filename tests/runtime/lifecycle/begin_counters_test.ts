import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createPrometheusMetrics } from "../../../src/cli/prometheus.ts";
import { clickhouse, clickhouseAppend, count, debezium, events, topology, tumbling } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { beginCounters, DEAD_LETTER_REASONS } from "../../../src/runtime/lifecycle/begin_counters.ts";
import { METRICS } from "../../../src/runtime/metric_names.ts";
import { openThings } from "../things.ts";

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const uses = events("shop.uses", { row: z.object({ id: z.int() }) });
const shown = topology("things", (builder) => {
  builder.stream(uses).to(clickhouseAppend("uses", { columns: { id: "Int64" }, orderBy: ["id"] }));
  builder.stream(uses).groupBy(({ id }) => ({ id })).count("by_id").to(
    clickhouse("totals", { key: ["id"], columns: { id: "Int64", count: "UInt64" } }),
  );
  const day = tumbling({ days: 1 }, { retention: { days: 7 } });
  builder.stream(uses).groupBy(({ id }) => ({ id })).windowedBy(day).count("by_day").to(
    clickhouse("days", {
      key: ["id", "window_start"],
      columns: { id: "Int64", window_start: "Int64", count: "UInt64" },
    }),
  );
  const table = builder.table(things).expireAfter((thing) => thing.id, { days: 1 });
  table.to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
  table.groupBy(({ name }) => ({ name })).aggregate("names", { things: count() }).to(
    clickhouse("names", { key: ["name"], columns: { name: "String", things: "Int64" } }),
  );
});

Deno.test("beginCounters() shows each counter as 0 under every label known beforehand", async () => {
  const metrics = createPrometheusMetrics();
  beginCounters(compile(shown, () => 2), metrics);
  const lines = (await metrics.text()).split("\n");
  for (
    const series of [
      'weir_dead_letters_total{topology="things",stage="decode",reason="not_json"}',
      'weir_dead_letters_total{topology="things",stage="callback",reason="callback_threw"}',
      'weir_dead_letters_total{topology="things",stage="sink",reason="refused"}',
      'weir_task_restarts_total{topology="things",reason="superseded"}',
      'weir_internal_records_total{topology="things"}',
      'weir_repaired_rows_total{topology="things",table="things"}',
      'weir_expired_rows_total{topology="things",table="things"}',
      'weir_ended_rows_total{topology="things",table="by_day"}',
      'weir_source_records_total{topology="things",table="things"}',
      'weir_source_records_skipped_total{topology="things",table="things",reason="heartbeat"}',
      'weir_sink_rows_total{topology="things",sink="things"}',
      'weir_sink_rows_total{topology="things",sink="names"}',
      'weir_source_records_total{topology="things",table="stream.uses"}',
      'weir_source_records_skipped_total{topology="things",table="stream.uses",reason="null_value"}',
      'weir_stream_records_lost_total{topology="things",table="stream.uses"}',
      'weir_sink_rows_total{topology="things",sink="uses"}',
      'weir_source_records_total{topology="things",table="stage.by_id"}',
      'weir_stream_events_dropped_total{topology="things",operator="by_id",reason="late"}',
    ]
  ) assert(lines.includes(`${series} 0`), `${series} is not there from the start`);
  // Whose columns nobody knows before they are seen, what the command counts, which knows no plan, and what it reports
  // of each operator whenever it is asked.
  const later = ["weir_doubtful_columns_total", "weir_topology_failures_total", "weir_operator_passed_total"];
  const counters = Object.entries(METRICS).flatMap(([name, { kind }]) => kind === "counter" ? [name] : []);
  const begun = counters.filter((name) => lines.some((line) => line.startsWith(`${name}{`)));
  assertEquals(begun, counters.filter((name) => !later.includes(name)));
});

Deno.test("beginCounters() is called by every run before its first record", async () => {
  await using world = await openThings({ partitions: 1 });
  const counted: string[] = [];
  const metrics = {
    count: (name: string, { stage, reason }: Readonly<Record<string, string>>, value = 1) =>
      name === "weir_dead_letters_total" && counted.push(`${stage} ${reason} ${value}`),
    gauge() {},
    observe() {},
  };
  await world.log.append([{ topic: "shop.public.things", partition: 0, records: [{ key: '{"id":1}', value: "{" }] }]);
  world.spawn({ metrics });
  await world.until(() => counted.includes("decode not_json 1"));
  assert(counted.indexOf("decode not_json 0") < counted.indexOf("decode not_json 1"));
  assert(counted.includes("decode not_json 0"));
});

Deno.test("DEAD_LETTER_REASONS has every reason that a reader of records gives", async () => {
  const found = new Set<string>();
  for (const path of await sourceFiles("src/formats", "src/runtime/globals")) {
    const text = await Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
    for (const [, reason] of text.matchAll(/new DeserializationError\(\s*"(\w+)"/g)) found.add(reason);
    for (const [, skip, reason] of text.matchAll(/(kind: "skip", )?(?<!readonly )reason: "(\w+)"/g)) {
      if (skip === undefined) found.add(reason);
    }
    for (const [, reason] of text.matchAll(/const MISPLACED = "(\w+)"/g)) found.add(reason);
  }
  assert(found.size > 12, `only ${found.size} reasons were found`);
  const known: readonly string[] = DEAD_LETTER_REASONS.decode;
  assertEquals(
    [...found].filter((reason) => !known.includes(reason)),
    [],
    "add them to DEAD_LETTER_REASONS in src/runtime/lifecycle/begin_counters.ts",
  );
});

async function sourceFiles(...folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for await (const { name, isFile } of Deno.readDir(new URL(`../../../${folder}`, import.meta.url))) {
      if (isFile && name.endsWith(".ts")) files.push(`${folder}/${name}`);
    }
  }
  return files;
}
