import { clickhouse, count, type GlobalKTable, type KTable, sum } from "../../src/mod.ts";

type Id = { readonly id: number };

interface Tables {
  readonly orders: KTable<Id, Id & { readonly st: string; readonly u: number | null }>;
  readonly goods: GlobalKTable<
    Id,
    { readonly sl: number; readonly pr: number; readonly maker: { readonly n: string } | null }
  >;
  readonly lines: KTable<Id, Id & { readonly o: number | null; readonly g: number; readonly q: number }>;
}

const SINKS = {
  parts: clickhouse("parts", { key: ["id", "at"], columns: { id: "Int64", at: "Int64", v: "Int64" } }),
  values: clickhouse("values", { key: ["v"], columns: { v: "Int64", n: "UInt64" } }),
  placed: clickhouse("placed", { key: ["g", "o"], columns: { g: "Int64", o: "Int64", id: "Int64", q: "Int64" } }),
  either: clickhouse("either", { key: ["g", "o"], columns: { g: "Int64", o: "Int64", v: "Int64" } }),
  makes: clickhouse("makes", { key: ["sl"], columns: { sl: "Int64", goods: "UInt64", named: "UInt64", pr: "Int64" } }),
  beside: clickhouse("beside", {
    key: ["id"],
    columns: { id: "Int64", line: "Nullable(Int64)", v: "Nullable(Int64)" },
  }),
};

/**
 * Each order divided by its status and its user, the parts shown, counted and looked up; lines by their order and good,
 * which some have in common: these are shown by none; the union of both; goods, which every process has whole, by their
 * makers. Texts are left out, which may be too large for a log.
 */
export function declareKeys({ orders, lines, goods }: Tables): void {
  const parts = orders.flatMapValues(
    "parts",
    { position: "at" },
    ({ st, u }) => Array.from({ length: Number(st[1]) }, (_, at) => ({ v: (at + 1) * (u ?? 0) % 5 })),
  );
  parts.to(SINKS.parts);
  parts.groupBy(({ v }) => ({ v })).aggregate("values", { n: count() }).to(SINKS.values);
  const placed = lines.selectKey("placed", ({ o, g }) => o === null ? null : { o, g });
  placed.to(SINKS.placed);
  placed.mapValues(({ o, g, q }) => ({ o, g, v: q }))
    .union(parts.selectKey("part-places", ({ id, at, v }) => v === 0 ? null : { o: id, g: at }))
    .to(SINKS.either);
  goods.groupBy(({ sl }) => ({ sl }))
    .aggregate("makes", { goods: count(), named: sum(({ maker }) => maker === null ? 0 : 1), pr: sum(({ pr }) => pr) })
    .to(SINKS.makes);
  lines.leftJoin("line", placed, ({ o, g }) => o === null ? null : { o, g: (g + 1) % 3 })
    .leftJoin("part", parts, ({ o }) => o === null ? null : { id: o, at: 1 })
    .mapValues(({ id, line, part }) => ({ id, line: line?.id ?? null, v: part?.v ?? null }))
    .to(SINKS.beside);
}
