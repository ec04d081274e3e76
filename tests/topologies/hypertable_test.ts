import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, float8, int8, timestamptz, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { shown } from "./raw_records.ts";

/** As Debezium's TimescaleDb transformation routes the rows of a hypertable's chunks, with JsonConverter. */
function chunkEnvelope(after: string, op = "c"): string {
  const before = op === "c" ? "null" : after;
  return `{"before":${before},"after":${op === "d" ? "null" : after},"source":{"version":"3.6.3.Final",` +
    `"connector":"postgresql","name":"timescaledb","ts_ms":1718454897000,"snapshot":"false","db":"sensors",` +
    `"sequence":"[null,\\"1\\"]","schema":"_timescaledb_internal","table":"_hyper_1_1_chunk","txId":7,"lsn":1,` +
    `"xmin":null},"transaction":null,"op":"${op}","ts_ms":1718454897100}`;
}

const hypertable = (precision?: number) =>
  debezium("timescaledb.public.conditions", {
    key: ["time", "device"],
    row: z.object({ time: timestamptz(precision), device: int8(), celsius: float8() }),
  });
const conditionsSink = clickhouse("conditions", {
  key: ["time", "device"],
  columns: { time: "DateTime64(6)", device: "Int64", celsius: "Float64" },
});
const alarms = debezium("timescaledb.public.alarms", {
  key: ["id"],
  row: z.object({ id: int8(), at: timestamptz(), device: int8() }),
});
const alarmsSink = clickhouse("alarms", { key: ["id"], columns: { id: "Int64", celsius: "Float64" } });

const built = (precision?: number) =>
  topology("sensors", (b) => {
    const conditions = b.table(hypertable(precision));
    conditions.to(conditionsSink);
    b.table(alarms).join("c", conditions, (alarm) => ({ time: alarm.at, device: alarm.device }))
      .mapValues((alarm) => ({ id: alarm.id, celsius: alarm.c.celsius })).to(alarmsSink);
  });

/** Texts of one instant a second, in which Debezium writes a precision's digits. */
const TEXTS: Readonly<Record<number, (second: number) => string>> = {
  6: (second) => `2024-06-15T12:34:${10 + second}.${second}23450Z`,
  3: (second) => `2024-06-15T12:34:${10 + second}.${second}20Z`,
  0: (second) => `2024-06-15T12:34:${10 + second}Z`,
};
const SECONDS = [0, 1, 2, 3, 4, 5, 6, 7];

function write(driver: TopologyTestDriver, precision: number): void {
  for (const second of SECONDS) {
    const time = TEXTS[precision](second);
    const record = { key: `{"time":"${time}","device":${second}}` };
    const after = `{"time":"${time}","device":${second},"celsius":${second}.5}`;
    driver.raw(hypertable(), { ...record, value: chunkEnvelope(after) });
    driver.raw(alarms, {
      key: `{"id":${second}}`,
      value: `{"before":null,"after":{"id":${second},"at":"${time}","device":${second}},"source":{},"op":"c"}`,
    });
  }
  const first = `{"time":"${TEXTS[precision](0)}","device":0`;
  driver.raw(hypertable(), { key: `${first}}`, value: chunkEnvelope(`${first},"celsius":0.5}`, "d") });
  driver.raw(hypertable(), { key: `${first}}`, value: null });
}

Deno.test("a hypertable's timestamptz key is shown, joined and deleted, in every precision", async () => {
  for (const precision of [6, 3, 0]) {
    for (const partitions of [1, 6]) {
      await using driver = createTopologyTestDriver(built(precision), { partitions });
      write(driver, precision);
      for (const look of ["before", "after"]) {
        const expected = SECONDS.slice(1).map((id) => ({ id, celsius: id + 0.5 }));
        const context = `timestamptz(${precision}), ${partitions} partitions, ${look} a restart`;
        assertEquals(await shown(driver, alarmsSink), { rows: expected, letters: [] }, context);
        assertEquals(driver.select(conditionsSink).length, SECONDS.length - 1, context);
        await driver.restart();
      }
    }
  }
});

Deno.test("a hypertable's key of another precision than declared is told with what to declare", async () => {
  for (const precision of [3, 0]) {
    await using driver = createTopologyTestDriver(built(), { partitions: 6 });
    write(driver, precision);
    await driver.settle();
    const letters = driver.deadLetters();
    assert(letters.length > 0);
    for (const { error } of letters) assertStringIncludes(error, `timestamptz(${precision})`);
  }
  // Chunks without a key.
  await using keyless = createTopologyTestDriver(built(), { partitions: 1 });
  keyless.raw(hypertable(), {
    key: "null",
    value: chunkEnvelope('{"time":"2024-06-15T12:34:56Z","device":1,"celsius":1}'),
  });
  await keyless.settle();
  assertEquals(keyless.deadLetters().map(({ reason }) => reason), ["null_key"]);
  assertStringIncludes(keyless.deadLetters()[0].error, "_timescaledb_internal.*:time,device");
});
