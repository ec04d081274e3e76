import { assertEquals } from "@std/assert";
import { z } from "zod";
import { avg, clickhouse, count, debezium, Decimal, int8, max, min, numeric, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, out, row, texts } from "./shop.ts";

const totals = clickhouse("totals", {
  key: ["text"],
  columns: {
    text: "String",
    rows: "UInt64",
    amount: "Decimal(18, 2)",
    mean: "Nullable(Decimal(18, 4))",
    least: "Int64",
    greatest: "Decimal(12, 2)",
    first_ref: "Nullable(Int64)",
  },
});

/** The same aggregate twice: added up by the view, and by merge tasks. */
const direct = topology(
  "direct",
  (builder) =>
    builder.table(a).groupBy((value) => value.text === "" ? null : { text: value.text }).aggregate("by-text", {
      rows: count(),
      amount: sum((value) => value.amount),
      mean: avg((value) => value.ref, 4),
      least: min((value) => value.units),
      greatest: max((value) => value.amount),
      first_ref: min((value) => value.ref),
    }).to(totals),
);

const merged = topology(
  "merged",
  (builder) =>
    builder.table(a).groupBy((value) => value.text === "" ? null : { text: value.text }).aggregate("by-text", {
      rows: count(),
      amount: sum((value) => value.amount),
      mean: avg((value) => value.ref, 4),
      least: min((value) => value.units),
      greatest: max((value) => value.amount),
      first_ref: min((value) => value.ref),
    }).mapValues((total) => ({ ...total })).to(totals),
);

for (const way of [direct, merged]) {
  const shown = (driver: TopologyTestDriver) => driver.select(totals).map((total) => Object.values(total).join(" "));

  Deno.test(`aggregate() ${way.name}: sum, count, avg, min, max are exact under update, move, delete`, async () => {
    await using driver = createTopologyTestDriver(way);
    driver.insert(a, row(1, { text: "x", amount: "0.10", units: 5, ref: 1 }));
    driver.insert(a, row(2, { text: "x", amount: "0.20", units: 3, ref: 2 }));
    driver.insert(a, row(3, { text: "x", amount: "0.30", units: 3, ref: null }));
    driver.insert(a, row(4, { text: "y", amount: "-1.00", units: -7, ref: null }));
    await driver.settle();
    assertEquals(shown(driver), ["x 3 0.60 1.5000 3 0.30 1", "y 1 -1.00  -7 -1.00 "]);
    driver.update(a, { id: 3, amount: row(0, { amount: "0.05" }).amount, units: 9 });
    driver.update(a, { id: 2, text: "y" });
    await driver.settle();
    assertEquals(shown(driver), ["x 2 0.15 1.0000 5 0.10 1", "y 2 -0.80 2.0000 -7 0.20 2"]);
    driver.delete(a, 1);
    driver.delete(a, 2);
    driver.delete(a, 4);
    await driver.settle();
    assertEquals(shown(driver), ["x 1 0.05  9 0.05 "]);
    const { writes } = driver;
    await driver.restart();
    assertEquals([shown(driver), driver.writes], [["x 1 0.05  9 0.05 "], writes]);
  });

  Deno.test(`aggregate() ${way.name}: a row whose group is null is in no group, and may come and go`, async () => {
    await using driver = createTopologyTestDriver(way);
    driver.insert(a, row(1, { text: "" }));
    await driver.settle();
    assertEquals(shown(driver), []);
    driver.update(a, { id: 1, text: "x" });
    await driver.settle();
    assertEquals(shown(driver), ["x 1 0.00  0 0.00 "]);
    driver.update(a, { id: 1, text: "" });
    await driver.settle();
    assertEquals(shown(driver), []);
  });

  Deno.test(`aggregate() ${way.name}: updates that change nothing of the group write nothing`, async () => {
    await using driver = createTopologyTestDriver(way);
    driver.insert(a, row(1, { text: "x", units: 1, amount: "5.00" }));
    driver.insert(a, row(2, { text: "x", units: 8, amount: "1.00" }));
    await driver.settle();
    const { writes } = driver;
    driver.update(a, { id: 1 });
    driver.update(a, { id: 1, amount: row(0, { amount: "5.0" }).amount });
    await driver.settle();
    assertEquals(driver.writes, writes);
  });
}

Deno.test("aggregate() sums integers beyond 2^53 without losing a digit, and comes back from there", async () => {
  const sums = clickhouse("sums", { key: ["text"], columns: { text: "String", units: "Int64" } });
  const big = (name: string, { further }: { further: boolean }) =>
    topology(name, (builder) => {
      const table = builder.table(a).groupBy((value) => ({ text: value.text }))
        .aggregate("sums", { units: sum((value) => value.units) });
      (further ? table.filter(() => true) : table).to(sums);
    });
  for (const further of [false, true]) {
    await using driver = createTopologyTestDriver(big(`big_${further ? "merged" : "direct"}`, { further }));
    for (let id = 1; id <= 4; id++) driver.insert(a, row(id, { text: "x", units: 2 ** 53 - 1 }));
    driver.insert(a, row(5, { text: "x", units: 2n ** 60n + 1n }));
    await driver.settle();
    assertEquals(driver.select(sums).map(({ units }) => units), [4n * (2n ** 53n - 1n) + 2n ** 60n + 1n]);
    for (const id of [1, 2, 3, 5]) driver.delete(a, id);
    driver.update(a, { id: 4, units: 7 });
    await driver.settle();
    assertEquals(driver.select(sums).map(({ units }) => units), [7]);
  }
});

Deno.test("aggregate() takes an average to fewer digits than its values have", async () => {
  const means = clickhouse("means", { key: ["text"], columns: { text: "String", mean: "Decimal(18, 3)" } });
  const mean = (name: string, { further }: { further: boolean }) =>
    topology(name, (builder) => {
      const table = builder.table(a).groupBy((value) => ({ text: value.text }))
        .aggregate("means", { mean: avg((value) => value.amount, 1) });
      (further ? table.filter(() => true) : table).to(means);
    });
  for (const further of [false, true]) {
    await using driver = createTopologyTestDriver(mean(`mean_${further ? "merged" : "direct"}`, { further }));
    for (const [id, amount] of [[1, "0.15"], [2, "0.16"], [3, "-0.02"]] as const) {
      driver.insert(a, row(id, { text: "x", amount }));
    }
    driver.insert(a, row(4, { text: "y", amount: "-0.19" }));
    await driver.settle();
    assertEquals(driver.deadLetters(), []);
    assertEquals(driver.select(means).map((value) => Number(value.mean)), [0, -0.1], "cut, toward zero");
  }
});

Deno.test("aggregate() of an aggregate", async () => {
  const sizes = clickhouse("sizes", { key: ["rows"], columns: { rows: "Int64", groups: "UInt64" } });
  const twice = topology(
    "twice",
    (builder) =>
      builder.table(a).groupBy((value) => ({ text: value.text })).aggregate("rows", { rows: count() })
        .groupBy((group) => ({ rows: group.rows })).aggregate("sizes", { groups: count() }).to(sizes),
  );
  await using driver = createTopologyTestDriver(twice);
  ["x", "x", "y", "y", "z"].forEach((text, index) => driver.insert(a, row(index + 1, { text })));
  await driver.settle();
  assertEquals(driver.select(sizes), [{ rows: 1, groups: 1 }, { rows: 2, groups: 2 }]);
  driver.update(a, { id: 1, text: "z" });
  await driver.settle();
  assertEquals(driver.select(sizes), [{ rows: 1, groups: 1 }, { rows: 2, groups: 2 }]);
  driver.delete(a, 2);
  await driver.settle();
  assertEquals(driver.select(sizes), [{ rows: 2, groups: 2 }]);
});

Deno.test("aggregate() as the right side of a join, also of the rows that it adds up", async () => {
  const share = topology("share", (builder) => {
    const rows = builder.table(a);
    const sums = rows.groupBy((value) => value.ref === null ? null : { ref: value.ref })
      .aggregate("sums", { units: sum((value) => Number(value.units)) });
    rows.leftJoin("total", sums, (value) => value.ref)
      .mapValues((value) => ({ id: value.id, text: `${value.units} of ${value.total?.units ?? "nothing"}` })).to(out);
  });
  await using driver = createTopologyTestDriver(share);
  driver.insert(a, row(1, { ref: 1, units: 2 }));
  driver.insert(a, row(2, { ref: 1, units: 3 }));
  driver.insert(a, row(3, { ref: null, units: 4 }));
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 2 of 5", "2 3 of 5", "3 4 of nothing"]);
  driver.update(a, { id: 3, ref: 1 });
  driver.delete(a, 2);
  await driver.settle();
  assertEquals(texts(driver.select(out)), ["1 2 of 6", "3 4 of 6"]);
  const { writes } = driver;
  await driver.restart();
  assertEquals([texts(driver.select(out)), driver.writes], [["1 2 of 6", "3 4 of 6"], writes]);
});

Deno.test("aggregate() whose totals are added up again and joined with themselves starts all the same", async () => {
  const shown = clickhouse("shown", { key: ["ref"], columns: { ref: "Int64", rows: "Int64", rich: "Int64" } });
  const knot = topology("knot", (builder) => {
    const rows = builder.table(a);
    const group = (value: { readonly ref: number | bigint | null }) => value.ref === null ? null : { ref: value.ref };
    const counts = rows.groupBy(group).aggregate("counts", { rows: count() });
    const rich = rows.join("group", counts, (value) => value.ref as number).filter((value) => value.group.rows > 1)
      .groupBy(group).aggregate("rich", { rows: count() });
    counts.leftJoin("rich", rich)
      .mapValues((value) => ({ ref: value.ref, rows: value.rows, rich: value.rich?.rows ?? 0 })).to(shown);
  });
  await using driver = createTopologyTestDriver(knot);
  [1, 1, 2].forEach((ref, index) => driver.insert(a, row(index + 1, { ref })));
  await driver.settle();
  assertEquals(driver.select(shown), [{ ref: 1, rows: 2, rich: 2 }, { ref: 2, rows: 1, rich: 0 }]);
  await driver.restart();
  driver.update(a, { id: 1, ref: 2 });
  await driver.settle();
  assertEquals(driver.select(shown), [{ ref: 1, rows: 1, rich: 0 }, { ref: 2, rows: 2, rich: 2 }]);
});

Deno.test("aggregate() gives callbacks the group as key: a value of one column, an object of several", async () => {
  const keys = clickhouse("keys", { key: ["text", "ref"], columns: { text: "String", ref: "Int64", key: "String" } });
  const one = clickhouse("one", { key: ["text"], columns: { text: "String", key: "String" } });
  const keyed = topology("keyed", (builder) => {
    builder.table(a).groupBy((value) => ({ text: value.text, ref: value.ref ?? 0 }))
      .aggregate("pairs", { rows: count() })
      .mapValues((total, key) => ({ ...total, key: `${key.ref}/${key.text}` })).to(keys);
    builder.table(a).groupBy((value) => ({ text: value.text })).aggregate("texts", { rows: count() })
      .mapValues((total, key) => ({ ...total, key: key.toUpperCase() })).to(one);
  });
  await using driver = createTopologyTestDriver(keyed);
  driver.insert(a, row(1, { text: "x,1", ref: 2n ** 60n }));
  await driver.settle();
  assertEquals(driver.deadLetters(), []);
  assertEquals(driver.select(keys), [{ text: "x,1", ref: 2n ** 60n, key: `${2n ** 60n}/x,1` }]);
  assertEquals(driver.select(one), [{ text: "x,1", key: "X,1" }]);
});

Deno.test("aggregate() of joined rows follows both sides", async () => {
  const sums = clickhouse("sums", { key: ["text"], columns: { text: "String", units: "Int64" } });
  const joined = topology(
    "joined",
    (builder) =>
      builder.table(a).join("b", builder.table(b), (value) => value.ref as number)
        .groupBy((value) => ({ text: value.b.text })).aggregate("sums", { units: sum((value) => Number(value.units)) })
        .to(sums),
  );
  await using driver = createTopologyTestDriver(joined);
  for (let id = 1; id <= 9; id++) driver.insert(a, row(id, { ref: id % 3, units: id }));
  for (let id = 0; id < 3; id++) driver.insert(b, row(id, { text: id === 0 ? "even" : "odd" }));
  await driver.settle();
  assertEquals(driver.select(sums), [{ text: "even", units: 18 }, { text: "odd", units: 27 }]);
  driver.update(b, { id: 1, text: "even" });
  driver.delete(b, 2);
  driver.update(a, { id: 9, units: 0 });
  await driver.settle();
  assertEquals(driver.select(sums), [{ text: "even", units: 21 }]);
});

Deno.test("aggregate() whose callback throws, or gives a fraction, counts that row nowhere", async () => {
  const rows = clickhouse("rows", { key: ["text"], columns: { text: "String", rows: "UInt64", half: "Int64" } });
  const picky = topology("picky", (builder) =>
    builder.table(a).groupBy((value) => {
      if (value.text === "bad") throw new Error("no group for this");
      return { text: "all" };
    }).aggregate("rows", { rows: count(), half: sum((value) => Number(value.units) / 2) }).to(rows));
  await using driver = createTopologyTestDriver(picky);
  driver.insert(a, row(1, { text: "good", units: 4 }));
  driver.insert(a, row(2, { text: "bad", units: 4 }));
  driver.insert(a, row(3, { text: "good", units: 3 }));
  await driver.settle();
  assertEquals(driver.select(rows), [{ text: "all", rows: 1, half: 2 }]);
  assertEquals(driver.deadLetters().map(({ operator, key }) => `${operator} ${key}`).sort(), [
    'rows {"id":2}',
    'rows {"id":3}',
  ]);
  driver.update(a, { id: 3, units: 6 });
  driver.update(a, { id: 1, text: "bad" });
  await driver.settle();
  assertEquals(driver.select(rows), [{ text: "all", rows: 1, half: 3 }]);
});

Deno.test("a total of more digits than a Decimal has, used further, loses that group alone and is named", async () => {
  const source = debezium("p.public.transfers", {
    key: ["id"],
    row: z.object({ id: int8(), token: z.string(), amount: numeric(38, 0) }),
  });
  const amount = Decimal.parse("9".repeat(38));
  for (const [name, total] of [["total", sum], ["mean", avg]] as const) {
    const sink = clickhouse("further", { key: ["token"], columns: { token: "String", [name]: "Decimal(38, 6)" } });
    const further = topology(
      "further",
      (builder) =>
        builder.table(source).groupBy((transfer) => ({ token: transfer.token }))
          .aggregate("by-token", { [name]: total((transfer: { amount: Decimal }) => transfer.amount) })
          .filter(() => true).to(sink as never),
    );
    await using driver = createTopologyTestDriver(further);
    for (const id of [1, 2]) driver.insert(source, { id, token: "junk", amount });
    driver.insert(source, { id: 3, token: "good", amount: Decimal.parse("5") });
    await driver.settle();
    assertEquals(driver.select(sink as never), [{ token: "good", [name]: "5.000000" }]);
    assertEquals(driver.deadLetters().map(({ error }) => error), [
      `Cannot evaluate "by-token" for key "junk": Cannot use the total "${name}" further: it needs more than 38 ` +
      "digits, fraction included. Add up values of fewer digits, or correct the group's rows",
    ]);
  }
});
