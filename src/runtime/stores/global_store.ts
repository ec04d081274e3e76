import type { GlobalTable } from "../../plan/physical.ts";
import { type Key, keyParts } from "../../record/key.ts";
import { keyColumnValue, keyFrom } from "../../record/key_column.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { StoreItem, StorePart, UnmaskedStore } from "./store.ts";

/** The rows of a global table, as they were read: before any operator. */
export function globalStore(instance: Instance, table: GlobalTable): UnmaskedStore {
  return {
    name: table.name,
    kind: "global table",
    partitions: 0,
    windowed: false,
    parts() {
      const shared = instance.context.globals.rowsOf(table.index);
      const reading = instance.globals.readingOf(table.index);
      if (shared === undefined || reading === undefined) return [];
      const { topic } = table.source;
      const itemAt = (key: Key): StoreItem => ({
        key: table.keyColumns.map((column, place) => keyColumnValue(column, keyParts(key)[place])),
        value: () => shared.held(key) ?? undefined,
      });
      const part: StorePart = {
        standing: () => ({
          partition: null,
          state: reading.whole ? "running" : "restoring",
          position: reading.positions.map((offset, partition) => ({ topic, partition, offset })),
          lag: reading.ends.reduce((sum, end, at) => sum + Math.max(0, end - reading.positions[at]), 0),
        }),
        columns: () => table.keyColumns,
        find(values) {
          if (values.length !== table.keyColumns.length) return null;
          const key = keyFrom(table.keyColumns, values);
          return shared.held(key) === null ? [] : [itemAt(key)];
        },
        *items() {
          for (const slot of shared.keys.used()) yield itemAt(shared.keys.keyOf(slot));
        },
      };
      return [part];
    },
  };
}
