import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { pageViews, profiles, regionalViews } from "../../examples/07_page_views.ts";

Deno.test("page_views adds each view once, with the region that its user had in that moment", async () => {
  await using driver = createTopologyTestDriver(topology);
  const view = (user_id: number | null, page: string) => driver.send(pageViews, { value: { user_id, page } });
  driver.insert(profiles, { id: 7, region: "Tyrol" });
  view(7, "/");
  view(null, "/health");
  view(null, "/");
  view(8, "/cart");
  await driver.settle();
  driver.update(profiles, { id: 7, region: "Styria" });
  await driver.settle();
  view(7, "/cart");
  await driver.restart();
  assertEquals(driver.appended(regionalViews).map(({ page, region }) => `${page} ${region}`).sort(), [
    "/ Tyrol",
    "/ unknown",
    "/cart Styria",
    "/cart unknown",
  ]);
});
