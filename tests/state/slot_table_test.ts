import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Key } from "../../src/record/key.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { ByteCells, NumberCells, SlotCells } from "../../src/state/cells.ts";
import { KeyIndex } from "../../src/state/key_index.ts";
import { Links } from "../../src/state/links.ts";
import { NumberLists } from "../../src/state/number_lists.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { NO_SLOT, STEP_SLOTS } from "../../src/state/slots.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";
import { ObjectRows } from "./object_rows.ts";

function made(seed?: number) {
  const table = new SlotTable(seed === undefined ? {} : { seed });
  return {
    table,
    flags: table.attach(new ByteCells()),
    digests: table.attach(new NumberCells()),
    marks: table.attach(new SlotCells()),
  };
}

const BORDERS: readonly Key[] = [
  ...[0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, Number.MAX_SAFE_INTEGER],
  ...[-Number.MAX_SAFE_INTEGER, "0", "1", '"1"', "", "\ud800", "-2147483648", '7,"EUR"', "constructor"],
];

function randomKey(choices: Choices): Key {
  if (choices.chance(0.05)) return choices.of(BORDERS);
  const number = choices.int(4_000);
  if (choices.chance(0.3)) return `"${number}"`;
  return choices.chance(0.8) ? number : number * 2 ** 32 - 2 ** 40;
}

/** Random changes of a table with three parts, against a Map. */
function attempt({ seed, steps }: { readonly seed: number; readonly steps: number }): void {
  const choices = choicesOf(seed);
  let { table, flags, digests, marks } = made(seed);
  const held = new Map<Key, { slot: number; flag: number; digest: number | null; mark: number }>();
  for (let step = 0; step < steps; step++) {
    const key = randomKey(choices);
    const entry = held.get(key);
    assertEquals(table.find(key), entry?.slot ?? NO_SLOT);
    assertEquals(table.has(key), entry !== undefined);
    if (entry === undefined) {
      const slot = table.add(key);
      assertEquals([flags.get(slot), digests.get(slot), marks.get(slot)], [0, null, NO_SLOT]);
      held.set(key, { slot, flag: 0, digest: null, mark: NO_SLOT });
    } else if (choices.chance(0.45)) {
      table.remove(entry.slot);
      held.delete(key);
      assertEquals([table.isUsed(entry.slot), table.find(key)], [false, NO_SLOT]);
    } else {
      assertEquals(table.keyOf(entry.slot), key);
      flags.set(entry.slot, entry.flag = choices.int(256));
      digests.set(entry.slot, entry.digest = choices.of([null, 0, 1.5, Number.MAX_SAFE_INTEGER]));
      marks.set(entry.slot, entry.mark = choices.of([-1, -2, -3, 0, 77, 2 ** 31 - 3]));
    }
    assertEquals(table.size, held.size);
    if (!choices.chance(1 / 5_000)) continue;
    const sections = sectionsOf(table);
    ({ table, flags, digests, marks } = made(seed + step));
    loadAll(table.load(readerOf(sections)));
  }
  const slots = new Set<number>();
  for (const [key, { slot, flag, digest, mark }] of held) {
    slots.add(slot);
    assertEquals([table.keyOf(slot), table.find(key), table.isUsed(slot)], [key, slot, true]);
    assertEquals([flags.get(slot), digests.get(slot), marks.get(slot)], [flag, digest, mark]);
  }
  assertEquals(slots.size, held.size);
  assertEquals([...table.used()], [...slots].sort((a, b) => a - b));
}

Deno.test("SlotTable holds what a Map holds, its parts too, also from a snapshot", () => {
  eachSeed(4, (seed) => attempt({ seed, steps: 20_000 }));
});

Deno.test("SlotTable holds each key at a border, alone and beside others", () => {
  for (const key of BORDERS) {
    for (const other of BORDERS) {
      if (other === key) continue;
      const table = new SlotTable();
      const slot = table.add(key);
      assertEquals([table.isUsed(slot), table.keyOf(slot), table.find(other)], [true, key, NO_SLOT]);
      table.add(other);
      assertEquals([table.find(key), table.keyOf(slot), table.isUsed(slot)], [slot, key, true]);
      table.remove(slot);
      assertEquals([table.isUsed(slot), table.find(key), table.size, [...table.used()]], [false, NO_SLOT, 1, [1]]);
    }
  }
});

Deno.test("SlotTable with more keys than one shard has finds every one of them, and no other", () => {
  const table = new SlotTable({ seed: 5 });
  const keyAt = (index: number): Key => index % 2 === 0 ? index * 7 : `key ${index}`;
  for (let index = 0; index < 200_000; index++) assertEquals(table.add(keyAt(index)), index);
  for (let index = 0; index < 200_000; index += 3) table.remove(index);
  for (let index = 0; index < 200_000; index++) {
    if (table.find(keyAt(index)) !== (index % 3 === 0 ? NO_SLOT : index)) throw new Error(`key ${index}`);
    if (table.has(`key ${index * 2}`) || table.has(index * 14 + 1)) throw new Error(`no key ${index}`);
  }
  assertEquals(table.size, 200_000 - Math.ceil(200_000 / 3));
  const copy = new SlotTable({ seed: 6 });
  loadAll(copy.load(readerOf(sectionsOf(table))));
  for (let index = 0; index < 200_000; index++) {
    if (copy.find(keyAt(index)) !== table.find(keyAt(index))) throw new Error(`key ${index} of the copy`);
  }
  assertEquals([copy.size, copy.add(-1) % 3], [table.size, 0]);
  // Slots that are free are given out before new ones.
  for (let count = 0; count < 66_667; count++) assert(table.add(-1 - count) < 200_000);
  assertEquals(table.slots, 200_000);
});

Deno.test("SlotTable.attach makes room for the slots that are there", () => {
  const [table, right] = [new SlotTable(), new SlotTable()];
  for (let key = 0; key < 140_000; key++) table.add(key);
  right.add("x");
  const flags = table.attach(new ByteCells());
  const lists = table.attach(new NumberLists());
  const rows = [table.attach(new PackedRows()), table.attach(new ObjectRows())];
  const links = new Links(table, right);
  // Within a chunk each: the first, a whole one, and one that is not.
  for (const slot of [70, 65_536, 139_999]) {
    assertEquals([flags.get(slot), lists.isEmpty(slot), rows.map((part) => part.read(slot)), links.of(slot)], [
      0,
      true,
      [null, null],
      NO_SLOT,
    ]);
    flags.set(slot, 1);
    lists.add(slot, slot);
    for (const part of rows) part.write(slot, { slot, text: `text ${slot}` });
    links.use(slot, 0);
  }
  const walk = links.walk(0);
  for (const slot of [139_999, 65_536, 70]) {
    assertEquals([flags.get(slot), [...lists.values(slot)], walk.next()], [1, [slot], slot]);
    for (const part of rows) assertEquals(part.read(slot), { slot, text: `text ${slot}` });
  }
});

Deno.test("SlotTable.used passes over what is removed before its turn", () => {
  const table = new SlotTable();
  for (let key = 0; key < 5; key++) table.add(key);
  const seen: number[] = [];
  for (const slot of table.used()) {
    seen.push(slot);
    if (slot === 1) table.remove(3);
  }
  assertEquals(seen, [0, 1, 2, 4]);
});

Deno.test("SlotTable refuses sections that are damaged, and to load over keys", () => {
  const { table } = made();
  for (let key = 0; key < 40; key++) table.add(key % 2 === 0 ? key : `key ${key}`);
  table.remove(7);
  const sections = sectionsOf(table);
  const load = (changed: typeof sections) => loadAll(made().table.load(readerOf(changed)));
  load(sections);
  for (let at = 0; at < sections.length; at++) {
    assertThrows(() => load(sections.slice(0, at)), RangeError);
    assertThrows(() => load(sections.toSpliced(at, 1)), RangeError);
  }
  const keys = new Int32Array((sections[2] as Uint8Array).slice().buffer);
  keys[2] = keys[0];
  assertThrows(() => load(sections.with(2, new Uint8Array(keys.buffer))), RangeError, "twice");
  assertThrows(() => loadAll(table.load(readerOf(sections))), RangeError, "not empty");
});

/** How many steps it takes to load a table of so many keys, all of which use rows of another one. */
function stepsToLoad(keys: number): { readonly table: number; readonly links: number } {
  const openBoth = () => {
    const [left, right] = [new SlotTable(), new SlotTable()];
    const rows = left.attach(new PackedRows());
    return { left, right, rows, links: new Links(left, right) };
  };
  const { left, right, rows, links } = openBoth();
  for (let key = 0; key < keys; key++) {
    right.add(key);
    rows.write(left.add(key), { id: key });
    links.use(key, key);
  }
  const copy = openBoth();
  const table = [...copy.right.load(readerOf(sectionsOf(right)))].length;
  return { table, links: [...copy.left.load(readerOf(sectionsOf(left)))].length - table };
}

Deno.test("SlotTable.load is cut into steps that do not grow with the table", () => {
  const small = stepsToLoad(STEP_SLOTS);
  const large = stepsToLoad(20 * STEP_SLOTS);
  assert(large.table >= small.table + 19, `${large.table} steps of a table, ${small.table} of a small one`);
  // Rows are looked through, and links are made.
  assert(large.links >= small.links + 2 * 19, `${large.links} steps of its parts, ${small.links} of a small one's`);
});

/**
 * Keys that are the first of their blocks and whose hash by this seed has the same lowest 13 and highest 8 bits: the
 * hash of `KeyIndex`, backwards.
 */
function colliding(seed: number, count: number): number[] {
  const random = mulberry32(seed);
  const factor = (random() * 2 ** 32) | 1;
  random();
  const added = (random() * 2 ** 32) | 0;
  return Array.from({ length: count }, (_, index) => {
    let hash = (index << 13) | 0;
    hash ^= hash >>> 16;
    hash = unshifted(Math.imul(hash, inverse(0xc2b2ae35)), 13);
    hash = unshifted(Math.imul(hash, inverse(0x85ebca6b)), 16);
    return (Math.imul(hash - added, inverse(factor)) >>> 0) * 16;
  });
}

/** Of `value ^ (value >>> by)`. */
function unshifted(mixed: number, by: number): number {
  return mixed ^ (mixed >>> by) ^ (by < 16 ? mixed >>> (2 * by) : 0);
}

/** Modulo 2^32, by Newton's method. */
function inverse(odd: number): number {
  let result = odd;
  for (let round = 0; round < 5; round++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}

/** How many keys an index with them all reads to find each of them: at best one, its own. */
function readsPerKey(keys: readonly number[], seed: number): number {
  let reads = 0;
  const counted = new Proxy(Float64Array.from(keys), {
    get(held, at) {
      reads++;
      return Reflect.get(held, at);
    },
  });
  const index = new KeyIndex([counted], seed);
  for (const [slot, key] of keys.entries()) index.add(key, slot);
  reads = 0;
  for (const [slot, key] of keys.entries()) assertEquals(index.find(key), slot);
  return reads / keys.length;
}

const SECRET_SEEDS = [1, 2, 3, 4];

Deno.test("KeyIndex is not slowed down by keys that were chosen to meet in one place", () => {
  const hostile = colliding(0, 2_000);
  assertEquals(new Set(hostile).size, hostile.length);
  // They do meet where the seed is the one that they were chosen for.
  assert(readsPerKey(hostile, 0) > 20, `${readsPerKey(hostile, 0)}`);
  for (const seed of SECRET_SEEDS) assert(readsPerKey(hostile, seed) < 1.5, `${readsPerKey(hostile, seed)}`);
});

Deno.test("KeyIndex reads few other keys where all are multiples of some number", () => {
  for (const step of [1, 2, 16, 100, 4096, 2 ** 20, 2 ** 33]) {
    const keys = Array.from({ length: 20_000 }, (_, index) => index * step);
    for (const seed of SECRET_SEEDS) assert(readsPerKey(keys, seed) < 1.5, `${step}: ${readsPerKey(keys, seed)}`);
  }
});
