import type { Topology } from "../../src/mod.ts";
import { rowEncoder } from "../../src/processor/sink_row.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { divide } from "../../src/plan/units.ts";
import type { Row } from "../../src/record/row.ts";
import { amountOf, wantedAmount } from "./told_changes.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";

/** A sink that does not show what it must. Rows as JSON arrays of its columns. */
export interface Difference {
  readonly sink: string;
  readonly columns: readonly string[];
  /** Rows that must be shown and are not. */
  readonly missing: readonly string[];
  /** Rows that are shown and must not be. */
  readonly wrong: readonly string[];
}

/** What is to be shown: the topology's rows, but those that ClickHouse refuses. */
export interface Expected {
  readonly topology: Topology;
  /** Partitions of the sources by name; the others have 3. */
  readonly partitions: Readonly<Record<string, number>>;
  readonly isRefused?: (sink: string, row: Row) => boolean;
}

/**
 * Holds every sink of a settled driver against the from-scratch interpreter. Returns the first that differs, or null.
 */
export function differenceOf(
  driver: TopologyTestDriver,
  { topology, partitions, isRefused = () => false }: Expected,
): Difference | null {
  const { read, options } = fromScratch(driver, { topology, partitions });
  const sinks = computeSinks(topology, read, options);
  for (const [sink, { spec, rows }] of sinks) {
    if (spec.output?.changes) {
      const difference = untold(driver, { topic: spec.output.topic, rows });
      if (difference !== null) return difference;
      continue;
    }
    const columns = Object.entries(spec.columns).map(([column, type]) => ({ name: column, type }));
    const encode = rowEncoder(columns);
    const expected = [...rows.values()].flatMap((row) => {
      try {
        return isRefused(sink, row) ? [] : [`${encode(row)}]`];
      } catch {
        // The sink refuses it.
        return [];
      }
    }).sort();
    const shown = driver.select({ spec }).map((row) =>
      `[${columns.map((column) => jsonText(row[column.name])).join(",")}]`
    ).sort();
    const missing = without(expected, shown);
    const wrong = without(shown, expected);
    if (missing.length > 0 || wrong.length > 0) {
      return { sink, columns: columns.map(({ name }) => name), missing, wrong };
    }
  }
  return null;
}

/** What the interpreter is given for a driver. */
export function fromScratch(driver: TopologyTestDriver, { topology, partitions }: Expected) {
  const sources = new Map(
    topology.nodes.flatMap((node) => node.op === "source" ? [[node.source.topic, node.source]] : []),
  );
  const { lookedUp } = divide(topology, (topic) => partitions[sources.get(topic)!.name] ?? 3);
  return {
    topology,
    read: (topic: string) => driver.rows({ spec: sources.get(topic)! }),
    options: { lookedUp, nowUs: driver.nowMs * 1_000 },
  };
}

/** What the events of a table's changes amount to, one after the other, is the table; no two in a row are equal. */
function untold(
  driver: TopologyTestDriver,
  { topic, rows }: { readonly topic: string; readonly rows: ReadonlyMap<string, Row> },
): Difference | null {
  const sink = topic.split(".")[2];
  const expected = wantedAmount(rows);
  const { rows: shown, again } = amountOf(driver, { sink });
  const [missing, wrong] = [without(expected, shown), [...without(shown, expected), ...again]];
  return missing.length + wrong.length === 0 ? null : { sink, columns: ["key", "row"], missing, wrong };
}

/** The items of the first list without those of the second; what is there twice counts twice. */
function without(items: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return items.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function jsonText(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
