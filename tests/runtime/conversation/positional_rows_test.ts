import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../../src/record/decimal.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import type { Row } from "../../../src/record/row.ts";
import { rowDigest } from "../../../src/record/row_digest.ts";
import { encodeWire, wireEquals } from "../../../src/record/wire.ts";
import { decodeInbox, encodePack } from "../../../src/runtime/conversation/inbox_record.ts";
import { encodeValue, HEAD_END, valueHead } from "../../../src/runtime/conversation/messages.ts";
import { SentShapes } from "../../../src/runtime/conversation/positional_rows.ts";

/** The row as a home reads it, and whether it went without names. */
function sent(shapes: SentShapes, row: Row): { row: Row | null; byPlace: boolean } {
  const byPlace = shapes.of(row);
  const head = byPlace?.head ?? valueHead("join");
  const { body } = encodeValue(7, { head, text: encodeWire(byPlace?.values ?? row) });
  const record = decodeInbox(encodePack({ from: "a@0", epoch: 1, seq: 1, messages: `${head}${body}${HEAD_END}` }));
  const [message] = record.kind === "pack" ? record.messages : [];
  if (message.type !== "value" || message.key !== 7) throw new TypeError("no value of key 7");
  return { row: message.value, byPlace: byPlace !== null };
}

const NAMES = ["id", "name", "__proto__", "constructor", "1", "0", 'a"b', "\u2028", "$d", "$o", ""];
const VALUES = [null, 0, -1.5, "", "a\u2029", true, 2n ** 70n, Decimal.parse("1.50"), [1, [2n]], { $n: "1" }, {
  a: 2n,
}];

Deno.test("rows come back as they were, whatever their columns are called and hold", () => {
  const random = mulberry32(1);
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const kinds = { true: 0, false: 0 };
  for (let life = 0; life < 400; life++) {
    const shapes = new SentShapes("join");
    const layouts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      return Array.from({ length: Math.floor(random() * 6) }, () => any(NAMES));
    });
    for (let turn = 0; turn < 20; turn++) {
      const row: Row = {};
      for (const name of any(layouts)) {
        const value = random() < 0.03 ? undefined : any(VALUES);
        Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
      }
      const got = sent(shapes, row);
      kinds[`${got.byPlace}`]++;
      assertEquals(wireEquals(got.row, row), true, `${JSON.stringify(Object.keys(row))}`);
      const defined = Object.keys(row).filter((name) => row[name] !== undefined);
      assertEquals(Object.keys(got.row!), defined);
      assertEquals(rowDigest(got.row!), rowDigest(row));
    }
  }
  assertEquals(kinds.true > 6_000 && kinds.false > 300, true, JSON.stringify(kinds));
});

Deno.test("of very many shapes some go with their names, and instances of classes always do", () => {
  const shapes = new SentShapes("join");
  const ways = Array.from({ length: 40 }, (_, index) => sent(shapes, { id: index, [`column${index}`]: 1 }));
  assertEquals(ways.filter(({ byPlace }) => byPlace).length, 16);
  assertEquals(ways.map(({ row }) => row!.id), ways.map((_, index) => index));
  class Line {
    constructor(readonly id: number) {}
  }
  assertEquals(shapes.of(new Line(1) as unknown as Row), null);
  assertEquals(shapes.of(Object.create({ id: 1 })), null);
});

Deno.test("values whose columns have no names are refused", () => {
  for (const names of ['"id"', "null", "[1]", '[["id"]]']) {
    const text = `{"from":"a@0","epoch":1,"seq":1,"messages":[["W","join",${names},[7,[1]]]]}`;
    assertThrows(() => decodeInbox(text), SyntaxError, "its columns have no names");
  }
});
