import { assertEquals } from "@std/assert";
import { DIRTY, Entries, EXPIRED, FAILED, PENDING, REPLACED, SEEN, SHOWN_BEFORE } from "../../src/state/entries.ts";
import type { Slot } from "../../src/state/slots.ts";
import { loadAll } from "./memory_sections.ts";

const FLAGS = [PENDING, DIRTY, FAILED, SEEN, SHOWN_BEFORE, REPLACED, EXPIRED] as const;

Deno.test("Entries.restored() lets those be pending that were to be evaluated, and forgets what was shown", () => {
  const entries = new Entries(1);
  for (let flags = 0; flags < 128; flags++) entries.raise(entries.keys.add(flags), flags);
  // Of a second chunk, too.
  for (let key = 128; key < 66_000; key++) entries.keys.add(key);
  entries.raise(65_999, DIRTY | SEEN);
  loadAll(entries.restored());
  const flagsOf = (entry: Slot) => FLAGS.filter((flag) => entries.is(entry, flag));
  for (let flags = 0; flags < 128; flags++) {
    const pending = (flags & (DIRTY | FAILED | PENDING)) !== 0;
    assertEquals(flagsOf(flags), [...pending ? [PENDING] : [], ...(flags & EXPIRED) !== 0 ? [EXPIRED] : []]);
  }
  assertEquals([flagsOf(65_998), flagsOf(65_999)], [[], [PENDING]]);
  const expired: Slot[] = [];
  entries.forEachWith(EXPIRED | PENDING, (entry) => expired.push(entry));
  assertEquals(
    expired,
    [...Array(128).keys(), 65_999].filter((entry) =>
      entry === 65_999 || (entry & ~(SEEN | SHOWN_BEFORE | REPLACED)) > 0
    ),
  );
});
