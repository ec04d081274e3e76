import { clickhouse, topology, type TopologyBuilder, TopologyError } from "../../src/mod.ts";

// deno-lint-ignore no-explicit-any -- these topologies are wrong in ways that the compiler would refuse
export type Untyped = any;

/** Why a declaration is refused; empty if it is not. */
export function problemsOf(declare: (builder: TopologyBuilder) => void): readonly string[] {
  try {
    topology("shop", declare);
    return [];
  } catch (error) {
    if (error instanceof TopologyError) return error.problems;
    throw error;
  }
}

/** A sink of any key and columns, which takes whatever a table has. */
export function shownBy(key: readonly string[], columns: Readonly<Record<string, string>>): Untyped {
  return clickhouse("shown", { key, columns });
}
