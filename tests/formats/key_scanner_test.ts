import { assertEquals } from "@std/assert";
import { z } from "zod";
import { int8, numeric, timestamptz, uuid } from "../../src/formats/columns.ts";
import { keyScanner } from "../../src/formats/key_scanner.ts";
import { readyColumns } from "../../src/formats/row_reader.ts";
import type { Key } from "../../src/record/key.ts";
import { encoder } from "./support.ts";

const row = z.object({
  id: int8(),
  line: z.int(),
  name: z.string(),
  price: numeric(12, 2),
  at: timestamptz(),
  ref: uuid(),
  note: z.string().nullable(),
});
const ref = "81e2c6f4-f05a-4506-9e7e-7b0b5bed7272";

/** What the scanner of keys of these columns makes of a key, from bytes and from text; null if it leaves it. */
function scanned(names: readonly string[], text: string): Key | null {
  const columns = readyColumns("things", { row });
  const scan = keyScanner(names.map((name) => {
    const column = columns.find((candidate) => candidate.name === name) ?? null;
    return { name, column, declared: null };
  }));
  const key = scan(encoder.encode(text));
  assertEquals(scan(text), key);
  return key;
}

const CASES: readonly (readonly [names: readonly string[], text: string, key: Key | null])[] = [
  [["id"], '{"id":17}', 17],
  [["id"], "17", 17],
  [["id"], "-17", -17],
  [["id"], '{"id":9007199254740993}', "9007199254740993"],
  [["id", "line"], '{"id":17,"line":2}', "17,2"],
  [["id", "name"], '{"id":17,"name":"a\\"b, ü"}', '17,"a\\"b, ü"'],
  [["name"], '"abc"', '"abc"'],
  [["price"], '{"price":"19.90"}', "19.9"],
  [["at"], '{"at":"1970-01-01T00:00:01Z"}', 1_000_000],
  [["ref"], `{"ref":"${ref}"}`, `"${ref}"`],
  [["other"], '{"other":5}', 5],
  [["other"], '{"other":"x"}', '"x"'],
  // Left to the parser: other columns, another order, what is refused or is no JSON.
  [["id"], '{"other":17}', null],
  [["id", "line"], '{"line":2,"id":17}', null],
  [["id", "line"], '{"id":17,"line":2,"more":1}', null],
  [["id", "line"], "17", null],
  [["id", "name"], '17"x"', null],
  [["id"], '{"id": 17}', null],
  [["id"], '{"id":17}x', null],
  [["id"], '{"id":17', null],
  [["id"], "17 ", null],
  [["id"], "null", null],
  [["note"], "null", null],
  [["id"], "[17]", null],
  [["id"], "", null],
  [["id"], '{"id":null}', null],
  [["id"], '{"id":1.5}', null],
  [["line"], '{"line":9007199254740993}', null],
  [["other"], '{"other":9007199254740993}', null],
  [["other"], '{"other":true}', null],
  [["id"], '{"schema":null,"payload":{"id":17}}', null],
];

Deno.test("keyScanner() reads keys as they are written, and leaves all others to the parser", () => {
  for (const [names, text, key] of CASES) assertEquals(scanned(names, text), key, `${names}: ${text}`);
});

Deno.test("keyScanner() does first to a value what the declared format says, whatever form it has", () => {
  const [column] = readyColumns("things", { row: row.pick({ price: true }) });
  const scan = keyScanner([{ name: "price", column, declared: (wire) => ({ scale: 2, value: wire }) }]);
  assertEquals(scan('{"price":"AZA="}'), 4);
  assertEquals(scan('{"price":"19.90"}'), null);
});
