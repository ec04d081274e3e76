import { assertEquals, assertRejects } from "@std/assert";
import { mendingWarehouse } from "../../../src/runtime/delivery/mending_warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { appendOf, EVENTS, inputs, offsetsOf } from "../../ports/warehouse_fixtures.ts";

Deno.test("mendingWarehouse() makes an append table again that was dropped, and tells that it is empty", async () => {
  const memory = createMemoryWarehouse();
  const made: string[] = [];
  const warehouse = mendingWarehouse(memory, {
    onMade: () => {},
    onAppendMade: ({ name }) => made.push(name),
  });
  await warehouse.ensureAppend(EVENTS);
  await warehouse.append(appendOf(inputs(0, 2)));
  for (const ask of [() => warehouse.append(appendOf(inputs(2, 4))), () => warehouse.appended(EVENTS, inputs(0, 9))]) {
    memory.drop("events");
    const error = await assertRejects(ask, ProductionError);
    assertEquals([error.retriable, error.reason], [true, "missing"], "it fails as it did before");
    await ask();
  }
  await warehouse.append(appendOf(inputs(4, 6)));
  assertEquals(await offsetsOf(warehouse, inputs(0, 9)), [4, 5]);
  assertEquals(made, ["events", "events"]);
});
