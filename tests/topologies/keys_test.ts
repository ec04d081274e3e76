import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import {
  char,
  clickhouse,
  count,
  date,
  debezium,
  Decimal,
  int8,
  numeric,
  timestamptz,
  topology,
  uuid,
} from "../../src/mod.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { randomFrom } from "../record/support.ts";

const SEED = 11;

/** What is drawn for each type of key: its columns, the values of both sides, and how ClickHouse holds it. */
interface KeyType {
  readonly key: z.ZodType;
  readonly foreign: z.ZodType;
  readonly column: string;
  /** The same value as the key's column and as the foreign key's column make it. */
  of(n: number): readonly [unknown, unknown];
}

const TEXTS = ["😀", "\u001f", "a/b", "\u2028", 'q"\\', "é", "null", ""];

function twice(value: unknown): readonly [unknown, unknown] {
  return [value, value];
}

const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  "numeric(10, 2) and numeric(12, 4)": {
    key: numeric(10, 2),
    foreign: numeric(12, 4),
    column: "Decimal(12, 4)",
    of: (n) => [Decimal.of(n * 25, 2), Decimal.of(n * 2500, 4)],
  },
  uuid: {
    key: uuid(),
    foreign: uuid(),
    column: "UUID",
    of: (n) => twice(`6f9619ff-8b86-d011-b42d-${String(n).padStart(12, "0")}`),
  },
  date: { key: date(), foreign: date(), column: "Date32", of: (n) => twice(19_000 + n) },
  timestamptz: {
    key: timestamptz(),
    foreign: timestamptz(),
    column: "DateTime64(6)",
    of: (n) => twice(1_718_454_896_120_000 + n * 10),
  },
  text: {
    key: z.string(),
    foreign: z.string(),
    column: "LowCardinality(String)",
    of: (n) => twice(TEXTS[n % TEXTS.length] + Math.floor(n / TEXTS.length)),
  },
  "int8 beyond 2^53": {
    key: int8(),
    foreign: int8(),
    column: "Int64",
    of: (n) => twice(9_007_199_254_740_993n + BigInt(n)),
  },
  "char(5)": { key: char(5), foreign: char(), column: "String", of: (n) => twice(`k${n}`) },
};

function sameValue(a: unknown, b: unknown): boolean {
  return a instanceof Decimal ? b instanceof Decimal && a.equals(b) : a === b;
}

/** A join by the key, and a group by it, with and without totals that are used further. */
function keyTopology({ key, foreign, column }: KeyType) {
  const right = debezium("shop.public.right", { key: ["k"], row: z.object({ k: key, label: z.string() }) });
  const left = debezium("shop.public.left", { key: ["id"], row: z.object({ id: int8(), k: foreign }) });
  const columns = { k: column, rows: "UInt64" } as { k: "String"; rows: "UInt64" };
  const sinks = {
    joined: clickhouse("joined", { key: ["id"], columns: { id: "Int64", label: "Nullable(String)" } }),
    grouped: clickhouse("grouped", { key: ["k"], columns }),
    merged: clickhouse("merged", { key: ["k"], columns }),
  };
  const built = topology("keys", (b) => {
    const table = b.table(left);
    const labels = b.table(right).filter((row, k) => sameValue(row.k, k));
    table.leftJoin("r", labels as never, (row) => row.k as never)
      .mapValues((row) => ({ id: row.id, label: (row.r as unknown as { label: string } | null)?.label ?? null }))
      .to(sinks.joined);
    table.groupBy((row) => ({ k: row.k as string })).aggregate("grouped", { rows: count() }).to(sinks.grouped);
    table.groupBy((row) => ({ k: row.k as string })).aggregate("merged", { rows: count() })
      .filter((row, k) => sameValue(row.k, k)).to(sinks.merged);
  });
  return { left, right, built, sinks };
}

for (const [name, type] of Object.entries(KEY_TYPES)) {
  for (const partitions of [1, 2, 5]) {
    Deno.test(`a join and groups by ${name}, ${partitions} partitions: as computed from scratch`, async () => {
      const { left, right, built, sinks } = keyTopology(type);
      const below = randomFrom(SEED);
      await using driver = createTopologyTestDriver(built, { partitions });
      const ids = new Set<number>();
      for (let n = 0; n < 24; n++) driver.insert(right as never, { k: type.of(n)[0], label: `l${n}` } as never);
      for (let id = 0; id < 60; id++) {
        ids.add(id);
        driver.insert(left as never, { id, k: type.of(Math.floor(below(30)))[1] } as never);
      }
      await driver.settle();
      for (let step = 0; step < 20; step++) {
        const [k] = type.of(Math.floor(below(24)));
        if (step % 5 === 0) driver.update(right as never, { k, label: `changed ${step}` } as never);
        const id = Math.floor(below(60));
        if (ids.delete(id)) driver.delete(left as never, id as never);
      }
      await driver.settle();
      const content = computeSinks(built, (topic) => driver.rows(topic.endsWith("right") ? right : left));
      for (const sink of Object.values(sinks)) {
        const rows = driver.select(sink as never).map((row) => Object.values(row).map(plain).join(" "));
        const expected = [...content.get(sink.spec.name)!.rows.values()];
        const lines = expected.map((row) =>
          Object.entries(sink.spec.columns).map(([column, type]) => plain(encoded(row[column], type))).join(
            " ",
          )
        );
        assertEquals(rows.sort(), lines.sort(), sink.spec.name);
        assert(rows.length > 10);
      }
      assertEquals(driver.deadLetters(), []);
      const written = driver.writes;
      await driver.restart();
      assertEquals(driver.writes, written, "a restart finds every key as it was shown");
    });
  }
}

/** As the test driver shows a value of this column. */
function encoded(value: unknown, type: string): unknown {
  if (type === "Date32") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  return value instanceof Decimal ? value.rescale(4) : value;
}

function plain(value: unknown): string {
  return value === null ? "null" : `'${value}'`;
}
