import { assertEquals } from "@std/assert";
import { topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts } from "./shop.ts";

const few = topology("few", (builder) => builder.table(a).filterNot((value) => value.units > 5).to(out));

Deno.test("filterNot() keeps the rows for which the predicate does not hold, under update and delete", async () => {
  await using driver = createTopologyTestDriver(few);
  const shown = async () => {
    await driver.settle();
    return texts(driver.select(out));
  };
  driver.insert(a, row(1, { text: "few", units: 5 }));
  driver.insert(a, row(2, { text: "many", units: 6 }));
  assertEquals(await shown(), ["1 few"]);
  driver.update(a, { id: 1, units: 7 });
  driver.update(a, { id: 2, units: 0 });
  assertEquals(await shown(), ["2 many"]);
  await driver.restart();
  assertEquals(texts(driver.select(out)), ["2 many"]);
  driver.delete(a, 2);
  assertEquals(await shown(), []);
});

Deno.test("filterNot() and filter() divide a table; a row whose predicate throws is in neither", async () => {
  const predicate = (value: { text: string; units: unknown }) => {
    if (value.text === "odd") throw new TypeError("odd");
    return value.units === 1;
  };
  for (const [op, kept] of [["filter", "1 one"], ["filterNot", "2 two"]] as const) {
    await using driver = createTopologyTestDriver(
      topology("divided", (builder) => builder.table(a)[op](predicate).to(out)),
    );
    driver.insert(a, row(1, { text: "one", units: 1 }));
    driver.insert(a, row(2, { text: "two", units: 2 }));
    driver.insert(a, row(3, { text: "odd", units: 2 }));
    await driver.settle();
    assertEquals(texts(driver.select(out)), [kept]);
    assertEquals(driver.deadLetters().map(({ operator }) => operator), [`a.${op}`]);
  }
});

Deno.test("filterNot() sees the key, and what it leaves out is absent for those who join", async () => {
  for (const kind of ["table", "globalTable"] as const) {
    const joined = topology("joined", (builder) => {
      const others = kind === "table"
        ? builder.table(b).filterNot((value, key) => value.units === 0 || key === 9)
        : builder.globalTable(b).filterNot((value, key) => value.units === 0 || key === 9);
      builder.table(a).leftJoin("b", others, (value) => value.ref)
        .mapValues((value) => ({ id: value.id, text: value.b?.text ?? "-" })).to(out);
    });
    await using driver = createTopologyTestDriver(joined);
    for (const id of [8, 9]) driver.insert(b, row(id, { text: `b${id}`, units: 1 }));
    for (const id of [1, 2]) driver.insert(a, row(id, { ref: id + 7 }));
    await driver.settle();
    assertEquals(texts(driver.select(out)), ["1 b8", "2 -"], kind);
    driver.update(b, { id: 8, units: 0 });
    await driver.settle();
    assertEquals(texts(driver.select(out)), ["1 -", "2 -"], kind);
  }
});
