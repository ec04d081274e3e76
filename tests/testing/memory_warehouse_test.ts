import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { warehouseConformance } from "../ports/warehouse_conformance.ts";

warehouseConformance("the in-memory warehouse", () => {
  const warehouse = createMemoryWarehouse();
  return Promise.resolve({ warehouse, database: "none", close: () => warehouse.close() });
}, { without: ["sql"] });
