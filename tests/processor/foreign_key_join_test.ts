import { assertEquals } from "@std/assert";
import { clickhouse, type Int8, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, c, lines, out, row, texts, words } from "./shop.ts";

/** A left join of `a` with `b`, in which the partner's text, or a dash, is seen. */
const left = topology("left", (builder) =>
  builder.table(a).leftJoin("b", builder.table(b), (value) => value.ref)
    .mapValues((value) => ({ id: value.id, text: value.b?.text ?? "-" })).to(out));

const inner = topology(
  "inner",
  (builder) =>
    builder.table(a).join("b", builder.table(b), (value) => value.ref as number)
      .mapValues((value) => ({ id: value.id, text: value.b.text })).to(out),
);

Deno.test("foreignKeyJoin() left: a row without a partner, or without a key, stays with null", async () => {
  await using driver = createTopologyTestDriver(left);
  driver.insert(b, row(1, { text: "one" }));
  driver.insert(a, row(1, { ref: 1 }));
  driver.insert(a, row(2, { ref: 7 }));
  driver.insert(a, row(3, { ref: null }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one", "2 -", "3 -"]);
  driver.update(a, { id: 1, ref: null });
  driver.update(a, { id: 3, ref: 1 });
  driver.insert(b, row(7, { text: "seven" }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 -", "2 seven", "3 one"]);
});

Deno.test("foreignKeyJoin() inner: a row without a partner, or without a key, is absent", async () => {
  await using driver = createTopologyTestDriver(inner);
  driver.insert(b, row(1, { text: "one" }));
  for (const [id, ref] of [[1, 1], [2, 7], [3, null]] as const) driver.insert(a, row(id, { ref }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one"]);
  driver.delete(b, 1);
  driver.insert(b, row(7, { text: "seven" }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["2 seven"]);
});

Deno.test("foreignKeyJoin() finds partners in every partition, whatever the partition counts", async () => {
  for (const partitions of [{ a: 1, b: 5 }, { a: 4, b: 1 }, { a: 2, b: 3 }]) {
    await using driver = createTopologyTestDriver(inner, { partitions });
    for (let id = 1; id <= 30; id++) {
      driver.insert(a, row(id, { ref: 31 - id }));
      driver.insert(b, row(id, { text: `b${id}` }));
    }
    await driver.settle();
    assertEquals(texts(driver.select(out)), Array.from({ length: 30 }, (_, i) => `${i + 1} b${30 - i}`));
    for (let id = 1; id <= 30; id++) driver.update(b, { id, text: `new ${id}` });
    await driver.settle();
    assertEquals(texts(driver.select(out)), Array.from({ length: 30 }, (_, i) => `${i + 1} new ${30 - i}`));
  }
});

Deno.test("foreignKeyJoin() with a global table follows every change of it", async () => {
  const replicated = topology(
    "replicated",
    (builder) =>
      builder.table(a).leftJoin("b", builder.globalTable(b).filter((value) => value.units > 0), (value) => value.ref)
        .mapValues((value) => ({ id: value.id, text: value.b?.text ?? "-" })).to(out),
  );
  await using driver = createTopologyTestDriver(replicated);
  driver.insert(b, row(1, { text: "one", units: 1 }));
  for (let id = 1; id <= 4; id++) driver.insert(a, row(id, { ref: 1 + id % 2 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 -", "2 one", "3 -", "4 one"]);
  driver.insert(b, row(2, { text: "two", units: 1 }));
  driver.update(b, { id: 1, units: 0 });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 two", "2 -", "3 two", "4 -"]);
  driver.delete(b, 2);
  driver.update(b, { id: 1, text: "uno", units: 5 });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 -", "2 uno", "3 -", "4 uno"]);
});

Deno.test("foreignKeyJoin() over several levels: a partner's partner is joined where it lives or at home", async () => {
  const derived = topology("derived", (builder) => {
    const middle = builder.table(b).leftJoin("c", builder.table(c), (value) => value.ref);
    builder.table(a).join("b", middle, (value) => value.ref as number)
      .mapValues((value) => ({ id: value.id, text: `${value.b.text}/${value.b.c?.text ?? "-"}` })).to(out);
  });
  const chained = topology(
    "chained",
    (builder) =>
      builder.table(a).join("b", builder.table(b), (value) => value.ref as number)
        .leftJoin("c", builder.table(c), (value) => value.b.ref)
        .mapValues((value) => ({ id: value.id, text: `${value.b.text}/${value.c?.text ?? "-"}` })).to(out),
  );
  for (const deep of [derived, chained]) {
    await using driver = createTopologyTestDriver(deep);
    driver.insert(a, row(1, { ref: 1 }));
    driver.insert(a, row(2, { ref: 2 }));
    driver.insert(b, row(1, { text: "b1", ref: 1 }));
    driver.insert(b, row(2, { text: "b2", ref: 9 }));
    driver.insert(c, row(1, { text: "c1" }));
    await driver.settle();
    assertEquals(texts(driver.select(out)), ["1 b1/c1", "2 b2/-"], deep.name);
    driver.update(c, { id: 1, text: "c1'" });
    driver.update(b, { id: 2, ref: 1 });
    await driver.settle();
    assertEquals(texts(driver.select(out)), ["1 b1/c1'", "2 b2/c1'"], deep.name);
    driver.delete(c, 1);
    driver.delete(b, 1);
    await driver.settle();
    assertEquals(texts(driver.select(out)), ["2 b2/-"], deep.name);
    const { writes } = driver;
    await driver.restart();
    assertEquals([texts(driver.select(out)), driver.writes], [["2 b2/-"], writes], deep.name);
  }
});

Deno.test("foreignKeyJoin() tells all homes a derived row's change, also one that asks for it just then", async () => {
  const derived = topology("derived", (builder) => {
    const users = builder.table(c);
    const orders = builder.table(b).join("user", users, (value) => value.ref as number);
    builder.table(a).join("order", orders, (value) => value.ref as number)
      .mapValues((value) => ({ id: value.id, text: value.order.user.text })).to(out);
  });
  await using driver = createTopologyTestDriver(derived);
  driver.insert(c, row(1, { text: "before" }));
  driver.insert(b, row(1, { ref: 1 }));
  driver.insert(a, row(1, { ref: 1 }));
  await driver.settle();
  driver.update(c, { id: 1, text: "after" });
  for (let id = 2; id < 10; id++) driver.insert(a, row(id, { ref: 1 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => `${id} after`));
});

Deno.test("foreignKeyJoin() of a table with itself", async () => {
  const chiefs = topology("chiefs", (builder) => {
    const staff = builder.table(a);
    staff.leftJoin("chief", staff, (value) => value.ref)
      .mapValues((value) => ({ id: value.id, text: `${value.text} < ${value.chief?.text ?? "nobody"}` })).to(out);
  });
  await using driver = createTopologyTestDriver(chiefs);
  driver.insert(a, row(1, { text: "Ann" }));
  driver.insert(a, row(2, { text: "Ben", ref: 1 }));
  driver.insert(a, row(3, { text: "Cem", ref: 3 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 Ann < nobody", "2 Ben < Ann", "3 Cem < Cem"]);
  driver.update(a, { id: 1, text: "Anna", ref: 2 });
  driver.delete(a, 3);
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 Anna < Ben", "2 Ben < Anna"]);
});

Deno.test("foreignKeyJoin() of global tables, several deep", async () => {
  const globals = topology("globals", (builder) => {
    const inner = builder.globalTable(b).leftJoin("c", builder.globalTable(c), (value) => value.ref);
    builder.table(a).leftJoin("b", inner, (value) => value.ref)
      .mapValues((value) => ({ id: value.id, text: `${value.b?.text ?? "-"}/${value.b?.c?.text ?? "-"}` })).to(out);
  });
  await using driver = createTopologyTestDriver(globals);
  driver.insert(a, row(1, { ref: 1 }));
  driver.insert(b, row(1, { text: "b1", ref: 1 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 b1/-"]);
  driver.insert(c, row(1, { text: "c1" }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 b1/c1"]);
  driver.delete(b, 1);
  driver.update(c, { id: 1, text: "c2" });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 -/-"]);
});

Deno.test("foreignKeyJoin() by text, with quotes, commas and letters beyond ASCII", async () => {
  const shown = clickhouse("shown", { key: ["word"], columns: { word: "String", meaning: "String" } });
  const byText = topology(
    "by_text",
    (builder) =>
      builder.table(words).join("other", builder.table(words), (value) => value.ref as string)
        .filter((_value, word) => word !== "hidden")
        .mapValues((value) => ({ word: value.word, meaning: value.other.meaning })).to(shown),
  );
  await using driver = createTopologyTestDriver(byText);
  const keys = ["plain", 'quo"te', "com,ma", "süß", "日本", "back\\slash", "1", "null", "hidden"];
  for (const [index, word] of keys.entries()) {
    driver.insert(words, { word, meaning: `of ${word}`, ref: keys[(index + 1) % keys.length] });
  }
  await driver.settle();
  const expected = keys.slice(0, -1).map((word, index) => [word, `of ${keys[index + 1]}`]);
  assertEquals(new Map(driver.select(shown).map((value) => [value.word, value.meaning])), new Map(expected as never));
  await driver.restart();
  assertEquals(driver.deadLetters(), []);
});

Deno.test("foreignKeyJoin() by two columns, in whatever order the callback names them", async () => {
  const composite = topology(
    "composite",
    (builder) =>
      builder.table(a).leftJoin("line", builder.table(lines), (value) => ({ nr: Number(value.units), sheet: value.id }))
        .mapValues((value) => ({ id: value.id, text: value.line?.text ?? "-" })).to(out),
  );
  const shown = clickhouse("shown", {
    key: ["page", "line"],
    columns: { line: "Int32", page: "Int64", text: "String" },
  });
  const keyed = topology(
    "keyed",
    (builder) =>
      builder.table(lines).mapValues((value, key) => ({ page: key.sheet, line: key.nr, text: value.text })).to(shown),
  );
  await using driver = createTopologyTestDriver(composite);
  driver.insert(lines, { sheet: 1, nr: 2, text: "one/two" });
  driver.insert(lines, { sheet: 2, nr: 1, text: "two/one" });
  driver.insert(a, row(1, { units: 2 }));
  driver.insert(a, row(2, { units: 2 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one/two", "2 -"]);
  driver.update(a, { id: 2, units: 1 });
  driver.delete(lines, { nr: 2, sheet: 1 });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 -", "2 two/one"]);

  await using other = createTopologyTestDriver(keyed);
  other.insert(lines, { sheet: 2n ** 60n + 1n, nr: 1, text: "far" });
  await other.settle();
  assertEquals(other.select(shown), [{ line: 1, page: 2n ** 60n + 1n, text: "far" }]);
});

Deno.test("foreignKeyJoin() by integers beyond 2^53", async () => {
  await using driver = createTopologyTestDriver(inner);
  const [one, two] = [9_007_199_254_740_993n, 9_007_199_254_740_995n];
  driver.insert(b, row(one, { text: "one" }));
  driver.insert(b, row(two, { text: "two" }));
  driver.insert(a, row(1, { ref: one }));
  driver.insert(a, row(2, { ref: two }));
  driver.insert(a, row(one, { ref: two }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one", "2 two", `${one} two`]);
  driver.delete(b, two);
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one"]);
});

Deno.test("foreignKeyJoin() whose callback throws loses that row alone", async () => {
  const picky = topology("picky", (builder) =>
    builder.table(a).leftJoin("b", builder.table(b), (value) => {
      if (value.text === "bad") throw new Error("no key for this");
      return value.ref;
    }).mapValues((value) => ({ id: value.id, text: value.b?.text ?? "-" })).to(out));
  await using driver = createTopologyTestDriver(picky);
  driver.insert(b, row(1, { text: "one" }));
  driver.insert(a, row(1, { ref: 1 }));
  driver.insert(a, row(2, { ref: 1, text: "bad" }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one"]);
  assertEquals(driver.deadLetters().map(({ operator, key }) => [operator, key]), [["a.b", '{"id":2}']]);
  driver.update(a, { id: 1, text: "bad" });
  driver.update(a, { id: 2, text: "good" });
  driver.update(b, { id: 1, text: "uno" });
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["2 uno"]);
});

Deno.test("foreignKeyJoin() adds its column to no row that somebody else reads", async () => {
  const [rowNames, joinedNames, furtherNames] = ["row_names", "joined_names", "further_names"].map((name) =>
    clickhouse(name, { key: ["id"], columns: { id: "Int64", text: "String" } })
  );
  const names = (value: { readonly id: Int8 }) => ({ id: value.id, text: Object.keys(value).slice(5).join() });
  const branched = topology("branched", (builder) => {
    const rows = builder.table(a);
    const joined = rows.leftJoin("b", builder.table(b), (value) => value.ref);
    const further = joined.leftJoin("c", builder.globalTable(c), (value) => value.ref)
      .leftJoin("d", builder.globalTable(b), (value) => value.ref);
    rows.mapValues(names).to(rowNames);
    joined.mapValues(names).to(joinedNames);
    further.mapValues(names).to(furtherNames);
  });
  await using driver = createTopologyTestDriver(branched);
  for (const id of [1, 2]) driver.insert(a, row(id, { ref: id }));
  for (const id of [1, 2]) driver.insert(b, row(id));
  await driver.settle();
  driver.update(b, { id: 1, text: "new" });
  await driver.settle();
  assertEquals(texts(driver.select(rowNames)), ["1 ", "2 "]);
  assertEquals(texts(driver.select(joinedNames)), ["1 b", "2 b"]);
  assertEquals(texts(driver.select(furtherNames)), ["1 b,c,d", "2 b,c,d"]);
});
