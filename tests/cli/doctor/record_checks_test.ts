import { assertEquals } from "@std/assert";
import { z } from "zod";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { checkRecords } from "../../../src/cli/doctor/record_checks.ts";
import { clickhouse, debezium, timestamp, topology } from "../../../src/mod.ts";
import type { Fetched, Log, LogRecord } from "../../../src/ports/log.ts";

const TOPIC = "shop.public.orders";
const orders = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), placed_at: timestamp() }) });
const needs = needsOf([
  topology("orders", (builder) =>
    builder.table(orders).to(
      clickhouse("orders", { key: ["id"], columns: { id: "Int64", placed_at: "DateTime64(6)" } }),
    )),
], { generation: 1 });
const there = new Set([TOPIC]);

/** 2026-01-01, and when the tests' records were written. */
const PLACED_MS = 1_767_225_600_000;

/** A record of the connector's, of a row that was placed at so much of some unit. */
function written(id: number, after: Readonly<Record<string, unknown>>): LogRecord {
  return {
    offset: id,
    key: JSON.stringify({ id }),
    value: JSON.stringify({ before: null, after: { id, ...after }, op: "c", source: { ts_ms: PLACED_MS, lsn: id } }),
    timestampMs: PLACED_MS,
    headers: [],
  } as unknown as LogRecord;
}

/** What is told of one partition that has these records. */
async function look(records: readonly LogRecord[]) {
  let given = false;
  const log = {
    offsets: () => Promise.resolve({ start: [0], end: [records.length] }),
    reader: () => ({
      seek: () => {},
      stop: () => {},
      close: () => Promise.resolve(),
      poll: () => {
        const fetched = given ? [] : [{ topic: TOPIC, partition: 0, records, nextOffset: records.length }];
        given = true;
        return Promise.resolve(fetched as unknown as Fetched[]);
      },
    }),
  } as unknown as Pick<Log, "offsets" | "reader">;
  return (await checkRecords(log, { needs, there })).map(({ check, verdict, text }) => [check, verdict, text]);
}

const good = { placed_at: PLACED_MS * 1000 };

Deno.test("checkRecords() reads newest records as a start would", async () => {
  assertEquals(await look([written(0, good), written(1, good)]), [
    ["records.form", "ok", "the newest 2 are read as declared"],
  ]);
  assertEquals(await look([]), [["records.form", "not checked", "it has no records"]]);
  assertEquals(await look([written(0, good), written(1, {})]), [[
    "records.form",
    "wrong",
    "1 of the newest 2 are refused, missing_column (placed_at): columns are declared that records do not have: run " +
    "deno task sources pull",
  ]]);
  assertEquals(await look([{ ...written(0, good), value: "{" }]), [[
    "records.form",
    "wrong",
    "1 of the newest 1 are refused, not_json: values are no JSON: set " +
    "value.converter=org.apache.kafka.connect.json.JsonConverter, or declare registry",
  ]]);
  const absent = await checkRecords({} as Log, { needs, there: new Set() });
  assertEquals(absent.map(({ verdict, text }) => [verdict, text]), [["not checked", "the topic cannot be read"]]);
});

Deno.test("checkRecords() tells of times in another unit than is declared", async () => {
  const records = Array.from({ length: 3 }, (_, id) => written(id, { placed_at: PLACED_MS }));
  const [unit, form] = await look(records);
  assertEquals(unit, [
    "records.units",
    "warning",
    'column "placed_at": 1767225600000 is read as 1970-01-21, and the row was changed on 2026-01-01: these look like ' +
    "milliseconds. Declare the column as timestamp(3), or set time.precision.mode=microseconds in the connector",
  ]);
  assertEquals(form[1], "ok");
});

Deno.test("checkRecords() tells of records that are ahead of this clock", async () => {
  const ahead = { ...written(0, good), timestampMs: Date.now() + 3_600_000 };
  const [, [check, verdict, text]] = await look([ahead, written(1, good)]);
  assertEquals([check, verdict], ["records.clock", "warning"]);
  assertEquals(
    text.replace(/\d{4}/, "N"),
    "its newest record is N s ahead of this clock: set the clock of who writes it (Connect, Kafka), or of this machine",
  );
  assertEquals((await look([{ ...ahead, timestampMs: Date.now() + 30_000 }])).length, 1, "half a minute is none");
});
