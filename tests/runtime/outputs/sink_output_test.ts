import { assertEquals } from "@std/assert";
import type { SinkPlan } from "../../../src/plan/physical.ts";
import type { UpsertRow } from "../../../src/ports/warehouse.ts";
import type { OutgoingRow } from "../../../src/runtime/delivery/waiting_rows.ts";
import { FAILED, OUT, OutcomePatterns, Outcomes } from "../../../src/processor/outcomes.ts";
import { digestOf } from "../../../src/record/digest.ts";
import { FOREIGN_DIGEST } from "../../../src/runtime/outputs/shown_digests.ts";
import { SinkOutput } from "../../../src/runtime/outputs/sink_output.ts";
import { refuseRow } from "../../../src/runtime/task/task_outputs.ts";
import { Entries } from "../../../src/state/entries.ts";
import { lineText } from "../../line_bytes.ts";

const EPOCH = 7;

const plan: SinkPlan = {
  name: "things",
  keyOrder: [0],
  byName: false,
  table: {
    name: "things",
    key: ["id"],
    shares: false,
    columns: [{ name: "id", type: "Int64" }, { name: "name", type: "String" }],
  },
};

/** A sink of one entry, and what it hands out. */
function open({ complete = true }: { complete?: boolean } = {}) {
  const put: OutgoingRow[] = [];
  const entries = new Entries(1);
  let seq = 0;
  const output = new SinkOutput({
    plan,
    entries,
    dressed: null,
    task: "things@0",
    epoch: EPOCH,
    firstEpoch: 1,
    owns: () => true,
    nextSeq: () => ++seq,
    put: (row) => put.push("line" in row ? { ...row, line: row.line.slice() } : row),
    hold() {},
    suspecting: () => () => false,
    complete: () => complete,
    onError: (error) => {
      throw error;
    },
    onReplaced() {},
  });
  const entry = entries.keys.add(1);
  return {
    entries,
    output,
    entry,
    show: (name: string) => output.show(entry, { id: 1, name }),
    last: () => put[put.length - 1] as UpsertRow & OutgoingRow,
    /** What was handed out: names of rows, and `-` for a tombstone. */
    puts: () => put.map((row) => "line" in row ? JSON.parse(`${lineText(row.line)}]`)[1] : "-"),
  };
}

Deno.test("SinkOutput.show() leaves a row whose digest an earlier version took of the same text", () => {
  const { output, entry, show, puts } = open();
  const earlier = digestOf('[1,"é"');
  output.base(entry, earlier);
  show("é");
  assertEquals([puts(), output.expected(entry), output.agrees(entry, earlier)], [[], earlier, true]);
  show("e");
  show("é");
  assertEquals([puts(), output.agrees(entry, earlier)], [["e", "é"], false]);
});

Deno.test("SinkOutput.refuse() deletes what is shown of the row, and the row is not put again", () => {
  const { output, entry, show, last, puts } = open();
  show("a");
  show("b");
  output.refuse(entry, last());
  show("b");
  assertEquals([puts(), output.expected(entry)], [["a", "b", "-"], null]);
  show("a");
  show("b");
  assertEquals(puts(), ["a", "b", "-", "a", "b"]);
});

Deno.test("SinkOutput.refuse() leaves a newer version alone", () => {
  const { output, entry, show, last, puts } = open();
  show("b");
  const refused = last();
  show("c");
  output.refuse(entry, refused);
  assertEquals([puts(), output.expected(entry)], [["b", "c"], last().digest]);
});

Deno.test("SinkOutput deletes a version of a refused row that is shown again", () => {
  const { output, entry, show, last, puts } = open();
  show("b");
  output.refuse(entry, last());
  assertEquals([output.agrees(entry, null), output.agrees(entry, 12345)], [true, false]);
  output.distrust(entry);
  show("b");
  assertEquals([puts(), output.expected(entry)], [["b", "-", "-"], null]);
});

Deno.test("SinkOutput keeps what is shown of a row that a start wrote and that is refused", () => {
  const { output, entry, show, last, puts } = open({ complete: false });
  output.base(entry, 12345);
  show("b");
  output.refuse(entry, last());
  assertEquals([puts(), output.expected(entry)], [["b"], FOREIGN_DIGEST]);
  // A comparison finds out what is shown.
  assertEquals([output.agrees(entry, 12345), output.expected(entry), output.agrees(entry, null)], [true, 12345, true]);
  show("b");
  assertEquals(puts(), ["b"]);
});

Deno.test("SinkOutput.refuse() of a row that a start wrote deletes only what the start wrote before", () => {
  const first = open({ complete: false });
  first.show("b");
  first.output.refuse(first.entry, first.last());
  assertEquals([first.puts(), first.output.expected(first.entry)], [["b"], null]);
  const second = open({ complete: false });
  second.show("a");
  second.show("b");
  second.output.refuse(second.entry, second.last());
  assertEquals([second.puts(), second.output.expected(second.entry)], [["a", "b", "-"], null]);
});

Deno.test("refuseRow() does nothing for a row of an earlier incarnation, a tombstone, or a task that is closed", () => {
  const { entries, entry, output, show, last, puts } = open();
  show("b");
  const table = { steps: [], groups: [] };
  const outcomes = new Outcomes(new OutcomePatterns(1), entries.keys);
  outcomes.put(0, OUT);
  outcomes.note(entry);
  const task = { closed: false, epoch: EPOCH, table, entries, outcomes, sinks: [output], shareSinks: [] };
  const row = last();
  refuseRow(task, { sink: plan, row: { ...row, epoch: EPOCH - 1 } });
  refuseRow({ ...task, epoch: EPOCH + 1 }, { sink: plan, row: row });
  refuseRow({ ...task, closed: true }, { sink: plan, row: row });
  refuseRow({ ...task, entries: new Entries(1) }, { sink: plan, row: row });
  refuseRow(task, { sink: plan, row: { id: 1, task: row.task, key: row.key, epoch: EPOCH, seq: 2, keyLine: "[1" } });
  assertEquals(puts(), ["b"]);
  assertEquals(outcomes.rowsAt(0)[OUT], 1);
  refuseRow(task, { sink: plan, row: row });
  assertEquals(puts(), ["b", "-"]);
  assertEquals([outcomes.rowsAt(0)[OUT], outcomes.rowsAt(0)[FAILED]], [0, 1]);
});

Deno.test("SinkOutput.doomed() has rows that were shown before the start, none that it wrote itself", () => {
  const written = open({ complete: false });
  written.show("a");
  written.output.show(written.entry, null);
  assertEquals(written.output.doomed(), []);
  const shown = open({ complete: false });
  shown.output.base(shown.entry, 12345);
  shown.show("a");
  shown.output.show(shown.entry, null);
  assertEquals(shown.output.doomed(), [1]);
});
