import { assertEquals, assertStringIncludes } from "@std/assert";
import { ClickHouseError } from "@clickhouse/client";
import { productionError } from "../../../src/adapters/clickhouse/production_error.ts";
import type { InsertBatch, TableSpec, Warehouse } from "../../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { mendingWarehouse } from "../../../src/runtime/delivery/mending_warehouse.ts";
import { SinkWriter } from "../../../src/runtime/delivery/sink_writer.ts";
import { paceOptions } from "./pace_options.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { createStepClock } from "../../../src/testing/quiescence.ts";
import { lineOf } from "../../line_bytes.ts";

const table: TableSpec = { name: "things", columns: [{ name: "id", type: "Int64" }], key: ["id"], shares: false };
const ROWS = 100;

/** A writer of a table that exists, on a warehouse whose inserts `fault` may fail. */
async function open({ fault, ensure }: { fault: () => Error | null; ensure?: Warehouse["ensure"] }) {
  const clock = createStepClock(createManualClock(0));
  const memory = createMemoryWarehouse((_, row) => row.id === 13);
  await memory.ensure(table);
  const tries: number[] = [];
  const problems: (string | null)[] = [];
  const refused: string[] = [];
  const made: string[] = [];
  const faulty: Warehouse = {
    ...memory,
    ensure: ensure ?? memory.ensure,
    insert(batch: InsertBatch) {
      tries.push(batch.upserts.length);
      const error = fault();
      return error === null ? memory.insert(batch) : Promise.reject(error);
    },
  };
  const writer = new SinkWriter({
    table,
    warehouse: mendingWarehouse(faulty, { onMade: ({ name }) => made.push(name), onAppendMade: () => {} }),
    clock,
    pace: paceOptions(clock, { flushIntervalMs: 1 }),
    batchRowsMax: 1_000,
    onRefused: (row) => refused.push(row.key),
    onFailed: (error) => {
      throw error;
    },
    onState: (problem) => problems.push(problem),
    quotesRows: true,
    onInserted() {},
  });
  const putOne = (id: number) =>
    writer.put({ id, line: lineOf(`[${id}`), task: "things@0", key: String(id), digest: id, epoch: 1, seq: id });
  /** The first insert begins before the clock goes on. */
  const put = (count: number) => {
    for (let id = 0; id < count; id++) putOne(id);
    return clock.drained();
  };
  return { clock, memory, tries, problems, refused, made, put, putOne, stored: () => memory.select("things").length };
}

function answered(code: number, type: string): ProductionError {
  return productionError('insert into "things"', new ClickHouseError({ code: String(code), type, message: "why" }));
}

for (
  const [code, type, advice] of [
    [497, "ACCESS_DENIED", "Give the user this right again"],
    [516, "AUTHENTICATION_FAILED", "Check user and password"],
    [243, "NOT_ENOUGH_SPACE", "Free space on ClickHouse's disk"],
    [201, "QUOTA_EXPIRED", "Raise the user's quota"],
    [49, "LOGICAL_ERROR", ""],
    [2_999, "A_CODE_OF_A_LATER_VERSION", ""],
  ] as const
) {
  Deno.test(`SinkWriter waits while ClickHouse answers ${code} ${type}, and sets no row aside`, async () => {
    let error: Error | null = answered(code, type);
    const { clock, tries, problems, refused, put, stored } = await open({ fault: () => error });
    await put(ROWS);
    await clock.pass(60_000);
    // The same rows again, with waits that grow: no search for a row that is to blame.
    assertEquals([new Set(tries), tries.length < 20, refused, stored()], [new Set([ROWS]), true, [], 0]);
    assertStringIncludes(problems[0]!, type);
    assertStringIncludes(problems[0]!, advice);
    error = null;
    await clock.pass(10_000);
    assertEquals([refused, stored(), problems.at(-1)], [["13"], ROWS - 1, null]);
  });
}

Deno.test("SinkWriter finds a refused row although ClickHouse is away in between", async () => {
  let inserts = 0;
  const away = new ProductionError("away", { retriable: true });
  const { clock, tries, refused, put, stored } = await open({ fault: () => ++inserts % 2 === 0 ? away : null });
  await put(ROWS);
  await clock.pass(60_000);
  assertEquals([refused, stored()], [["13"], ROWS - 1]);
  // Two halves for each of the seven levels, each tried twice at most.
  assertEquals(tries.length <= 30, true);
});

Deno.test("SinkWriter is troubled no more when all that ClickHouse answers again is a refusal", async () => {
  let answers = false;
  const { clock, refused, problems, putOne, stored } = await open({
    fault: () => answers ? null : new ProductionError("ClickHouse does not answer", { retriable: true }),
  });
  putOne(13);
  await clock.pass(1_000);
  assertEquals(problems.at(-1), "ClickHouse does not answer");
  answers = true;
  await clock.pass(10_000);
  assertEquals([problems.at(-1), refused, stored()], [null, ["13"], 0]);
});

Deno.test("a table that was dropped is made again, and whose rows are to be written is told", async () => {
  let gone = true;
  const { clock, memory, made, problems, put, stored } = await open({
    fault: () => gone ? answered(60, "UNKNOWN_TABLE") : null,
    ensure: async (spec) => {
      const created = gone;
      gone = false;
      await memory.ensure(spec);
      return { created, added: [] };
    },
  });
  await put(3);
  await clock.pass(10_000);
  assertEquals([made, stored(), problems.at(-1)], [["things"], 3, null]);
});

Deno.test("a table that cannot be made again is waited for, and the problem says why", async () => {
  let denied = true;
  const { clock, memory, refused, problems, put, stored } = await open({
    fault: () => denied ? answered(81, "UNKNOWN_DATABASE") : null,
    ensure: (spec) => denied ? Promise.reject(new ConfigError(["weir may not create it"])) : memory.ensure(spec),
  });
  await put(3);
  await clock.pass(30_000);
  assertEquals([refused, stored()], [[], 0]);
  assertStringIncludes(problems[0]!, "UNKNOWN_DATABASE");
  assertStringIncludes(problems[0]!, "weir may not create it");
  denied = false;
  await clock.pass(10_000);
  assertEquals([stored(), problems.at(-1)], [3, null]);
});
