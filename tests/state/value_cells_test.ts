import { assert, assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { wireEquals } from "../../src/record/wire.ts";
import { ValueCells } from "../../src/state/value_cells.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";
import { BORDERS, COLUMN_KINDS, type ColumnKind, valueOf } from "./random_values.ts";

function grown(slots: number): ValueCells {
  const cells = new ValueCells();
  for (let slot = 0; slot < slots; slot++) cells.grow(slot);
  return cells;
}

function reloaded(cells: ValueCells): ValueCells {
  const copy = new ValueCells();
  loadAll(copy.load(readerOf(sectionsOf(cells))));
  return copy;
}

/** Random changes of one column, against an array. */
function attempt(kind: ColumnKind, { seed, steps }: { readonly seed: number; readonly steps: number }): void {
  const choices = choicesOf(seed);
  let cells = new ValueCells();
  const held: unknown[] = [];
  for (let step = 0; step < steps; step++) {
    if (held.length === 0 || choices.chance(0.3)) {
      cells.grow(held.length);
      held.push(null);
    }
    const slot = choices.int(held.length);
    const value = choices.chance(0.02) ? valueOf("mixed", choices) : valueOf(kind, choices);
    if (choices.chance(0.1)) {
      cells.clear(slot);
      held[slot] = null;
    } else if (choices.chance(0.5)) {
      cells.set(slot, value);
      held[slot] = value;
    } else {
      const changed = !wireEquals(held[slot], value);
      assertEquals(cells.put(slot, value), changed);
      if (changed) held[slot] = value;
    }
    assertEquals(cells.get(slot), held[slot]);
    if (choices.chance(1 / 4_000)) cells = reloaded(cells);
  }
  held.forEach((value, slot) => assertEquals(cells.get(slot), value));
  const copy = reloaded(cells);
  held.forEach((value, slot) => assertEquals(copy.get(slot), value));
}

for (const kind of COLUMN_KINDS) {
  Deno.test(`ValueCells holds what an array holds: ${kind}`, () => {
    eachSeed(3, (seed) => attempt(kind, { seed, steps: 6_000 }));
  });
}

Deno.test("ValueCells keeps what equals the value held, and puts another form where it is told to", () => {
  const cells = grown(1);
  const scaleOf = () => (cells.get(0) as Decimal).scale;
  assert(cells.put(0, Decimal.parse("1.50")));
  assertEquals([cells.put(0, Decimal.parse("1.5")), scaleOf()], [false, 2]);
  cells.set(0, Decimal.parse("1.5"));
  assertEquals(scaleOf(), 1);
  cells.set(0, 0);
  assertEquals(cells.put(0, -0), false);
  assert(Object.is(cells.get(0), 0));
  cells.set(0, -0);
  assert(Object.is(cells.get(0), -0));
  assertEquals([cells.put(0, 7), cells.put(0, 7n), cells.put(0, "7"), cells.put(0, undefined), cells.put(0, null)], [
    true,
    true,
    true,
    true,
    true,
  ]);
});

Deno.test("ValueCells holds each value at a border, whatever the form, and tells it from every other", () => {
  for (const usual of [null, 5, 0.5, 2 ** 40, Decimal.of(5, 2), Decimal.of(2 ** 40, 2), true, "word", {}]) {
    for (const before of BORDERS) {
      for (const after of BORDERS) {
        const cells = grown(3);
        cells.set(0, usual);
        cells.set(1, before);
        assertEquals(cells.get(1), before);
        const changed = !wireEquals(before, after);
        assertEquals(cells.put(1, after), changed);
        assertEquals(cells.get(1), changed ? after : before);
        cells.set(1, after);
        assertEquals([cells.get(0), cells.get(1), cells.get(2)], [usual, after, null]);
      }
    }
  }
});

Deno.test("ValueCells finds the smallest form", () => {
  const bytesOf = (value: (slot: number) => unknown) => {
    const cells = grown(65_536);
    for (let slot = 0; slot < 65_536; slot++) cells.set(slot, value(slot));
    return cells.bytes / 65_536;
  };
  const around = (bytes: number, expected: number) => assert(Math.abs(bytes - expected) < 0.2, `${bytes}`);
  around(bytesOf(() => null), 0);
  around(bytesOf((slot) => slot - 30_000), 4);
  around(bytesOf((slot) => slot * 2 ** 20), 8);
  around(bytesOf((slot) => slot / 8), 8);
  around(bytesOf((slot) => Decimal.of(slot, 2)), 4);
  around(bytesOf((slot) => [true, false, null, undefined][slot & 3]), 1);
  around(bytesOf((slot) => `word ${slot % 200}`), 1.2);
  around(bytesOf((slot) => `word ${slot % 5}`), 1);
  // Some bigints and one text change nothing for the others.
  around(bytesOf((slot) => slot === 9 ? "text" : slot % 1_000 === 0 ? 2n ** 70n : slot), 4);
  // Texts that do not repeat: the text, and 8 bytes for its place.
  around(bytesOf((slot) => `text ${slot + 100_000}`), 8 + 16 + 16);
});

Deno.test("ValueCells forgets words that nobody uses any more", () => {
  const cells = grown(1);
  cells.set(0, "first");
  const before = cells.bytes;
  for (let round = 0; round < 10_000; round++) cells.set(0, `word ${round}`);
  cells.set(0, "first");
  assert(cells.bytes < before + 200, `${cells.bytes} instead of ${before}`);
});

Deno.test("ValueCells finds words in a later chunk, if the first texts were all different", () => {
  const cells = grown(65_536);
  for (let slot = 0; slot < 65_536; slot++) cells.set(slot, `word ${slot % 3_000}`);
  const before = cells.bytes;
  cells.grow(65_536);
  for (let slot = 65_537; slot < 131_072; slot++) cells.grow(slot);
  for (let slot = 65_536; slot < 131_072; slot++) cells.set(slot, `word ${slot % 3_000}`);
  // Two bytes each, and the words.
  assert(cells.bytes - before < 65_536 * 2 + 3_000 * 100, `${cells.bytes - before}`);
});

Deno.test("ValueCells refuses sections that are damaged or another's", () => {
  const cells = grown(300);
  for (let slot = 0; slot < 300; slot++) cells.set(slot, slot === 7 ? 7n : `word ${slot % 5}`);
  const sections = sectionsOf(cells);
  const load = (changed: typeof sections) => loadAll(new ValueCells().load(readerOf(changed)));
  load(sections);
  for (let at = 0; at < sections.length; at++) {
    assertThrows(() => load(sections.slice(0, at)), RangeError);
    assertThrows(() => load(sections.toSpliced(at, 1)), RangeError);
    const section = sections[at];
    if (section instanceof Uint8Array && section.length > 0) {
      assertThrows(() => load(sections.with(at, section.slice(1))), RangeError);
      assertThrows(() => load(sections.with(at, section.map((byte) => byte ^ 0xff))), RangeError);
    }
  }
  assertThrows(() => loadAll(grown(299).load(readerOf(sections))), RangeError);
  loadAll(grown(300).load(readerOf(sections)));
});

Deno.test("ValueCells refuses to save what no text can stand for", () => {
  const cells = grown(1);
  cells.set(0, new Map());
  assertThrows(() => sectionsOf(cells), TypeError, "an instance of Map");
});
