import { assert, assertEquals, assertThrows } from "@std/assert";
import { SnapshotReader, SnapshotWriter } from "../../src/state/snapshot_file.ts";

/** The bytes of a snapshot with these sections. */
function bytesOf(write: (to: SnapshotWriter) => void): Uint8Array {
  const writer = new SnapshotWriter();
  write(writer);
  return new Uint8Array(Array.from(writer.end(), (part) => [...part]).flat());
}

const TEXTS = ["", "plain", null, "Ünïcode 😀", 'quo"te', "half \ud83d of one", null];

function readAll(bytes: Uint8Array) {
  const reader = new SnapshotReader(bytes);
  const read = [reader.texts(), [...reader.array(Int32Array)], [...reader.array(Float64Array)], reader.texts()];
  reader.end();
  return read;
}

const WHOLE = bytesOf((to) => {
  to.texts(TEXTS);
  to.array(Int32Array.of(-1, 0, 7));
  to.array(Float64Array.of(Math.PI, NaN));
  to.texts([]);
});

Deno.test("a snapshot gives back arrays and texts of any UTF-16 units", () => {
  assertEquals(readAll(WHOLE), [TEXTS, [-1, 0, 7], [Math.PI, NaN], []]);
});

Deno.test("a snapshot of another array is copied when it is written", () => {
  const values = Uint8Array.of(1, 2, 3);
  const writer = new SnapshotWriter();
  writer.array(values);
  values.fill(9);
  const bytes = new Uint8Array(Array.from(writer.end(), (part) => [...part]).flat());
  assertEquals([...new SnapshotReader(bytes).array(Uint8Array)], [1, 2, 3]);
});

Deno.test("a snapshot of texts is of the moment of the call, and their bytes are made when it is written", () => {
  const texts: (string | null)[] = ["one", "two", null];
  const writer = new SnapshotWriter();
  const part = new SnapshotWriter();
  const encode = TextEncoder.prototype.encode;
  let encoded = 0;
  TextEncoder.prototype.encode = function (text) {
    encoded++;
    return encode.call(this, text);
  };
  try {
    part.texts(texts);
    writer.group(part);
    writer.texts(texts);
    assertEquals(encoded, 0);
    texts.fill("other");
    const bytes = new Uint8Array(Array.from(writer.end(["first"]), (part) => [...part]).flat());
    assert(encoded > 0);
    const reader = new SnapshotReader(bytes);
    assertEquals(reader.texts(), ["first"]);
    for (const _ of reader.skipGroup());
    assertEquals(reader.texts(), ["one", "two", null]);
    reader.end();
  } finally {
    TextEncoder.prototype.encode = encode;
  }
});

Deno.test("a snapshot's memory is given back part by part, as it is written", () => {
  const writer = new SnapshotWriter();
  for (let section = 0; section < 3; section++) writer.array(new Int32Array(1_000));
  const arrays: Uint8Array[] = [];
  for (const part of writer.end()) {
    assertEquals(arrays.map(({ length }) => length), arrays.map(() => 0));
    if (part.length === 4_000) arrays.push(part);
  }
  assertEquals(arrays.length, 3);
});

Deno.test("a snapshot that is cut, or has one wrong bit anywhere, is refused", () => {
  for (let length = 0; length < WHOLE.length; length++) {
    assertThrows(() => readAll(WHOLE.subarray(0, length)), RangeError, undefined, `cut at ${length}`);
  }
  const lengthOf = (at: number) =>
    24 + 8 * Math.ceil(Number(new DataView(WHOLE.buffer).getBigUint64(at, true)) / 8) - 8;
  const padding = new Set<number>();
  for (let at = 8; at < WHOLE.length;) {
    const length = Number(new DataView(WHOLE.buffer).getBigUint64(at, true));
    for (let pad = at + 16 + length; pad < at + lengthOf(at); pad++) padding.add(pad);
    at += lengthOf(at);
  }
  for (let at = 0; at < WHOLE.length; at++) {
    // The zeros between sections say nothing.
    if (padding.has(at)) continue;
    for (const bit of [0, 3, 7]) {
      const damaged = WHOLE.slice();
      damaged[at] ^= 1 << bit;
      assertThrows(() => readAll(damaged), RangeError, undefined, `bit ${bit} of byte ${at}`);
    }
  }
});

Deno.test("a snapshot of another version, or something else, is refused", () => {
  for (const text of ["WEIRSNP0........", "{}", ""]) {
    assertThrows(() => new SnapshotReader(new TextEncoder().encode(text)), RangeError, "another version");
  }
});
