import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import { avg, clickhouse, count, debezium, Decimal, max, min, sum, type Topology, topology } from "../../../src/mod.ts";
import { computeSinks } from "../../../src/oracle/oracle.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { UpsertRow, Warehouse } from "../../../src/ports/warehouse.ts";
import { contribute, valuedOf } from "../../../src/processor/aggregate.ts";
import { Groups } from "../../../src/processor/group.ts";
import type { Slot } from "../../../src/state/slots.ts";
import { shareEncoder } from "../../../src/processor/share_row.ts";
import { keyOfOne, keyText } from "../../../src/record/key.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import type { Row } from "../../../src/record/row.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { lineOf } from "../../line_bytes.ts";

const PARTITIONS = [1, 2, 5];
const GROUPS = 60;

const server = clickHouseOfFile();
let databases = 0;

const source = debezium("t.public.values", {
  key: ["id"],
  row: z.object({ id: z.int(), team: z.string(), value: z.any() }),
});

const powers = [7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 128, 200, 255, 256].map((bits) => 2n ** BigInt(bits));
const integers = [0n, 1n, 3n, 99n, ...powers.flatMap((power) => [power, power - 1n, power / 3n])]
  .flatMap((value) => [value, -value])
  .map((value) => Number.isSafeInteger(Number(value)) ? Number(value) : value);
const decimals = [
  ...["0", "0.01", "0.005", "-0.005", "19.90", "-19.90", "999.99", "900.00", "9999999.99", "-9999999.99", "1.5", "7"],
  ...["0.000000000000000003", "2.000000000000000001", "0.12345678901234567890123456789012345678", "333333333333.3"],
  ...["99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "5000000000000000000"],
  ...[
    "0.33333333333333333333333333",
    "90000000000000000000000000000000000000",
    "999999999999999999999999999999999999.99",
  ],
].map((text) => Decimal.parse(text));
/** Those whose sum can be divided to any scale. */
const fine = decimals.filter((value) =>
  value.abs().compare(Decimal.parse("1000000000000000000000000000000000000")) < 0
);
const small = integers.filter((value) => typeof value === "number" && Math.abs(value) < 300);
const floats = [0, 0.1, -0.5, 1e300, 3, -7.25, 5e-324];
const days = [0, 1, -1, 19_753, 65_535, 65_536, -25_567, -25_568, 120_529, 120_530];
const micros = [0, -5, 1_718_454_896_123_456, -2_208_988_800_000_000, -2_208_988_800_000_001];
const words = ["", "a", "A", "ab", "zz", "é", "\uff5e", "😀", "\u{10ffff}", "\ue000", "it's", 'q"\\', "a\u0000", "\n"];
const uuids = [
  ...["6f9619ff-8b86-d011-b42d-00c04fc964ff", "00000000-0000-0000-ffff-000000000000"],
  ...["10000000-0000-0000-0000-000000000000", "ffffffff-0000-0000-0000-000000000001", "no uuid"],
];
const states = ["new", "paid", "it's", "gone"];
const ENUM = "Enum8('paid' = 1, 'new' = 2, 'it\\'s' = -3)";

interface Case {
  readonly kind: "sum" | "count" | "avg" | "min" | "max";
  readonly type: string;
  readonly pool: readonly unknown[];
  readonly scale?: number;
  /** Values that the encoder of rows lets through and ClickHouse refuses. */
  readonly refused?: readonly unknown[];
}

const integerTypes = ["Int8", "UInt8", "Int16", "Int32", "UInt32", "Int64", "UInt64", "Int128", "UInt128", "Int256"];
const decimalTypes = ["Decimal(5, 2)", "Decimal(9, 2)", "Decimal(18, 2)", "Decimal(38, 18)", "Decimal(38, 0)"];
const wideTypes = ["Decimal(76, 0)", "Decimal(76, 38)", "Decimal(38, 38)"];
const cases: readonly Case[] = [
  ...[...integerTypes, "UInt256", "Nullable(Int32)"].flatMap((type): Case[] => [
    { kind: "sum", type, pool: integers },
    { kind: "min", type, pool: integers },
    { kind: "max", type, pool: integers },
  ]),
  ...[...decimalTypes, ...wideTypes, "Nullable(Decimal(18, 2))"].flatMap((type): Case[] => [
    { kind: "sum", type, pool: [...decimals, ...small] },
    { kind: "min", type, pool: [...decimals, ...small] },
    { kind: "max", type, pool: [...decimals, ...small] },
  ]),
  ...[0, 2, 6, 18].map((scale): Case => ({ kind: "avg", type: `Nullable(Decimal(38, ${scale}))`, pool: fine, scale })),
  { kind: "avg", type: "Decimal(38, 0)", pool: decimals.filter((value) => value.scale === 0), scale: 0 },
  { kind: "avg", type: "Decimal(5, 2)", pool: [...decimals, ...small], scale: 2 },
  { kind: "sum", type: "Float64", pool: integers },
  { kind: "count", type: "UInt8", pool: small },
  { kind: "count", type: "Decimal(5, 4)", pool: small },
  ...(["min", "max"] as const).flatMap((kind): Case[] => [
    { kind, type: "Float64", pool: floats },
    { kind, type: "Nullable(Date)", pool: days },
    { kind, type: "Date32", pool: days },
    { kind, type: "DateTime64(6)", pool: micros },
    { kind, type: "Nullable(DateTime64(6, 'Asia/Tokyo'))", pool: micros },
    { kind, type: "String", pool: words },
    { kind, type: "Nullable(String)", pool: [...words, 5] },
    { kind, type: "LowCardinality(Nullable(String))", pool: words },
    { kind, type: "FixedString(3)", pool: words, refused: ["😀", "\u{10ffff}", "it's"] },
    { kind, type: "UUID", pool: uuids, refused: ["no uuid"] },
    { kind, type: "Nullable(UUID)", pool: uuids, refused: ["no uuid"] },
    { kind, type: ENUM, pool: states, refused: ["gone"] },
    { kind, type: `Nullable(${ENUM})`, pool: states, refused: ["gone"] },
  ]),
];

/** Totals of one kind in a column of one type; the name needs quotes wherever it stands in SQL. */
function topologyOf({ kind, type, scale = 6 }: Case): Topology {
  const value = (row: { value: unknown }) => row.value as number;
  const totals = { sum: sum(value), count: count(), avg: avg(value, scale), min: min(value), max: max(value) };
  const sink = clickhouse("totals", { key: ["team"], columns: { team: "String", "net-`total`": type } } as never);
  return topology("property", (builder) => {
    builder.table(source).groupBy((row) => ({ team: row.team }))
      .aggregate("by-team", { "net-`total`": totals[kind] } as never).to(sink as never);
  });
}

/** The same values in groups whose rows are on 1, on 2 and on 5 homes. */
function rowsOf(pool: readonly unknown[], random: () => number): Row[] {
  const rows: Row[] = [];
  for (let group = 0; group < GROUPS; group++) {
    const size = 1 + Math.floor(random() * (group % 10 === 0 ? 300 : 5));
    const values = Array.from({ length: size }, () => random() < 0.1 ? null : pool[Math.floor(random() * pool.length)]);
    for (const partitions of PARTITIONS) {
      values.forEach((value) => rows.push({ id: rows.length, team: `${group} on ${partitions}`, value }));
    }
  }
  return rows;
}

/** Shares as homes write them; what a home took in and out again on the way leaves nothing. */
function sharesOf(built: Topology, rows: readonly Row[], random: () => number): UpsertRow[] {
  const { aggregate, sink } = compile(built).tables[0].groups[0];
  const encoder = shareEncoder(sink!.table, aggregate);
  const homes = new Map<string, { readonly groups: Groups; readonly group: Slot }>();
  const values = new Array(valuedOf(aggregate).length);
  const groupOf = (row: Row) => {
    const team = row.team as string;
    const task = `values@${Math.floor(random() * Number(team.split(" on ")[1]))}`;
    const id = `${task} ${team}`;
    let home = homes.get(id);
    if (home === undefined) {
      const groups = new Groups(aggregate, Infinity);
      homes.set(id, home = { groups, group: groups.add(keyOfOne(team), { team }) });
    }
    return home;
  };
  const contributed = (row: Row) => {
    contribute(aggregate, row, values);
    return values;
  };
  for (const row of rows) {
    const { groups, group } = groupOf(row);
    const passing = rows[Math.floor(random() * rows.length)];
    groups.put(group, contributed(passing));
    groups.put(group, contributed(row));
    groups.take(group, contributed(passing));
  }
  return [...homes].map(([id, { groups, group }], seq): UpsertRow => {
    const head = {
      task: id.slice(0, id.indexOf(" ")),
      key: keyText(groups.keys.keyOf(group)),
      digest: seq,
      epoch: 1,
      seq,
    };
    try {
      return { ...head, line: lineOf(encoder.line(groups.columns(group), groups.parts(group))) };
    } catch {
      return { ...head, line: lineOf(encoder.refusedLine(groups.columns(group))) };
    }
  });
}

for (const { kind, type, pool, scale, refused = [] } of cases) {
  Deno.test(`the view shows ${kind} as ${type} as computed from scratch, on 1, 2, 5 homes, or not at all`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = mulberry32(seed);
    const built = topologyOf({ kind, type, pool, ...(scale === undefined ? {} : { scale }) });
    const rows = rowsOf(pool, random);
    const { table } = compile(built).tables[0].groups[0].sink!;
    const columns = [{ name: "team", type: "String" }, { name: "net-`total`", type }]
      .map((column) => canonicalColumn(column, `\`${column.name.replaceAll("`", "\\`")}\``));
    const expected = new Map<string, unknown>();
    for (
      const row of computeSinks(built, () => rows.map((row) => [keyOfOne(row.id), row])).get("totals")!.rows.values()
    ) {
      if (refused.includes(row["net-`total`"])) continue;
      try {
        expected.set(String(row.team), columns[1].expected(row["net-`total`"]));
      } catch {
        // Such a row is refused, as no column can hold it.
      }
    }
    const memory = createMemoryWarehouse();
    const real = openClickHouse({ url: server().url, database: `totals_${++databases}` });
    try {
      const upserts = sharesOf(built, rows, random);
      for (const warehouse of [memory, real]) {
        await warehouse.ensure(table);
        await warehouse.insert({ table, upserts, deletes: [] });
      }
      const sql = `SELECT ${columns.map((column, index) => `${column.sql} AS c${index}`).join(", ")} FROM totals`;
      const shown = new Map((await real.query(sql)).map(({ c0, c1 }) => [String(c0), columns[1].actual(c1)]));
      const inMemory = new Map(
        memory.select("totals").map((row) => [String(row.team), columns[1].actual(row["net-`total`"])]),
      );
      assertEquals(inMemory, shown, `seed ${seed}: the memory warehouse is ClickHouse`);
      for (const [team, value] of shown) assertEquals(value, expected.get(team), `seed ${seed}, group ${team}`);
      const aside = await asideOf(real, table);
      assertEquals(await asideOf(memory, table), aside, `seed ${seed}: groups set aside`);
      const teams = new Set(rows.map((row) => String(row.team)));
      assertEquals(new Set([...shown.keys(), ...aside.keys()]), teams, `seed ${seed}: every group is shown or told`);
      // Only a share beyond all that a total can be may keep a group from being shown that could be.
      for (const [team, column] of aside) {
        if (column !== null) assert(!expected.has(team), `seed ${seed}, group ${team}`);
      }
    } finally {
      await real.close();
    }
  });
}

async function asideOf(
  warehouse: Warehouse,
  table: Parameters<Warehouse["setAside"]>[0],
): Promise<Map<string, unknown>> {
  const { count, groups } = await warehouse.setAside(table, 10_000);
  assertEquals(count, groups.length);
  return new Map(groups.map(({ key, column }) => [JSON.parse(key), column] as const).sort());
}
