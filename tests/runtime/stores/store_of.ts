import { readStore, type StoreAnswer } from "../../../src/runtime/stores/read_store.ts";
import type { StorePart, StoreSpec } from "../../../src/runtime/stores/store.ts";
import type { StoreQuery } from "../../../src/runtime/stores/store_query.ts";

/** The whole answer, without a pause. */
export function read(store: StoreSpec, query: Partial<StoreQuery> = {}): StoreAnswer {
  const reading = readStore(store, { limit: 100, ...query });
  for (;;) {
    const step = reading.next();
    if (step.done) return step.value;
  }
}

/** Keys of a store by partition. */
export type KeysOf = Readonly<Record<number, readonly (readonly unknown[])[]>>;

/** A store of so many partitions, of which these are here and running; the value of each key is the key as a text. */
export function partsOf(
  columns: readonly string[],
  { partitions, here, state = "running" }: {
    readonly partitions: number;
    readonly here: KeysOf;
    readonly state?: "running" | "standby" | "restoring";
  },
): StoreSpec {
  const parts = Object.entries(here).map(([partition, keys]): StorePart => ({
    standing: () => ({ partition: Number(partition), state, position: [], lag: 0 }),
    columns: () => columns.map((name) => ({ name, text: "as_is" })),
    find: () => null,
    items: () => keys.map((key) => ({ key, value: () => key.join() })),
  }));
  return { name: "store", kind: "table", partitions, windowed: false, mask: null, parts: () => parts };
}

/** A store of one partition that holds these keys, each with its place as value. */
export function storeOf(
  columns: readonly string[],
  keys: readonly (readonly unknown[])[],
  settings: { readonly windowed?: boolean; readonly text?: "as_is" | "lower" } = {},
): StoreSpec {
  const { windowed = false, text = "as_is" } = settings;
  const part: StorePart = {
    standing: () => ({ partition: 0, state: "running", position: [], lag: 0 }),
    columns: () => columns.map((name) => ({ name, text })),
    find: () => null,
    items: () => keys.map((key, place) => ({ key, value: () => place })),
  };
  return { name: "store", kind: "table", partitions: 1, windowed, mask: null, parts: () => [part] };
}
