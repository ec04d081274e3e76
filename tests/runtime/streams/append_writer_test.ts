import { assertEquals, assertRejects } from "@std/assert";
import {
  APPEND_EXECUTION_MS,
  type AppendRows,
  type InputPlace,
  type InputRange,
} from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { AppendWriter, type AppendWriterOptions } from "../../../src/runtime/streams/append_writer.ts";
import { rowsDigest, StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";
import { StreamBroken } from "../../../src/runtime/streams/stream_progress.ts";
import { TableClock } from "../../../src/runtime/streams/table_clock.ts";

const SINK = { name: "out", table: { name: "out", columns: [], orderBy: [] } };
const RANGE: InputRange = { source: "clicks@a", partition: 3, from: 10, to: 200 };
/** By the table's clock. */
const START_MS = 1_000_000;
const ANNOUNCED = { range: RANGE, deadlineMs: START_MS + 15_000 };

function batchOf(offsets: readonly number[]): StreamBatch {
  const batch = new StreamBatch(RANGE.from);
  for (const offset of offsets) {
    batch.add(SINK, { offset, line: new TextEncoder().encode(`[${offset}`), digest: offset });
  }
  batch.to = RANGE.to;
  return batch;
}

/**
 * A table that knows the tokens of its inserts, refuses those after their deadline, and rows of odd offsets above 100.
 * Its time is a year behind the process's clock, and moves on with it.
 */
function world() {
  const stored: InputPlace[] = [];
  const tokens = new Set<string>();
  const said: string[] = [];
  const failures: Error[] = [];
  const state = { stopped: false, tableMs: START_MS, announced: () => {} };
  const store = ({ rows, token }: Pick<AppendRows, "rows" | "token">) => {
    if (tokens.has(token)) return;
    tokens.add(token);
    stored.push(...rows.map(({ offset, index }) => ({ offset, index })));
  };
  const clock = {
    nowMs: () => state.tableMs + 31_536_000_000,
    elapsedMs: () => state.tableMs,
    sleep: (ms: number) => (state.tableMs += ms, Promise.resolve()),
    breathe: () => Promise.resolve(),
  };
  const options: AppendWriterOptions = {
    warehouse: {
      append(rows) {
        said.push(`${rows.rows.map(({ offset, index }) => index > 0 ? `${offset}.${index}` : offset)}`);
        const failure = failures.shift();
        if (failure !== undefined) return Promise.reject(failure);
        if (rows.deadlineMs < state.tableMs) {
          return Promise.reject(new ProductionError("too late", { retriable: false, reason: "late" }));
        }
        if (rows.rows.some(({ offset }) => offset > 100 && offset % 2 === 1)) {
          return Promise.reject(new ProductionError("odd", { retriable: false, reason: "content" }));
        }
        store(rows);
        return Promise.resolve();
      },
      appended: (_table, { from, to }) => Promise.resolve(stored.filter(({ offset }) => offset >= from && offset < to)),
    },
    clock,
    tableClock: new TableClock({ warehouse: { nowMs: () => Promise.resolve(state.tableMs) }, clock }),
    stopped: () => state.stopped,
    announceAgain: async ({ mixed }) => {
      said.push(mixed ? "announced otherwise" : "announced");
      await state.announced();
      return state.tableMs + 20_000;
    },
    onRefused: ({ row: { offset } }) => said.push(`refused ${offset}`),
    onState: (_sink, problem) => said.push(problem === null ? "works" : `problem ${problem.slice(0, 8)}`),
    quotesRows: true,
    onInserted: (_sink, { rows }) => said.push(`inserted ${rows}`),
  };
  const writer = new AppendWriter(options);
  return {
    writer,
    stored,
    store,
    tokens,
    said,
    failures,
    state,
    slept: () => state.tableMs - START_MS,
    offsets: () => stored.map((row) => row.offset),
    sorted: () => stored.map(({ offset, index }) => `${offset}.${index}`).sort(),
  };
}

/** What an owner sends of these rows. */
function announced(offsets: readonly number[]) {
  const rows = batchOf(offsets).rows.get(SINK)!;
  return { rows, token: `clicks@a/3 10-200 ${rowsDigest(rows)}` };
}

const retriable = (text: string) => new ProductionError(text, { retriable: true });

Deno.test("AppendWriter.append() adds all rows, and repeats them under the same name until acknowledged", async () => {
  const { writer, failures, said, offsets } = world();
  failures.push(retriable("away"), new ProductionError("full", { retriable: false }));
  assertEquals(await writer.append(batchOf([10, 12, 12]), ANNOUNCED), true);
  assertEquals(offsets(), [10, 12, 12]);
  const all = "10,12,12.1";
  assertEquals(said, [all, "problem away", all, "problem full", all, "works", "inserted 3"]);
});

Deno.test("AppendWriter adds nothing again that an earlier owner added under the same name", async () => {
  const { writer, store, offsets } = world();
  store(announced([10, 12]));
  assertEquals(await writer.append(batchOf([10, 12]), ANNOUNCED), true);
  assertEquals(offsets(), [10, 12]);
});

Deno.test("AppendWriter sets the rows aside that ClickHouse refuses, and adds all others", async () => {
  const { writer, said, offsets } = world();
  await writer.append(batchOf([102, 103, 104, 105]), ANNOUNCED);
  assertEquals(offsets(), [102, 104]);
  assertEquals(said.filter((line) => line.startsWith("refused")), ["refused 103", "refused 105"]);
});

Deno.test("AppendWriter.append() that comes too late announces again, looks, and adds what is missing", async () => {
  const refused = world();
  // The process stood still, its timer too.
  refused.state.tableMs = ANNOUNCED.deadlineMs + 1;
  assertEquals(await refused.writer.append(batchOf([10, 12]), ANNOUNCED), true);
  assertEquals(refused.said, ["10,12", "problem too late", "announced", "10,12", "inserted 2", "works"]);
  assertEquals(refused.offsets(), [10, 12]);

  const added = world();
  added.failures.push(retriable("answer lost"));
  added.store(announced([10, 12]));
  added.tokens.clear();
  added.state.tableMs = ANNOUNCED.deadlineMs - 50;
  assertEquals(await added.writer.append(batchOf([10, 12]), ANNOUNCED), true);
  assertEquals(added.said.filter((line) => line === "10,12").length, 2, "it sends nothing after it has looked");
  assertEquals(added.offsets(), [10, 12], "its name is forgotten");
});

Deno.test("AppendWriter looks once more behind the announcement: names may be forgotten since", async () => {
  const { writer, store, tokens, state, said, offsets } = world();
  state.announced = () => {
    // While it slept here, the former owner's insert came, and many others.
    store(announced([10, 12]));
    tokens.clear();
    state.announced = () => {};
  };
  assertEquals(await writer.complete(batchOf([10, 12]), { ...ANNOUNCED, same: true }), true);
  assertEquals([offsets(), said], [[10, 12], ["announced"]]);
});

Deno.test("AppendWriter.complete() adds what is missing of a range that somebody announced", async () => {
  const nothing = world();
  await nothing.writer.complete(batchOf([10, 12]), { ...ANNOUNCED, same: true });
  assertEquals([nothing.offsets(), nothing.slept()], [[10, 12], 0]);
  assertEquals(nothing.said[0], "announced", "the deadline that it found is not its own");
  // The former owner's insert arrives late, of the same name.
  nothing.store(announced([10, 12]));
  assertEquals(nothing.offsets(), [10, 12]);

  const all = world();
  all.store({ rows: batchOf([10, 12]).rows.get(SINK)!, token: "of an earlier batch" });
  await all.writer.complete(batchOf([10, 12]), { ...ANNOUNCED, same: true });
  assertEquals([all.offsets(), all.said], [[10, 12], []]);

  const some = world();
  some.store({ rows: batchOf([12]).rows.get(SINK)!, token: "a part" });
  await some.writer.complete(batchOf([10, 12, 12]), { ...ANNOUNCED, same: true });
  assertEquals(some.state.tableMs > ANNOUNCED.deadlineMs + APPEND_EXECUTION_MS, true, "other parts may be under way");
  assertEquals(some.sorted(), ["10.0", "12.0", "12.1"]);
});

Deno.test("AppendWriter.complete() waits for no longer than the table's time says", async () => {
  const { writer, store, state, slept, offsets, said } = world();
  store({ rows: batchOf([12]).rows.get(SINK)!, token: "a part" });
  state.tableMs = ANNOUNCED.deadlineMs + APPEND_EXECUTION_MS + 1;
  const before = slept();
  await writer.complete(batchOf([10, 12]), { ...ANNOUNCED, same: true });
  assertEquals([slept() - before, offsets()], [0, [12, 10]]);
  assertEquals(said, ["announced", "10", "inserted 1"]);
});

Deno.test("AppendWriter.complete() waits where it makes other rows than were announced, and says so", async () => {
  const { writer, offsets, slept, said } = world();
  await writer.complete(batchOf([12]), { ...ANNOUNCED, same: false });
  assertEquals(offsets(), [12]);
  assertEquals(slept() > ANNOUNCED.deadlineMs - START_MS + APPEND_EXECUTION_MS, true);
  assertEquals(said[0], "problem rows of ");
  assertEquals(said.slice(-4), ["works", "announced otherwise", "12", "inserted 1"]);
});

Deno.test("AppendWriter sends nothing that is not announced any more, or after it was stopped", async () => {
  const { writer, state, offsets, failures } = world();
  state.announced = () => {
    throw new StreamBroken("another member's");
  };
  await assertRejects(() => writer.complete(batchOf([10]), { ...ANNOUNCED, same: true }), StreamBroken);
  failures.push(retriable("away"));
  Object.defineProperty(state, "stopped", { get: () => failures.length === 0 });
  assertEquals(await writer.append(batchOf([10]), ANNOUNCED), false);
  assertEquals(offsets(), []);
});
