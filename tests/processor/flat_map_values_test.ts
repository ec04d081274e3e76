import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { clickhouse, type Int8, sum, topology, TopologyError } from "../../src/mod.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import { compile } from "../../src/plan/compile.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { a, b, lines, row } from "./shop.ts";

const parts = clickhouse("parts", {
  key: ["id", "line"],
  columns: { id: "Int64", line: "UInt32", word: "String", units: "Int64" },
});
const words = clickhouse("words", { key: ["word"], columns: { word: "String", units: "Int64" } });

/** Words as `word` or `word*units`, separated by blanks. */
function split(text: string): { readonly word: string; readonly units: number }[] {
  return text === "" ? [] : text.split(" ").map((item) => {
    const [word, units = "1"] = item.split("*");
    return { word, units: Number(units) };
  });
}

const basket = topology("basket", (builder) => {
  const table = builder.table(a).flatMapValues("items", { position: "line" }, (value) => split(value.text));
  table.to(parts);
  table.groupBy((part) => ({ word: part.word })).aggregate("by-word", { units: sum((part) => part.units) }).to(words);
});

for (const snapshotEveryMs of [0, 60_000]) {
  for (const partitions of [{ a: 1 }, { a: 3 }]) {
    const way = `${partitions.a} partitions, ${snapshotEveryMs === 0 ? "no " : ""}snapshots`;

    Deno.test(`flatMapValues() follows a list that grows, shrinks, changes and goes: ${way}`, async () => {
      await using driver = createTopologyTestDriver(basket, { partitions, options: { snapshotEveryMs } });
      const shown = async () => {
        await driver.settle();
        return [
          driver.select(parts).map((part) => Object.values(part).join(" ")),
          driver.select(words).map((total) => Object.values(total).join(" ")),
        ];
      };
      const unchanged = async (expected: readonly string[][]) => {
        const { writes } = driver;
        await driver.restart();
        assertEquals([await shown(), driver.writes - writes], [expected, 0]);
      };
      driver.insert(a, row(1, { text: "tea*2 milk" }));
      driver.insert(a, row(2, { text: "tea*3" }));
      driver.insert(a, row(3));
      let expected = [["1 0 tea 2", "1 1 milk 1", "2 0 tea 3"], ["milk 1", "tea 5"]];
      assertEquals(await shown(), expected);
      await unchanged(expected);
      driver.update(a, { id: 2, text: "tea*3 milk*4 salt" });
      assertEquals(await shown(), [
        ["1 0 tea 2", "1 1 milk 1", "2 0 tea 3", "2 1 milk 4", "2 2 salt 1"],
        ["milk 5", "salt 1", "tea 5"],
      ]);
      const { writes } = driver;
      driver.update(a, { id: 2, units: 7 });
      await driver.settle();
      assertEquals(driver.writes, writes, "another column of the row is none of its parts");
      driver.update(a, { id: 2, text: "salt" });
      expected = [["1 0 tea 2", "1 1 milk 1", "2 0 salt 1"], ["milk 1", "salt 1", "tea 2"]];
      assertEquals(await shown(), expected);
      await unchanged(expected);
      driver.delete(a, 1);
      driver.update(a, { id: 2, text: "" });
      driver.update(a, { id: 3, text: "egg*12" });
      await driver.restart();
      assertEquals(await shown(), [["3 0 egg 12"], ["egg 12"]]);
      driver.delete(a, 3);
      assertEquals(await shown(), [[], []]);
      assertEquals(driver.deadLetters(), []);
    });
  }
}

Deno.test("flatMapValues() writes only the parts that differ", async () => {
  await using driver = createTopologyTestDriver(basket);
  driver.insert(a, row(1, { text: "tea milk salt" }));
  await driver.settle();
  const { writes } = driver;
  driver.update(a, { id: 1, text: "tea milk*2 salt" });
  await driver.settle();
  assertEquals(driver.writes - writes, 2, "a part, and the total of its word");
});

Deno.test("flatMapValues() tells parts apart by a column, so that their order is nothing", async () => {
  const sink = clickhouse("by_word", {
    key: ["nr", "sheet", "word"],
    columns: { sheet: "Int64", nr: "Int64", word: "String", units: "Int64" },
  });
  const declared = topology(
    "words",
    (builder) => builder.table(lines).flatMapValues("words", { key: "word" }, (line) => split(line.text)).to(sink),
  );
  await using driver = createTopologyTestDriver(declared);
  const shown = async () => {
    await driver.settle();
    return driver.select(sink).map(({ sheet, nr, word, units }) => `${sheet}/${nr} ${word} ${units}`);
  };
  driver.insert(lines, { sheet: 1, nr: 2, text: "tea*2 milk" });
  assertEquals(await shown(), ["1/2 milk 1", "1/2 tea 2"]);
  const { writes } = driver;
  driver.update(lines, { sheet: 1, nr: 2, text: "milk tea*2" });
  assertEquals([await shown(), driver.writes - writes], [["1/2 milk 1", "1/2 tea 2"], 0]);
});

Deno.test("flatMapValues() of a row that cannot be divided refuses all of it, until it can", async () => {
  const sink = clickhouse("refusing", { key: ["id", "word"], columns: { id: "Int64", word: "String" } });
  const rowsOf = (text: string): { readonly word: string; readonly id?: Int8 }[] => {
    switch (text) {
      case "throws":
        throw new RangeError("no words");
      case "null":
        return null as never;
      case "hole":
        return [{ word: "x" }, null as never];
      case "nameless":
        return [{ word: "x" }, {} as never];
      case "other id":
        return [{ word: "x", id: 77 }];
      case "function":
        return [{ word: "x" }, { word: "y", call: () => 1 } as never];
      default:
        return text.split(" ").map((word) => ({ word, id: 1 }));
    }
  };
  const declared = topology(
    "refusing",
    (builder) => builder.table(a).flatMapValues("words", { key: "word", max: 3 }, ({ text }) => rowsOf(text)).to(sink),
  );
  await using driver = createTopologyTestDriver(declared);
  const cases: readonly [text: string, error: string][] = [
    ["throws", "no words"],
    ["null", "Cannot take parts of a row: the callback gave null. Return an array of rows"],
    ["hole", "Cannot take null as a part of a row: current position is 1"],
    ["nameless", 'Cannot tell parts apart by "word": a part has no such column'],
    ["other id", 'Cannot have "id" twice: it is part of the key with 1, and the part has 77'],
    ["function", "Cannot encode ()=>1 for another task"],
    ["x x", 'Cannot tell parts apart by "word": two of them have x'],
    ["x y z w", "Cannot have 4 parts of a row: 3 are allowed"],
  ];
  driver.insert(a, row(1, { text: "x y" }));
  for (const [text, error] of cases) {
    driver.update(a, { id: 1, text });
    await driver.settle();
    assertEquals(driver.select(sink), [], text);
    const letter = driver.deadLetters().at(-1)!;
    assertStringIncludes(letter.error, error);
    assertStringIncludes(letter.operator, "words");
    driver.update(a, { id: 1, text: "x y z" });
    await driver.settle();
    assertEquals(driver.select(sink).map(({ word }) => word), ["x", "y", "z"]);
  }
});

Deno.test("flatMapValues() of the totals of groups, joined by the key of their parts", async () => {
  const sink = clickhouse("joined", {
    key: ["ref", "line"],
    columns: { ref: "Int64", line: "Int64", word: "String", text: "Nullable(String)" },
  });
  const declared = topology("nested", (builder) => {
    builder.table(a).groupBy((value) => value.ref === null ? null : { ref: value.ref })
      .aggregate("by-ref", { units: sum((value) => value.units) })
      .flatMapValues(
        "units",
        { position: "line" },
        ({ units }) => Array.from({ length: Number(units) }, (_, at) => ({ word: `u${at}` })),
      )
      .leftJoin("b", builder.table(b), (part) => part.line)
      .mapValues((part, key) => ({ ...key, word: part.word, text: part.b?.text ?? null }))
      .to(sink);
  });
  await using driver = createTopologyTestDriver(declared);
  const shown = async () => {
    await driver.settle();
    return driver.select(sink).map((part) => Object.values(part).join(" "));
  };
  driver.insert(a, row(1, { ref: 5, units: 1 }));
  driver.insert(a, row(2, { ref: 5, units: 1 }));
  driver.insert(b, row(1, { text: "one" }));
  assertEquals(await shown(), ["5 0 u0 ", "5 1 u1 one"]);
  driver.update(a, { id: 2, ref: 6 });
  assertEquals(await shown(), ["5 0 u0 ", "6 0 u0 "]);
});

Deno.test("flatMapValues() is refused where its key cannot be, and so is a sink that is not keyed by it", () => {
  const problemsOf = (position: string, key: readonly ["id"] | readonly ["line", "id"]) => {
    const sink = clickhouse("x", { key, columns: { id: "Int64", line: "Int64" } });
    const declared = topology("twice", (builder) =>
      builder.table(a).mapValues(({ text }) => ({ text }))
        .flatMapValues("words", { position: position as "line" }, ({ text }) => split(text))
        .filter(() => true).to(sink));
    return assertThrows(() => compile(declared), TopologyError).problems;
  };
  assertEquals(problemsOf("id", ["line", "id"])[0].split(":")[0], 'Cannot tell the parts of "words" apart by "id"');
  assertEquals(problemsOf("line", ["id"]), [
    'Sink "x" has the key (id), which is not the key of the parts that it shows (id, line). ' +
    'Write key: ["id", "line"], in any order',
  ]);
});

Deno.test("flatMapValues() is described with what it costs", () => {
  const text = describeText(describe(compile(basket), basket));
  assertStringIncludes(text, "1 items: flatMapValues of 0 a (told apart by line, the position); at tasks of a");
  assertStringIncludes(text, "message items: 1 share for each part that changes");
  assertStringIncludes(text, "write parts: 1 row for each part of items that changes");
  assertStringIncludes(text, "write words: 1 share for each group of a part of items that changes");
});

Deno.test("flatMapValues() refuses a row of which a part is too large for a message", async () => {
  await using driver = createTopologyTestDriver(basket, { options: { messageBytesMax: 8_192 } });
  const shown = async () => {
    await driver.settle();
    return driver.select(parts).map(({ id, line }) => `${id} ${line}`);
  };
  driver.insert(a, row(1, { text: `tea ${"x".repeat(900)}` }));
  driver.insert(a, row(2, { text: `tea ${"x".repeat(1_200)} milk` }));
  assertEquals(await shown(), ["1 0", "1 1"]);
  assertStringIncludes(driver.deadLetters()[0].error, "Cannot send it to another task as at most 1024 bytes");
  driver.update(a, { id: 2, text: "tea milk" });
  assertEquals(await shown(), ["1 0", "1 1", "2 0", "2 1"]);
});
