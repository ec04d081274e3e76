import { z } from "zod";
import { clickhouse, count, debezium, type Sink, sum, type Topology, topology } from "../../src/mod.ts";
import type { Case } from "./suite.ts";

function source(name: string) {
  return debezium(`recorded.public.${name}`, { key: ["id"], row: z.object({ id: z.string(), value: z.string() }) });
}

/** The recorded topics, as tables of texts by text key. */
export const SOURCES = { left: source("left"), right: source("right") };

function textSink(name: string) {
  return clickhouse(name, { key: ["id"], columns: { id: "String", value: "String" } });
}

const out = textSink("out");
const outNot = textSink("outNot");
const totals = clickhouse("totals", {
  key: ["group"],
  columns: { group: "String", count: "UInt64", sum: "Int64" },
});

/** A topology of Weir for a recorded one, and where its results are shown: output topic to sink and value column. */
export interface Recast {
  readonly topology: Topology;
  readonly results: Readonly<
    Record<string, { readonly sink: Sink<never>; readonly key: string; readonly value: string }>
  >;
}

const OUT = { sink: out, key: "id", value: "value" };

/** Builds the topology that a case describes in words. */
export function recast({ topology: { op } }: Case): Recast {
  const join = /^table-table (?:(FOREIGN-KEY) )?(inner|left|outer) join$/.exec(op);
  if (join !== null) {
    return { topology: joined(join[2], { byForeignKey: join[1] !== undefined }), results: { out: OUT } };
  }
  if (op.includes("filterNot")) {
    return { topology: filtered, results: { out: OUT, outNot: { sink: outNot, key: "id", value: "value" } } };
  }
  if (op.includes("groupBy")) {
    const shown = (value: string) => ({ sink: totals, key: "group", value });
    return { topology: grouped, results: { count: shown("count"), sum: shown("sum") } };
  }
  throw new TypeError(`Cannot recast "${op}": it is not a topology of tables`);
}

/** Text after the first "|"; null when there is none. */
function foreignKey(value: string): string | null {
  const at = value.indexOf("|");
  return at < 0 || at === value.length - 1 ? null : value.slice(at + 1);
}

function joined(kind: string, { byForeignKey }: { byForeignKey: boolean }): Topology {
  return topology("joined", (builder) => {
    const left = builder.table(SOURCES.left);
    const right = builder.table(SOURCES.right);
    if (kind === "outer") {
      return left.outerJoin({ left: "left", right: "right" }, right)
        .mapValues((row, key) => ({ id: key, value: `${row.left?.value ?? null}-${row.right?.value ?? null}` })).to(
          out,
        );
    }
    if (kind === "left") {
      const table = byForeignKey
        ? left.leftJoin("right", right, (row) => foreignKey(row.value))
        : left.leftJoin("right", right);
      return table.mapValues((row) => ({ id: row.id, value: `${row.value}-${row.right?.value ?? null}` })).to(out);
    }
    // The inner join's key is null at times here, which its type does not allow: such rows must be left out.
    const table = byForeignKey
      ? left.join("right", right, (row) => foreignKey(row.value) as string)
      : left.join("right", right);
    table.mapValues((row) => ({ id: row.id, value: `${row.value}-${row.right.value}` })).to(out);
  });
}

const filtered = topology("filtered", (builder) => {
  const left = builder.table(SOURCES.left);
  left.filter((row) => !/[357]$/.test(row.value)).mapValues((row) => ({ id: row.id, value: `<${row.value}>` })).to(out);
  left.filterNot((row) => row.value.endsWith("3")).to(outNot);
});

const grouped = topology("grouped", (builder) => {
  builder.table(SOURCES.left)
    .groupBy((row) => {
      const group = foreignKey(row.value);
      return group === null ? null : { group };
    })
    .aggregate("totals", { count: count(), sum: sum((row) => Number(row.value.slice(0, row.value.indexOf("|")))) })
    .to(totals);
});
