import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { greetings, people } from "../../examples/01_hello.ts";

Deno.test("hello greets everybody who is there, by the name of now", async () => {
  await using driver = createTopologyTestDriver(topology);
  driver.insert(people, { id: 1, name: "Ada" });
  driver.insert(people, { id: 2, name: "Joan" });
  driver.update(people, { id: 2, name: "Emmy" });
  await driver.settle();
  assertEquals(driver.select(greetings), [{ id: 1, greeting: "Hello, Ada!" }, { id: 2, greeting: "Hello, Emmy!" }]);
  driver.delete(people, 1);
  await driver.settle();
  assertEquals(driver.select(greetings), [{ id: 2, greeting: "Hello, Emmy!" }]);
});
