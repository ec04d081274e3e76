import { assertEquals } from "@std/assert";
import { namedIn } from "../../../src/adapters/embedded_clickhouse/named_in_statement.ts";

Deno.test("namedIn() finds what is called, however it is quoted and whatever stands between", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["SELECT f(1)", ["f"]],
    ['SELECT `f`(1), "g" (2), \u201ch\u201d/* */(3)', ["f", "g", "h"]],
    ['SELECT `\\x66`(1), "a""b"(2)', ["f", 'a"b']],
    ["SELECT f -- (\n(1)", ["f"]],
    ["SELECT 'f(1)', $$g(2)$$, $x$h(3)$x$ -- i(4)\n# j(5)", []],
    ["SELECT 1 AS a$$, f(2) AS b$$", ["f"]],
  ];
  for (const [sql, called] of cases) assertEquals([...namedIn(sql).called], called, sql);
});

Deno.test("namedIn() finds functions that are handed on by their names", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["SELECT arrayMap(f, [1])", ["f"]],
    ["SELECT mapApply(`f`, m)", ["f"]],
    ["SELECT * APPLY f, * APPLY(g) FROM t", ["f", "g"]],
    ["SELECT arrayMap({p:Identifier}, [1])", ["handed"]],
    ["SELECT arraySum(f), concat(f, 'x'), arrayMap(x -> f, [1]), arrayMap(t.f, [1])", []],
  ];
  for (const [sql, passed] of cases) {
    assertEquals([...namedIn(sql, new Map([["p", "handed"]])).passed].filter((name) => name !== "x"), passed, sql);
  }
});

Deno.test("namedIn() finds what stands behind and between the literals of long lists", () => {
  const lists = [
    "1, 2, f(1), 3",
    "(1, 'a'), (2, 'b'), f(3)",
    "'a,b', '(', ')', 'it''s', '\\'', f(1)",
    "1, 2, -- g(1), 3\n 4, f(5)",
    "1 , 2,\n-3.5e1 /* , g(1) */, `f`(1)",
    Array.from({ length: 1_200 }, (_, key) => `(${key}, 'g(${key})')`).join(",") + ", f(1)",
  ];
  for (const list of lists) assertEquals([...namedIn(`SELECT 1 IN (${list})`).called].filter((n) => n !== "IN"), ["f"]);
});

Deno.test("namedIn() finds tables of ClickHouse itself, and paths in the place of tables", () => {
  const of = (sql: string, parameters?: ReadonlyMap<string, string>) => {
    const { ofSystem, paths } = namedIn(sql, parameters);
    return [[...ofSystem], [...paths]];
  };
  assertEquals(of('SELECT * FROM system.a, `system` . "b" JOIN c.system.d'), [["a", "b"], []]);
  assertEquals(of("SELECT `a/b` AS `c/d` FROM t, `/e` AS `f/g` WHERE x IN (`/h`) ORDER BY `c/d`"), [[], ["/e", "/h"]]);
  assertEquals(of("DESCRIBE TABLE `/a`"), [[], ["/a"]]);
  const parameters = new Map([["d", "system"], ["t", "a"], ["p", "/b"]]);
  assertEquals(of("SELECT * FROM {d:Identifier}.{t:Identifier}, {p : Identifier}", parameters), [["a"], ["/b"]]);
});

Deno.test("namedIn() finds settings in a part of a statement, and no columns of that name", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["SELECT * FROM (SELECT 1 SETTINGS a = 1)", true],
    ["SELECT 1 settings\n`a` = 1", true],
    ["SELECT settings, b = 1 FROM settings WHERE settings = 1", false],
    ["SELECT 'SETTINGS a = 1'", false],
  ];
  for (const [sql, sets] of cases) assertEquals(namedIn(sql).setsSettings, sets, sql);
});
