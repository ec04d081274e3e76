import { assert } from "@std/assert";
import { Links } from "../../src/state/links.ts";
import { NumberLists } from "../../src/state/number_lists.ts";
import { ObjectRows } from "./object_rows.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { loadAll, readerOf, type Section, sectionsOf } from "./memory_sections.ts";
import { COLUMN_KINDS, rowOf, valueOf } from "./random_values.ts";

function made() {
  const [left, right] = [new SlotTable({ seed: 1 }), new SlotTable({ seed: 2 })];
  return {
    left,
    right,
    packed: left.attach(new PackedRows()),
    objects: left.attach(new ObjectRows()),
    lists: left.attach(new NumberLists()),
    links: new Links(left, right),
  };
}

function filled(choices: Choices) {
  const tables = made();
  const { left, right, packed, objects, lists, links } = tables;
  for (let key = 0; key < 40; key++) right.add(key);
  for (let key = 0; key < 60; key++) {
    const slot = left.add(choices.chance(0.7) ? key * 2 ** choices.int(30) + key : `key ${key}`);
    packed.write(
      slot,
      rowOf(choices.chance(0.9) ? COLUMN_KINDS : ["other"], (name) => {
        return valueOf(choices.chance(0.9) && name !== "other" ? name as "integer" : "mixed", choices);
      }),
    );
    if (key < 10) objects.write(slot, rowOf(["a"], () => valueOf("nested", choices)));
    lists.add(slot, key);
    links.use(slot, choices.int(40));
  }
  left.remove(3);
  return tables;
}

function damaged(sections: readonly Section[], choices: Choices): Section[] {
  const at = choices.int(sections.length);
  const section = sections[at];
  const what = choices.int(6);
  if (what === 0) return sections.toSpliced(at, 1);
  if (what === 1) return sections.with(at, choices.of(sections));
  if (what === 2) return sections.slice(0, at);
  if (section instanceof Uint8Array) {
    const bytes = section.slice();
    for (let count = choices.int(3); count >= 0; count--) {
      if (bytes.length > 0) bytes[choices.int(bytes.length)] ^= 1 << choices.int(8);
    }
    return sections.with(at, bytes);
  }
  const other = choices.of([
    null,
    "",
    "5",
    "null",
    "[]",
    '{"$":"x"}',
    '{"$":"i?"}',
    '{"$":"d"}',
    "{",
    '{"a":1}',
    "word",
  ]);
  const texts = section.length === 0 ? [other] : section.with(choices.int(section.length), other);
  return sections.with(at, texts);
}

Deno.test("tables load what is damaged as something else, or refuse it with a RangeError, and work then", () => {
  let refused = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const choices = choicesOf(seed);
    const { left, right } = filled(choices);
    const tables = made();
    loadAll(tables.right.load(readerOf(sectionsOf(right))));
    try {
      loadAll(tables.left.load(readerOf(damaged(sectionsOf(left), choices))));
    } catch (error) {
      if (!(error instanceof RangeError)) throw new Error(`seed ${seed}`, { cause: error });
      refused++;
      continue;
    }
    try {
      for (const slot of tables.left.used()) {
        assert(tables.left.find(tables.left.keyOf(slot)) === slot);
        for (const rows of [tables.packed, tables.objects]) {
          const row = rows.read(slot);
          assert(row === null || (typeof row === "object" && !rows.write(slot, rows.read(slot))));
        }
        assert(tables.links.of(slot) < 40);
      }
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
  assert(refused > 300, `${refused} refused`);
});
