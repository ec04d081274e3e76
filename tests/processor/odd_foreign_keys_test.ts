import { assertEquals } from "@std/assert";
import { type Int8, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts } from "./shop.ts";

Deno.test("foreignKeyJoin() sets a row aside whose foreign key can be no key of the right table", async () => {
  const odd: Record<number, unknown> = { 2: new Date(0), 3: {}, 4: { other: 1 }, 5: new Map(), 6: NaN, 7: [1] };
  const topologyOf = (foreignKey: (value: { id: Int8; ref: Int8 | null }) => unknown) =>
    topology(
      "odd",
      (builder) =>
        builder.table(a).leftJoin("b", builder.table(b), (value) => foreignKey(value) as number)
          .mapValues((value) => ({ id: value.id, text: value.b?.text ?? "-" })).to(out),
    );
  await using driver = createTopologyTestDriver(topologyOf(({ id, ref }) => odd[Number(id)] ?? ref));
  driver.insert(b, row(1, { text: "one" }));
  for (let id = 1; id <= 8; id++) driver.insert(a, row(id, { ref: 1 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 one", "8 one"]);
  assertEquals(
    driver.deadLetters().map(({ operator, key }) => `${operator} ${key}`).sort(),
    [2, 3, 4, 5, 6, 7].map((id) => `a.b {"id":${id}}`),
  );
  const { error } = driver.deadLetters().find(({ key }) => key === '{"id":4}')!;
  assertEquals(
    error,
    'Cannot evaluate "a.b" for key 4: Cannot use an object without "id" as a foreign key: current value has other. ' +
      "Return every key column of the right table, or null for no partner",
  );
});
