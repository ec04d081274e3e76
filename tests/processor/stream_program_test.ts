import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  debezium,
  events,
  int8,
  type RecordMetadata,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { streamProgram } from "../../src/processor/stream_program.ts";
import type { Row } from "../../src/record/row.ts";

const numbers = events("numbers", { row: z.object({ n: z.int() }) });
const names = debezium("names", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const out = clickhouseAppend("out", { columns: { n: "Int64" }, orderBy: ["n"] });
const META: RecordMetadata = { topic: "numbers", partition: 0, offset: 7, timestampUs: 5, headers: {} };

function unreachable(): never {
  throw new TypeError("These streams have no stages");
}

/** What a stream of numbers makes of these: rows in order, and the operators that refused something. */
function run(
  declare: (builder: TopologyBuilder) => void,
  values: readonly number[],
  { right = {} }: { readonly right?: Readonly<Record<string, string>> } = {},
) {
  const [plan] = compile(topology("t", declare)).streams;
  const rows: [string, Row, unknown][] = [];
  const errors: string[] = [];
  const skipped: string[] = [];
  const program = streamProgram({ ...plan, groupsOf: () => unreachable() }, {
    shuffle: unreachable,
    output: unreachable,
    onSkipped: (reason) => skipped.push(reason),
    find: (_lookup, key) => right[key] === undefined ? null : { id: key, name: right[key] },
    append: (sink, { row, key }) => rows.push([sink, row, key]),
    onError: ({ operator, message }) => errors.push(`${operator}: ${message}`),
  });
  for (const n of values) program({ n }, `k${n}`, META);
  return { rows, errors, skipped, values: rows.map(([, row]) => row.n) };
}

Deno.test("a stream's operators do what they say, event by event, in order", () => {
  const { rows } = run((builder) => {
    builder.stream(numbers)
      .filter(({ n }) => n > 1)
      .filterNot(({ n }) => n === 3)
      .flatMapValues(({ n }) => [n, n * 10])
      .map((n, key, { offset }) => [`${key}@${offset}`, { n: n as number }])
      .flatMap((value, key) => [[key, value], [`${key}!`, value]] as const)
      .selectKey((_, key) => key.toUpperCase())
      .to(out);
  }, [1, 2, 3, 4]);
  assertEquals(rows.map(([, { n }, key]) => `${key} ${n}`), [
    ...["K2@7 2", "K2@7! 2", "K2@7 20", "K2@7! 20"],
    ...["K4@7 4", "K4@7! 4", "K4@7 40", "K4@7! 40"],
  ]);
});

Deno.test("split() gives each event to its first branch or the rest, and merge() brings them together", () => {
  const seen: number[] = [];
  const { values } = run((builder) => {
    const { even, third, rest } = builder.stream(numbers).split({
      even: ({ n }) => n % 2 === 0,
      third: ({ n }) => n % 3 === 0,
    });
    rest.forEach(({ n }) => seen.push(n));
    even.mapValues(({ n }) => ({ n: -n })).merge(third).to(out);
  }, [1, 2, 3, 4, 5, 6]);
  assertEquals([values, seen], [[-2, 3, -4, -6], [1, 5]]);
});

Deno.test("a stream that is used several times gives each event to all, in the order of declaration", () => {
  const { values } = run((builder) => {
    const all = builder.stream(numbers);
    all.mapValues(({ n }) => ({ n: n + 100 })).merge(all).merge(all.filter(({ n }) => n === 2)).to(out);
  }, [1, 2]);
  assertEquals(values, [101, 1, 102, 2, 2]);
  assertEquals(
    run((builder) => {
      const all = builder.stream(numbers);
      all.merge(all).to(out);
    }, [1]).values,
    [1, 1],
  );
});

Deno.test("join() of a global table adds the row that it has now; leftJoin() keeps events without one", () => {
  const right = { 1: "one" };
  const inner = run(
    (builder) => {
      builder.stream(numbers).join("name", builder.globalTable(names), ({ n }) => n)
        .mapValues(({ n, name }) => ({ n, text: name.name })).to(out);
    },
    [1, 2],
    { right },
  );
  const left = run(
    (builder) => {
      builder.stream(numbers).leftJoin("name", builder.globalTable(names), ({ n }) => n === 3 ? null : n)
        .mapValues(({ n, name }) => ({ n, text: name?.name ?? "-" })).to(out);
    },
    [1, 2, 3],
    { right },
  );
  assertEquals(inner.rows.map(([, row]) => row), [{ n: 1, text: "one" }]);
  assertEquals(left.rows.map(([, row]) => row), [{ n: 1, text: "one" }, { n: 2, text: "-" }, { n: 3, text: "-" }]);
});

Deno.test("join() of a global table counts events that have no key for it; leftJoin() keeps them", () => {
  const on = ({ n }: { readonly n: number }) => n === 1 ? null as unknown as number : n;
  const of = (kind: "inner" | "left") =>
    run(
      (builder) => {
        const [stream, right] = [builder.stream(numbers), builder.globalTable(names)];
        if (kind === "inner") stream.join("name", right, on).mapValues(({ n }) => ({ n })).to(out);
        else stream.leftJoin("name", right, on).mapValues(({ n }) => ({ n })).to(out);
      },
      [1, 2],
      { right: { 2: "two" } },
    );
  const [inner, left] = [of("inner"), of("left")];
  assertEquals([inner.values, inner.skipped], [[2], ["null_key"]]);
  assertEquals([left.values, left.skipped], [[1, 2], []]);
});

Deno.test("an event whose callback throws ends there, and goes on everywhere else", () => {
  const { values, errors } = run((builder) => {
    const all = builder.stream(numbers);
    all.mapValues(({ n }) => {
      if (n === 1) throw new Error("no ones");
      return { n };
    }).merge(all).to(out);
  }, [1, 2]);
  assertEquals(values, [1, 2, 2]);
  assertEquals(errors, ['numbers.mapValues: Cannot evaluate "numbers.mapValues" for key "k1": no ones']);
});

Deno.test("several events are taken only if a callback gives all of them, and what is no event is refused", () => {
  const odd = (make: (n: number) => unknown, how: "flatMapValues" | "map" | "flatMap") =>
    run((builder) => {
      const stream = builder.stream(numbers);
      (stream[how] as (mapper: unknown) => typeof stream)(({ n }: { n: number }) => make(n)).to(out as never);
    }, [1]);
  const broken = odd(function* () {
    yield { n: 1 };
    throw new Error("half way");
  } as never, "flatMapValues");
  assertEquals([broken.rows, broken.errors.length], [[], 1]);
  assertEquals(odd(() => "text", "flatMapValues").errors[0].includes("Cannot take text as several events"), true);
  assertEquals(odd(() => [1], "map").errors[0].includes("Cannot take an array of 1 as a key and a value"), true);
  assertEquals(odd(() => [["k", 5]], "flatMap").errors[0].includes("Cannot take 5 as a row"), true);
  assertEquals(odd(() => null, "flatMap").errors[0].includes("Cannot take null as several events"), true);
});
