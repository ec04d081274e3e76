import { assertEquals } from "@std/assert";
import { type OutgoingRow, WaitingRows } from "../../../src/runtime/delivery/waiting_rows.ts";
import { lineOf, lineText } from "../../line_bytes.ts";

const row = (id: number, line: string): OutgoingRow => {
  return { id, key: String(id), line: lineOf(line), task: "t-0", digest: id, epoch: 1, seq: 1 };
};
const texts = (rows: readonly OutgoingRow[]) => rows.map((row) => "line" in row ? lineText(row.line) : "-");
const ALL = { rowsMax: Infinity, bytesMax: Infinity };

Deno.test("WaitingRows copies lines, and hands out the newest row of each id in the order of the first", () => {
  const waiting = new WaitingRows();
  const shared = lineOf("[1,x");
  waiting.put({ ...row(1, ""), line: shared } as OutgoingRow);
  shared.fill(33);
  waiting.put(row(2, "[2,x"));
  waiting.put(row(3, `[3,${"long ".repeat(30_000)}`));
  waiting.put(row(1, "[1,newer"));
  waiting.put({ id: 2, key: "2", keyLine: "[2", task: "t-0", epoch: 1, seq: 2 });
  waiting.put(row(4, "[4,x"));
  assertEquals([waiting.size, waiting.bytes], [4, 8 + 4 + 150_003 + 4 + 2 * 4]);
  const first = waiting.take({ rowsMax: 2, bytesMax: Infinity });
  assertEquals([texts(first), waiting.size, waiting.bytes], [["[1,newer", "-"], 2, 150_007 + 2 * 2]);
  waiting.put(row(1, "[1,again"));
  assertEquals(texts(waiting.take({ rowsMax: Infinity, bytesMax: 150_000 })).map((text) => text.length), [150_003]);
  assertEquals([texts(waiting.take(ALL)), waiting.size, waiting.bytes], [["[4,x", "[1,again"], 0, 0]);
  assertEquals(texts(first), ["[1,newer", "-"]);
});

Deno.test("WaitingRows hands rows out as they came where their order counts", () => {
  const waiting = new WaitingRows("as they came");
  for (const [id, line] of [[1, "[1,a"], [2, "[2,a"], [1, "[1,b"], [3, "[3,a"]] as const) waiting.put(row(id, line));
  assertEquals(texts(waiting.take({ rowsMax: 2, bytesMax: Infinity })), ["[2,a", "[1,b"]);
  assertEquals([texts(waiting.take(ALL)), waiting.bytes], [["[3,a"], 0]);
});

Deno.test("WaitingRows keeps every line whatever else is put and taken", () => {
  const waiting = new WaitingRows();
  const expected = new Map<number, string>();
  const taken: [OutgoingRow[], string[]][] = [];
  for (let step = 0; step < 20_000; step++) {
    const id = (step * 7919) % 997;
    const text = `[${id},${step},${"y".repeat((step * 31) % 400)}`;
    waiting.put(row(id, text));
    expected.set(id, text);
    if (step % 3_001 === 0) {
      taken.push([waiting.take(ALL), [...expected.values()]]);
      expected.clear();
    }
  }
  taken.push([waiting.take(ALL), [...expected.values()]]);
  for (const [rows, lines] of taken) assertEquals(texts(rows), lines);
});

Deno.test("WaitingRows holds memory for what waits, not for all that was replaced", () => {
  const waiting = new WaitingRows();
  // Every row that stays stands among a hundred of one that is replaced again and again.
  for (let step = 0; step < 200_000; step++) {
    waiting.put(row(step % 100 === 0 ? step : -1, `[${step},"${"z".repeat(100)}"`));
  }
  const lines = waiting.bytes;
  const rows = waiting.take(ALL);
  const memory = new Set(rows.map((row) => "line" in row ? row.line.buffer : null));
  const held = [...memory].reduce((bytes, buffer) => bytes + (buffer?.byteLength ?? 0), 0);
  assertEquals([rows.length, held < 4 * lines], [2_001, true], `${held} bytes for ${lines}`);
});
