import type { Topology } from "../../dsl/topology.ts";
import { maskedTables, masksOf } from "../../plan/masks.ts";
import { MASKED } from "../../record/mask.ts";

/** A column as it should be and as it is. */
interface ComparedColumn {
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
}

/** What reports hide of one table. */
export interface HiddenColumns {
  readonly key: boolean;
  /** The columns as they are shown. */
  shown<Column extends ComparedColumn>(columns: readonly Column[]): Column[];
}

/**
 * What reports about tables hide, by topology and table; null: nothing of that topology is masked. Of a table of which
 * nobody knows what is hidden, everything is.
 */
export function hiddenColumns(
  topologies: readonly Topology[],
): (table: { readonly topology: string; readonly sink?: string }) => HiddenColumns | null {
  const masking = new Map(
    topologies.flatMap((topology) => masksOf(topology) === null ? [] : [[topology.name, maskedTables(topology)]]),
  );
  return ({ topology, sink }) => {
    const tables = masking.get(topology);
    if (tables === undefined) return null;
    const mask = sink === undefined ? undefined : tables.get(sink);
    return {
      key: mask === undefined || mask.key,
      shown: (columns) =>
        columns.map((column) =>
          mask === undefined || mask.columns.includes(column.name)
            ? { ...column, expected: MASKED, actual: MASKED }
            : column
        ),
    };
  };
}
