import { assert, assertEquals } from "@std/assert";
import type { Key } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import { NumberCells } from "../../src/state/cells.ts";
import { Links } from "../../src/state/links.ts";
import { type RowsUser, SharedRows } from "../../src/state/shared_rows.ts";
import type { SlotColumns } from "../../src/state/slot_columns.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import type { Slot } from "../../src/state/slots.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";

/** A user that keeps the rows as it sees them, and of each a mark of its key in a column of its own. */
class Reader implements RowsUser {
  readonly seen = new Map<Key, Row>();
  readonly columns: SlotColumns;
  error: Error | null = null;
  /** The next change that it is told is one too many. */
  bug = false;
  readonly #shared: SharedRows;
  readonly #marks: NumberCells;
  readonly #marked: (key: Key) => number;

  constructor(shared: SharedRows, marked: (key: Key) => number) {
    this.#shared = shared;
    this.#marked = marked;
    this.columns = shared.columns();
    this.#marks = this.columns.attach(new NumberCells());
    for (const slot of shared.keys.used()) this.changed(slot);
    shared.join(this);
  }

  changed(slot: Slot): void {
    if (this.bug) throw new Error("a bug");
    const { keys, rows } = this.#shared;
    const key = keys.keyOf(slot);
    const row = rows.read(slot);
    assertEquals(
      this.#marks.get(slot),
      this.seen.has(key) ? this.#marked(key) : null,
      "a slot with another key's mark",
    );
    this.#marks.set(slot, this.#marked(key));
    if (row === null) this.seen.delete(key);
    else this.seen.set(key, row);
  }

  failed(error: Error): void {
    this.error = error;
  }

  leave(): void {
    this.#shared.leave(this);
    this.#shared.drop(this.columns);
  }
}

/** Random changes while readers come, fail and leave, against a plain Map for each of them. */
function attempt(choices: Choices): void {
  const numbers = new Map<Key, number>();
  const marked = (key: Key) => numbers.getOrInsertComputed(key, () => numbers.size);
  const shared = new SharedRows();
  const truth = new Map<Key, Row>();
  let readers: Reader[] = [];
  for (let step = 0; step < 3_000; step++) {
    if (readers.length < 4 && choices.chance(0.01)) readers.push(new Reader(shared, marked));
    if (readers.length > 0 && choices.chance(0.005)) choices.of(readers).bug = true;
    if (readers.length > 0 && choices.chance(0.005)) {
      const leaver = choices.of(readers);
      leaver.leave();
      readers = readers.filter((reader) => reader !== leaver);
    }
    const key: Key = choices.chance(0.3) ? `k${choices.int(40)}` : choices.int(60);
    const row = choices.chance(0.4) ? null : { id: marked(key), n: choices.int(3) };
    assertEquals(shared.held(key), truth.get(key) ?? null);
    assertEquals(shared.set(key, row), truth.get(key) ?? null);
    if (row === null) truth.delete(key);
    else truth.set(key, row);
    for (const reader of readers) {
      assertEquals(reader.error?.message, reader.bug && reader.error ? "a bug" : undefined);
      if (reader.error === null) assertEquals(reader.seen.get(key), truth.get(key));
    }
    for (const reader of readers.filter(({ error }) => error !== null)) reader.leave();
    readers = readers.filter(({ error }) => error === null);
  }
  for (const { seen } of readers) assertEquals(seen, truth);
  assertEquals(shared.keys.size, truth.size);
  assertEquals(shared.bytes, shared.keys.bytes - readers.reduce((sum, { columns }) => sum + columns.bytes, 0));
}

Deno.test("SharedRows shows all users what a Map of each holds, whoever comes, fails and leaves", () => {
  eachSeed(30, (seed) => attempt(choicesOf(seed)));
});

Deno.test("SharedRows gives a slot back after everyone was told, so that links of each are released", () => {
  const shared = new SharedRows();
  const right = new SlotTable();
  const users = [1, 2].map(() => {
    const columns = shared.columns();
    const links = new Links(columns, right);
    const used = right.add(`of ${right.size}`);
    shared.join({ changed: (slot) => links.use(slot, used), failed: (error) => assert(false, error.message) });
    return () => links.users(used);
  });
  shared.set(7, { id: 7 });
  assertEquals(users.map((count) => count()), [1, 1]);
  shared.set(7, null);
  assertEquals(users.map((count) => count()), [0, 0]);
});

Deno.test("SharedRows takes as much for three users as for one, and nothing of those who left", () => {
  const alone = new SharedRows();
  const shared = new SharedRows();
  const columns = [1, 2, 3].map(() => shared.columns());
  for (const part of columns) part.attach(new NumberCells());
  for (let id = 0; id < 1_000; id++) for (const rows of [alone, shared]) rows.set(id, { id, name: `row ${id % 7}` });
  assertEquals(shared.bytes, alone.bytes);
  assert(shared.keys.bytes > alone.keys.bytes + 3 * 8_000);
  for (const part of columns) shared.drop(part);
  assertEquals(shared.keys.bytes, alone.keys.bytes);
});
