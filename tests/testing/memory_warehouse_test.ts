import { assertEquals } from "@std/assert";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { warehouseTokensConformance } from "../ports/warehouse_append_conformance.ts";
import { warehouseConformance } from "../ports/warehouse_conformance.ts";
import { appendOf, EVENTS, inputs, type OpenedWarehouse, warehouseTest } from "../ports/warehouse_fixtures.ts";

const name = "the in-memory warehouse";

function open(): Promise<OpenedWarehouse> {
  const warehouse = createMemoryWarehouse();
  return Promise.resolve({ warehouse, database: "none", close: () => warehouse.close() });
}

warehouseConformance(name, open, { without: ["sql"] });
warehouseTokensConformance((sentence, run) => warehouseTest(`${name}: ${sentence}`, open, run));

Deno.test("MemoryWarehouse.forgetRows(): the rows come with a repetition that says so", async () => {
  const warehouse = createMemoryWarehouse();
  await warehouse.ensureAppend(EVENTS);
  const rows = appendOf(inputs(0, 3));
  warehouse.forgetRows(rows);
  await warehouse.append(rows);
  assertEquals(warehouse.select("events"), []);
  await warehouse.append({ ...rows, repeated: true });
  await warehouse.append(rows);
  assertEquals(warehouse.select("events").map(({ kind }) => kind), ["kind 0", "kind 1", "kind 2"]);
});
