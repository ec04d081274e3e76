import { assertEquals } from "@std/assert";
import { changedColumns } from "../../../src/runtime/replays/changed_columns.ts";

const envelope = (after: string, op = "u") => `{"before":null,"after":${after},"op":"${op}"}`;

Deno.test("changedColumns() names columns in which rows differ, and knows when that is not all", async (t) => {
  const was = envelope('{"id":1,"size":1.0,"old":true}');
  const cases: Readonly<Record<string, readonly [string | Uint8Array | null, string | null, string[] | null]>> = {
    "nothing differs": [was, was, []],
    "space does not count, digits do": [was, envelope('{ "id":1, "size":1.00, "old":true }'), ["size"]],
    "a column is gone, and one is new": [was, envelope('{"id":1,"size":1.0,"new":1}'), ["old", "new"]],
    "the kind of change differs": [was, envelope('{"id":1,"size":2,"old":true}', "c"), null],
    "bytes": [new TextEncoder().encode(was), envelope('{"id":1,"size":2,"old":true}'), ["size"]],
    "with Connect's schema": [
      '{"schema":{},"payload":{"after":{"id":1,"a":1},"op":"c"}}',
      '{"schema":{},"payload":{"after":{"id":1,"a":2},"op":"c"}}',
      ["a"],
    ],
    "a flattened row": ['{"id":1,"a":1}', '{"id":1,"a":2}', ["a"]],
    "a flattened row that is deleted": ['{"id":1,"__deleted":"false"}', '{"id":1,"__deleted":"true"}', null],
    "a tombstone": [was, null, null],
    "no row before": [null, was, null],
    "no JSON": ["{", was, null],
    "no object": ["[1]", "[2]", null],
    "no UTF-8": [Uint8Array.of(0xff), was, null],
  };
  for (const [name, [record, value, changed]] of Object.entries(cases)) {
    await t.step(name, () => assertEquals(changedColumns(record, value), changed));
  }
});
