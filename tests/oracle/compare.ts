import { assertEquals } from "@std/assert";
import type { Topology } from "../../src/mod.ts";
import { rowEncoder } from "../../src/processor/sink_row.ts";
import { computeSinks } from "../../src/testing/oracle.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";

/** Holds every sink of a settled driver against the from-scratch interpreter. `where` names the place in the history. */
export function assertTrue(driver: TopologyTestDriver, topology: Topology, where: string): void {
  const sources = new Map(
    topology.nodes.flatMap((node) => node.op === "source" ? [[node.source.topic, node.source]] : []),
  );
  const sinks = computeSinks(topology, (topic) => driver.rows({ spec: sources.get(topic)! }));
  for (const [name, { spec, rows }] of sinks) {
    const columns = Object.entries(spec.columns).map(([column, type]) => ({ name: column, type }));
    const encode = rowEncoder(columns);
    const expected = [...rows.values()].map((row) => `${encode(row)}]`).sort();
    const shown = driver.select({ spec }).map((row) =>
      `[${columns.map((column) => jsonText(row[column.name])).join(",")}]`
    ).sort();
    assertEquals(shown, expected, `sink "${name}", ${where}`);
  }
}

function jsonText(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
