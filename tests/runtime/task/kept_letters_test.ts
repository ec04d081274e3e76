import { assertEquals } from "@std/assert";
import { DeserializationError } from "../../../src/record/errors.ts";
import type { RecordRefused } from "../../../src/runtime/delivery/refused.ts";
import { KeptLetters } from "../../../src/runtime/task/kept_letters.ts";

const ERROR = new DeserializationError("not_json", "Cannot read it");

function refused(offset: number, { subject, value = "no json" }: {
  readonly subject: string | null;
  readonly value?: string | Uint8Array;
}): RecordRefused {
  return {
    task: "items-0",
    epoch: 0,
    position: { topic: "items", partition: 0, offset },
    record: { offset, timestampMs: 0, key: null, value },
    subject,
  };
}

/** What is told of them in the name of an epoch. */
function toldBy(letters: KeptLetters): RecordRefused[] {
  const told: RecordRefused[] = [];
  letters.tell({ undecodable: (one) => void told.push(one) }, { task: "items-0", epoch: 9 });
  return told;
}

Deno.test("KeptLetters.tell() tells records that could not be read in the epoch of the take-over", () => {
  const letters = new KeptLetters();
  letters.undecodable(refused(3, { subject: "7" }), ERROR);
  letters.undecodable(refused(4, { subject: null }), ERROR);
  assertEquals(toldBy(letters).map(({ position, epoch }) => [position.offset, epoch]), [[3, 9], [4, 9]]);
});

Deno.test("KeptLetters.mended() forgets all that was kept of the key, and of no other topic", () => {
  const letters = new KeptLetters();
  for (const offset of [3, 4]) letters.undecodable(refused(offset, { subject: "7" }), ERROR);
  letters.undecodable(refused(5, { subject: "8" }), ERROR);
  letters.mended({ operator: "orders", subject: "7" });
  assertEquals(toldBy(letters).length, 3);
  letters.mended({ operator: "items", subject: "7" });
  letters.mended({ operator: "items", subject: "7" });
  assertEquals(toldBy(letters).map(({ position }) => position.offset), [5]);
  letters.mended({ operator: "items", subject: "8" });
  assertEquals(letters.bytes, 0);
});

Deno.test("KeptLetters keeps copies, no longer than a letter is", () => {
  const letters = new KeptLetters();
  const buffer = new TextEncoder().encode("abc");
  letters.undecodable(refused(1, { subject: "1", value: buffer }), ERROR);
  buffer.fill(0);
  letters.undecodable(refused(2, { subject: "2", value: "x".repeat(1e6) }), ERROR);
  const [first, second] = toldBy(letters).map(({ record }) => record.value!);
  assertEquals(new TextDecoder().decode(first as Uint8Array), "abc");
  assertEquals(second.length, 65_537);
});

Deno.test("KeptLetters says when there are more than it keeps", () => {
  const many = new KeptLetters();
  for (let offset = 0; offset < 10_000; offset++) many.undecodable(refused(offset, { subject: null }), ERROR);
  assertEquals([many.incomplete, toldBy(many).length], [false, 10_000]);
  many.undecodable(refused(10_000, { subject: null }), ERROR);
  assertEquals([many.incomplete, many.bytes], [true, 0]);
  const large = new KeptLetters();
  for (let offset = 0; offset < 200; offset++) {
    large.undecodable(refused(offset, { subject: null, value: "x".repeat(60_000) }), ERROR);
  }
  assertEquals(large.incomplete, true);
});
