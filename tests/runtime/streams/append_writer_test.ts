import { assertEquals, assertRejects } from "@std/assert";
import type { AppendRows, InputPlace, InputRange } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { AppendWriter, type AppendWriterOptions } from "../../../src/runtime/streams/append_writer.ts";
import { rowsDigest, StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";
import { StreamBroken } from "../../../src/runtime/streams/stream_progress.ts";

const SINK = { name: "out", table: { name: "out", columns: [], orderBy: [] } };
const RANGE: InputRange = { source: "clicks@a", partition: 3, from: 10, to: 20 };

function batchOf(offsets: readonly number[]): StreamBatch {
  const batch = new StreamBatch(RANGE.from);
  for (const offset of offsets) {
    batch.add(SINK, { offset, line: new TextEncoder().encode(`[${offset}`), digest: offset });
  }
  batch.to = RANGE.to;
  return batch;
}

/** A table that knows the tokens of its inserts, and refuses rows of odd offsets above 100. */
function world() {
  const stored: InputPlace[] = [];
  const tokens = new Set<string>();
  const said: string[] = [];
  const failures: Error[] = [];
  let sleptMs = 0;
  const state = { stopped: false, announced: () => Promise.resolve() };
  const store = ({ rows, token }: Pick<AppendRows, "rows" | "token">) => {
    if (tokens.has(token)) return;
    tokens.add(token);
    stored.push(...rows.map(({ offset, index }) => ({ offset, index })));
  };
  const options: AppendWriterOptions = {
    warehouse: {
      append(rows) {
        said.push(`${rows.rows.map(({ offset, index }) => index > 0 ? `${offset}.${index}` : offset)}`);
        const failure = failures.shift();
        if (failure !== undefined) return Promise.reject(failure);
        if (rows.rows.some(({ offset }) => offset > 100 && offset % 2 === 1)) {
          return Promise.reject(new ProductionError("odd", { retriable: false, reason: "content" }));
        }
        store(rows);
        return Promise.resolve();
      },
      appended: (_table, { from, to }) => Promise.resolve(stored.filter(({ offset }) => offset >= from && offset < to)),
    },
    clock: {
      nowMs: () => 0,
      sleep: (ms) => (sleptMs += ms, Promise.resolve()),
      breathe: () => Promise.resolve(),
    },
    formerInsertMs: 60_000,
    stopped: () => state.stopped,
    announced: () => state.announced(),
    onRefused: ({ row: { offset } }) => said.push(`refused ${offset}`),
    onState: (_sink, problem) => said.push(problem === null ? "works" : `problem ${problem}`),
    onInserted: (_sink, { rows }) => said.push(`inserted ${rows}`),
  };
  const writer = new AppendWriter(options);
  return {
    writer,
    stored,
    store,
    said,
    failures,
    state,
    slept: () => sleptMs,
    offsets: () => stored.map((row) => row.offset),
  };
}

/** What an owner sends of these rows. */
function announced(offsets: readonly number[]) {
  const rows = batchOf(offsets).rows.get(SINK)!;
  return { rows, token: `clicks@a/3 10-20 ${rowsDigest(rows)}` };
}

const retriable = (text: string) => new ProductionError(text, { retriable: true });

Deno.test("AppendWriter.append() adds all rows, and repeats them under the same name until acknowledged", async () => {
  const { writer, failures, said, offsets } = world();
  failures.push(retriable("away"), new ProductionError("full", { retriable: false }));
  assertEquals(await writer.append(batchOf([10, 12, 12]), RANGE), true);
  assertEquals(offsets(), [10, 12, 12]);
  const all = "10,12,12.1";
  assertEquals(said, [all, "problem away", all, "problem full", all, "works", "inserted 3"]);
});

Deno.test("AppendWriter adds nothing again that an earlier owner added under the same name", async () => {
  const { writer, store, offsets } = world();
  store(announced([10, 12]));
  assertEquals(await writer.append(batchOf([10, 12]), RANGE), true);
  assertEquals(offsets(), [10, 12]);
});

Deno.test("AppendWriter sets the rows aside that ClickHouse refuses, and adds all others", async () => {
  const { writer, said, offsets } = world();
  await writer.append(batchOf([102, 103, 104, 105]), RANGE);
  assertEquals(offsets(), [102, 104]);
  assertEquals(said.filter((line) => line.startsWith("refused")), ["refused 103", "refused 105"]);
});

Deno.test("AppendWriter.complete() adds what is missing of a range that somebody announced", async () => {
  const nothing = world();
  await nothing.writer.complete(batchOf([10, 12]), { range: RANGE, same: true });
  assertEquals([nothing.offsets(), nothing.slept()], [[10, 12], 0]);
  // The former owner's insert arrives late, of the same name.
  nothing.store(announced([10, 12]));
  assertEquals(nothing.offsets(), [10, 12]);

  const all = world();
  all.store({ rows: batchOf([10, 12]).rows.get(SINK)!, token: "of an earlier batch" });
  await all.writer.complete(batchOf([10, 12]), { range: RANGE, same: true });
  assertEquals([all.offsets(), all.said], [[10, 12], []]);

  const some = world();
  some.store({ rows: batchOf([12]).rows.get(SINK)!, token: "a part" });
  await some.writer.complete(batchOf([10, 12, 12]), { range: RANGE, same: true });
  assertEquals(some.slept(), 60_000, "the other parts of that insert may be under way");
  assertEquals(some.stored.map(({ offset, index }) => `${offset}.${index}`).sort(), ["10.0", "12.0", "12.1"]);
});

Deno.test("AppendWriter.complete() waits where it makes other rows than were announced", async () => {
  const { writer, offsets, slept } = world();
  await writer.complete(batchOf([12]), { range: RANGE, same: false });
  assertEquals([offsets(), slept()], [[12], 60_000]);
});

Deno.test("AppendWriter sends nothing that is not announced any more, or after it was stopped", async () => {
  const { writer, state, offsets, failures } = world();
  state.announced = () => Promise.reject(new StreamBroken("another member's"));
  await assertRejects(() => writer.append(batchOf([10]), RANGE), StreamBroken);
  state.announced = () => Promise.resolve();
  failures.push(retriable("away"));
  state.announced = () => (state.stopped = failures.length === 0, Promise.resolve());
  assertEquals(await writer.append(batchOf([10]), RANGE), false);
  assertEquals(offsets(), []);
});
