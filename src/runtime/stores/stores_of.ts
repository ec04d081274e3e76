import type { StagePlan } from "../../plan/physical.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { globalStore } from "./global_store.ts";
import { aggregateStore, processorStore } from "./stage_store.ts";
import { rowMasksOf } from "./row_masks.ts";
import type { StoreSpec, UnmaskedStore } from "./store.ts";
import { tableStore } from "./table_store.ts";

/**
 * The stores of a topology: its tables by the names of their sources or aggregates, its global tables, and what
 * operators of streams keep, by the name of the operator; `stage.<name>` where a table has that, and
 * `<processor>.<store>`. Buffers of joins are none.
 */
export function storesOf(instance: Instance): StoreSpec[] {
  const { tables, globals, stages } = instance.topics.plan;
  const masks = rowMasksOf(instance);
  const stores = [
    ...tables.flatMap((table) => table.members.map((_, member) => tableStore(instance, { table, member }))),
    ...globals.map((table) => globalStore(instance, table)),
  ].map((store): StoreSpec => ({ ...store, mask: masks?.named(store.name) ?? null }));
  const taken = new Set(stores.map(({ name }) => name));
  return [
    ...stores,
    ...stages.flatMap((plan) =>
      stageStores(instance, { plan, taken }).map((store): StoreSpec => ({
        ...store,
        mask: masks?.stage(plan.node.id) ?? null,
      }))
    ),
  ];
}

function stageStores(
  instance: Instance,
  { plan, taken }: { readonly plan: StagePlan; readonly taken: ReadonlySet<string> },
): UnmaskedStore[] {
  const { node } = plan;
  if (node.op === "process") return node.stores.map((store) => processorStore(instance, { plan, node, store }));
  if (node.op !== "streamAggregate") return [];
  return [aggregateStore(instance, { plan, node, name: taken.has(node.name) ? plan.name : node.name })];
}
