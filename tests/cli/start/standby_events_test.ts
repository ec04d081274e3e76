import { assert, assertEquals } from "@std/assert";
import { readConfiguration } from "../../../src/cli/config/configuration.ts";
import { withoutStandbys } from "../../../src/cli/start/embedded_standbys.ts";
import type { Event } from "../../../src/cli/start/output.ts";
import { eventOf } from "../../../src/cli/start/run_events.ts";

function configured(environment: Readonly<Record<string, string>>) {
  return readConfiguration({ environment, readFile: () => "" });
}

Deno.test("withoutStandbys() says once that embedded nobody keeps standbys, and lets none be asked for", () => {
  const told: Event[] = [];
  const tell = (event: Event) => void told.push(event);
  const embedded = withoutStandbys(configured({ WEIR_STANDBYS: "1" }), tell);
  assertEquals([embedded.run.standbys, told.length], [0, 1]);
  assert(told[0].text.startsWith("WEIR_STANDBYS=1 does nothing in embedded mode"), told[0].text);
  withoutStandbys(configured({}), tell);
  const real = { WEIR_STANDBYS: "1", KAFKA_BROKERS: "k:9092", CLICKHOUSE_URL: "http://c:8123" };
  assertEquals([withoutStandbys(configured(real), tell).run.standbys, told.length], [1, 1]);
});

Deno.test("eventOf() tells what becomes of standbys", () => {
  const took = eventOf("sales", { kind: "standbys took over", tasks: 2, rows: 1_000, records: 1 });
  const text = "sales takes over 2 tasks with 1,000 rows that it kept as their standby and reads 1 record more";
  assertEquals([took.level, took.text], ["info", text]);
  const reason = 'topic "x" was recreated';
  for (const kind of ["standby ignored", "standby begun anew", "standby given up"] as const) {
    const { level, text, fields } = eventOf("sales", { kind, task: "items-3", reason });
    assertEquals(level, kind === "standby given up" ? "warn" : "info");
    assert(text.includes('"items-3"') && text.endsWith(`: ${reason}`), text);
    assertEquals(fields, { topology: "sales", task: "items-3", reason });
  }
  assert(eventOf("sales", { kind: "no standbys" }).text.includes("WEIR_STANDBYS does nothing"));
});
