import { assert, assertEquals } from "@std/assert";
import { ByteCells, NumberCells, SlotCells } from "../../src/state/cells.ts";
import { DueTimes } from "../../src/state/due_times.ts";
import { Links } from "../../src/state/links.ts";
import { Loans } from "../../src/state/loans.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { SnapshotReader, SnapshotWriter } from "../../src/state/snapshot_file.ts";
import { ValueCells } from "../../src/state/value_cells.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll } from "./memory_sections.ts";
import { ObjectRows } from "./object_rows.ts";
import { COLUMN_KINDS, type ColumnKind, rowOf, valueOf } from "./random_values.ts";

/** Every kind of thing that is kept of a slot. */
function made() {
  const [left, right] = [new SlotTable(), new SlotTable()];
  return {
    left,
    right,
    flags: left.attach(new ByteCells()),
    digests: left.attach(new NumberCells()),
    marks: left.attach(new SlotCells()),
    rows: left.attach(new PackedRows()),
    objects: left.attach(new ObjectRows()),
    due: left.attach(new DueTimes()),
    values: COLUMN_KINDS.map((kind) => ({ kind, cells: left.attach(new ValueCells()) })),
    links: new Links(left, right),
  };
}

type Tables = ReturnType<typeof made>;

function saved({ left, right }: Tables): SnapshotWriter {
  const writer = new SnapshotWriter();
  const group = new SnapshotWriter();
  right.save(group);
  writer.group(group);
  left.save(writer);
  return writer;
}

function loaded(bytes: Uint8Array): Tables {
  const tables = made();
  const reader = new SnapshotReader(bytes);
  loadAll(tables.right.load(reader));
  reader.endGroup();
  loadAll(tables.left.load(reader));
  reader.end();
  return tables;
}

/** The bytes of a file; `between` is called between any two parts of it. */
function written(writer: SnapshotWriter, between: () => void = () => {}): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const part of writer.end()) {
    between();
    parts.push(part.slice());
    between();
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function change(tables: Tables, choices: Choices): void {
  const { left, right, flags, digests, marks, rows, objects, due, values, links } = tables;
  const number = choices.chance(0.98) ? choices.int(300) : 2 ** 40 + choices.int(9);
  const key = choices.chance(0.8) ? number : `"${number}"`;
  let slot = left.find(key);
  if (slot < 0) slot = left.add(key);
  else if (choices.chance(0.2)) return left.remove(slot);
  const kindOf = (kind: ColumnKind) => choices.chance(0.9) ? kind : "mixed";
  flags.set(slot, choices.int(256));
  digests.set(slot, choices.chance(0.2) ? null : choices.int(1_000));
  marks.set(slot, choices.int(1_000));
  if (choices.chance(0.5)) {
    rows.write(
      slot,
      rowOf(COLUMN_KINDS, (kind) => valueOf(kindOf(kind as ColumnKind), choices)),
    );
  }
  if (choices.chance(0.1)) rows.write(slot, choices.chance(0.5) ? null : rowOf(["other"], () => choices.int(9)));
  if (choices.chance(0.2)) objects.write(slot, choices.chance(0.3) ? null : { text: choices.int(99) });
  due.set(slot, choices.chance(0.2) ? Infinity : choices.int(1_000));
  const { kind, cells } = choices.of(values);
  cells.set(slot, choices.chance(0.1) ? null : valueOf(kindOf(kind), choices));
  const partner = choices.int(50);
  const used = right.find(partner);
  links.use(slot, used < 0 ? right.add(partner) : used);
}

Deno.test("a snapshot is of the moment in which it was taken, whatever changes while it is written", () => {
  eachSeed(6, (seed) => {
    const choices = choicesOf(seed);
    let tables = made();
    for (let round = 0; round < 6; round++) {
      for (let count = choices.int(300); count >= 0; count--) change(tables, choices);
      const expected = written(saved(tables));
      const snapshot = saved(tables);
      // Another one of the same moment, and of one while it is written, of which some are written to no end.
      const second = saved(tables);
      let third: { readonly snapshot: SnapshotWriter; readonly expected: Uint8Array } | null = null;
      const bytes = written(snapshot, () => {
        for (let count = choices.int(3); count > 0; count--) change(tables, choices);
        if (third === null && choices.chance(0.02)) {
          third = { expected: written(saved(tables)), snapshot: saved(tables) };
        }
      });
      assertEquals(bytes, expected);
      if (choices.chance(0.5)) assertEquals(written(second, () => change(tables, choices)), expected);
      else second.discard();
      if (third !== null) {
        const { snapshot, expected } = third as { snapshot: SnapshotWriter; expected: Uint8Array };
        assertEquals(written(snapshot, () => change(tables, choices)), expected);
      }
      const copy = loaded(bytes);
      assertEquals(written(saved(copy)), expected);
      if (choices.chance(0.3)) tables = copy;
    }
  });
});

Deno.test("a snapshot of several chunks is of one moment, and what does not change is not copied", () => {
  const table = new SlotTable();
  const cells = [table.attach(new NumberCells()), table.attach(new NumberCells())];
  const values = table.attach(new ValueCells());
  for (let key = 0; key < 140_000; key++) {
    const slot = table.add(key);
    for (const column of cells) column.set(slot, key);
    values.set(slot, key);
  }
  const writer = new SnapshotWriter();
  table.save(writer);
  const before = table.bytes;
  for (const key of [7, 65_536, 139_999]) {
    cells[0].set(key, -1);
    values.set(key, "text");
  }
  table.remove(100_000);
  table.add("new");
  const chunks = cells[1].list.map((chunk) => chunk.buffer);
  const copy = new SlotTable();
  const copied = [copy.attach(new NumberCells()), copy.attach(new NumberCells())];
  const copiedValues = copy.attach(new ValueCells());
  loadAll(copy.load(new SnapshotReader(written(writer))));
  for (let key = 0; key < 140_000; key++) {
    const slot = copy.find(key);
    const held = [slot, ...copied.map((column) => column.get(slot)), copiedValues.get(slot)];
    if (held.some((value) => value !== key)) throw new Error(`${held} instead of ${key}`);
  }
  assertEquals(copy.has("new"), false);
  assertEquals(cells[1].list.map((chunk, at) => chunk.buffer === chunks[at]), [true, true, true]);
  assert(table.bytes >= before);
  assertEquals([cells[0].get(7), values.get(65_536), table.has("new")], [-1, "text", true]);
});

Deno.test("Loans copies a chunk once, and not any more when it was given back", () => {
  const list = [Int32Array.of(1), Int32Array.of(2)];
  const [first, second] = list;
  const loans = new Loans(list);
  const [one, two] = [loans.lend(0), loans.lend(0)];
  assertEquals([one.chunk === first, two.chunk === first, loans.any], [true, true, true]);
  one.release();
  one.release();
  loans.own(1);
  assertEquals([list[1] === second, loans.any], [true, true]);
  loans.own(0);
  assertEquals([list[0] === first, list[0][0], two.chunk[0], loans.any], [false, 1, 1, false]);
  const owned = list[0];
  loans.own(0);
  assertEquals(list[0] === owned, true);
  two.release();
  // Nobody had it but the reader.
  assertEquals([first.length, owned.length], [0, 1]);
  const third = loans.lend(1);
  assertEquals(loans.any, true);
  third.release();
  assertEquals([loans.any, second.length], [false, 1]);
  loans.own(1);
  assertEquals(list[1] === second, true);
});

Deno.test("a snapshot that nobody writes gives back what was lent", () => {
  const tables = made();
  for (let count = 0; count < 200; count++) change(tables, choicesOf(count));
  const chunk = tables.digests.list[0];
  const writer = saved(tables);
  writer.discard();
  const broken = saved(tables).end();
  for (let parts = 0; parts < 3; parts++) broken.next();
  broken.return(undefined);
  tables.digests.set(0, 77);
  assert(tables.digests.list[0] === chunk);
});
