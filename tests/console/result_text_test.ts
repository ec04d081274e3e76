import { assertEquals } from "@std/assert";
import { csvOf, jsonOf } from "../../console/parts/result_text.ts";

const RESULT = {
  columns: [{ name: "id", type: "Int64" }, { name: 'a "name"', type: "String" }],
  rows: [["9007199254740993", null], ["2", 'x,"y"\nz'], ["3", ""]],
};

Deno.test("csvOf() follows RFC 4180, and tells null from an empty text", () => {
  assertEquals(csvOf(RESULT), 'id,"a ""name"""\r\n9007199254740993,\r\n2,"x,""y""\nz"\r\n3,""\r\n');
});

Deno.test("jsonOf() loses no column of those with one name", () => {
  const columns = ["id", "id", "id_2", "id", "__proto__"].map((name) => ({ name, type: "Int8" }));
  assertEquals(
    jsonOf({ columns, rows: [[1, 2, 3, 4, 5]] }),
    '[\n{"id":1,"id_3":2,"id_2":3,"id_4":4,"__proto__":5}\n]\n',
  );
});

Deno.test("jsonOf() gives an array of objects", () => {
  assertEquals(JSON.parse(jsonOf(RESULT)), [
    { id: "9007199254740993", 'a "name"': null },
    { id: "2", 'a "name"': 'x,"y"\nz' },
    { id: "3", 'a "name"': "" },
  ]);
  assertEquals(JSON.parse(jsonOf({ ...RESULT, rows: [] })), []);
});
