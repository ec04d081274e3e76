import { assertEquals } from "@std/assert";
import { columnOf, explainPath, keyText, PARAMETERS } from "../../../src/cli/explain/explain_path.ts";

const table = { topology: "shop", table: "things" };

/** As whoever is asked reads it, behind what URLs make of a path. */
function asked(path: string): { readonly parts: readonly string[]; readonly columns: Record<string, string> } {
  const { pathname, searchParams } = new URL(path, "http://127.0.0.1");
  const columns = [...searchParams].filter(([name]) => !PARAMETERS.includes(name));
  return {
    parts: pathname.split("/").slice(5).map(decodeURIComponent),
    columns: Object.fromEntries(columns.map(([name, value]) => [columnOf(name), value])),
  };
}

Deno.test("explainPath() gives values by the names of their columns, whatever their texts", () => {
  for (const text of ["4711", "..", ".", "", "[1]", "a/b?c&d=e", '{"other":1}', "\u00e4"]) {
    assertEquals(asked(explainPath({ ...table, columns: ["name"] }, [text])), { parts: [], columns: { name: text } });
  }
  for (const column of [...PARAMETERS, "column.limit", "key"]) {
    const path = explainPath({ ...table, columns: [column, "day"] }, ["..", "2026-01-31"]);
    assertEquals(asked(path), { parts: [], columns: { [column]: "..", day: "2026-01-31" } });
  }
});

Deno.test("explainPath() gives in the path what is no value for each column, and keeps what a path cannot hold", () => {
  const two = { ...table, columns: ["seller", "hour"] };
  assertEquals(asked(explainPath(two, ["3, 2026-01-31"])).parts, ["3, 2026-01-31"]);
  assertEquals(asked(explainPath(two, [".."])).parts, ['[".."]']);
  assertEquals(asked(explainPath({ ...table, columns: ["id"] }, ['{"id":42}'])).parts, ['{"id":42}']);
  const events = { ...table, columns: null };
  assertEquals(asked(explainPath(events, ["shop.clicks/0/33"])).parts, ["shop.clicks/0/33"]);
  assertEquals(asked(explainPath(events, ["shop.clicks", "0", "33"])).parts, ['["shop.clicks","0","33"]']);
  for (const key of ["..", ".", ""]) {
    assertEquals(asked(explainPath(events, [key])), { parts: [], columns: { key } });
  }
});

Deno.test("keyText() gives one value as it is, whatever it begins with, and several as an array", () => {
  for (const text of ["4711", "[1", "[1]", ""]) assertEquals(keyText([text]), text);
  assertEquals(keyText(["3", "[1]"]), '["3","[1]"]');
});
