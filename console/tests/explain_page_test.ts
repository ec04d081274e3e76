import { assertEquals, assertStringIncludes } from "@std/assert";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

const OUTCOMES: readonly (readonly [string, string, string])[] = [
  ["4711", "shown", "equal to what is computed"],
  ["1", "filtered", "The order is cancelled."],
  ["2", "no partner", "There is no product 93."],
  ["3", "null key", "product_id is null."],
  ["4", "waiting", "Its order has not answered."],
  ["5", "dead letter", "not_decimal"],
  ["99999", "unknown", "Nothing with key 99999 was ever read."],
];

Deno.test("every outcome is shown with where the row stopped, and why", () =>
  withPage({ at: "#/explain" }, async (page) => {
    for (const [key, outcome, sentence] of OUTCOMES) {
      await page.getByRole("textbox", { name: "order_item_id" }).fill(key);
      await page.getByRole("button", { name: "Explain" }).click();
      await page.locator(".verdict").getByText(`order_item_id ${key}`).waitFor(SOON);
      assertEquals(await page.locator(".verdict .badge").innerText(), outcome);
      assertStringIncludes(await mainText(page), sentence);
    }
    await page.goBack();
    await page.locator(".verdict").getByText("order_item_id 5").waitFor(SOON);
    await page.getByRole("link", { name: "not_decimal" }).click();
    await page.getByText(/reason: not_decimal/).waitFor(SOON);
  }));

Deno.test("a row that a correction has deleted leads to the dead letter that was replayed", () =>
  withPage({ at: "#/explain/sales/sales/6" }, async (page) => {
    await page.getByRole("link", { name: "What was replayed of dead letter letter-1" }).click();
    await page.getByRole("complementary", { name: "Dead letter" }).getByText("not_decimal").first().waitFor(SOON);
  }));

Deno.test("a total shows the rows that it is made of", () =>
  withPage({ at: "#/explain/sales/seller_revenue_by_hour/total" }, async (page) => {
    await page.getByRole("heading", { name: "Rows that make up this total" }).waitFor(SOON);
    await page.getByRole("button", { name: "more" }).click();
    await page.getByText("4 of 4", { exact: true }).waitFor(SOON);
  }));

Deno.test("a total of a stream shows its events, and whether they make it up", () =>
  withPage({ at: "#/explain/sales/seller_revenue_by_hour/events" }, async (page) => {
    await page.getByRole("heading", { name: "Events that make up this total" }).waitFor(SOON);
    const text = await mainText(page);
    for (const told of ["they DO NOT make up the total", "1,034", "maybe too late", "3 of 3"]) {
      assertStringIncludes(text, told);
    }
  }));

Deno.test("a record shows its rows in ClickHouse, and which of them is missing", () =>
  withPage({ at: "#/explain/sales/sales/online_store.clickstream%2F0%2F33" }, async (page) => {
    await page.getByRole("heading", { name: "ClickHouse has" }).waitFor(SOON);
    const text = await mainText(page);
    for (const told of ["equal to what is computed", "MISSING: this is computed", "Event of clickstream", "key 310"]) {
      assertStringIncludes(text, told);
    }
  }));

Deno.test("a key of several columns has a field for each", () =>
  withPage(
    { at: "#/explain/sales/seller_revenue_by_hour/%5B%2212%22%2C%222026-03-01%2009%3A00%3A00%22%5D" },
    async (page) => {
      await page.getByRole("textbox", { name: "seller_id" }).waitFor(SOON);
      assertEquals(await page.getByRole("textbox", { name: "seller_id" }).inputValue(), "12");
      assertEquals(await page.getByRole("textbox", { name: "hour" }).inputValue(), "2026-03-01 09:00:00");
    },
  ));

Deno.test("any text is a key: the empty one, and what paths would take for a way", () =>
  withPage({ at: "#/explain/sales/sales/" }, async (page) => {
    await page.getByText("Nothing with key  was ever read.").waitFor(SOON);
    await page.getByRole("textbox", { name: "order_item_id" }).fill("..");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Nothing with key .. was ever read.").waitFor(SOON);
    await page.getByRole("textbox", { name: "order_item_id" }).fill("");
    await page.getByRole("button", { name: "Explain", exact: true }).click();
    await page.waitForURL(/#\/explain\/sales\/sales\/$/);
    await page.evaluate(() => location.hash = "#/explain/sales/order_items.product/..");
    await page.getByRole("textbox", { name: "key" }).waitFor(SOON);
    await page.getByText("Nothing with key .. was ever read.").waitFor(SOON);
  }));

Deno.test("the form is about what is explained, also if that is no table of the list", () =>
  withPage({ at: "#/explain/sales/order_items.product/4711" }, async (page) => {
    await page.getByRole("article").waitFor(SOON);
    assertEquals(await page.getByLabel("Table").inputValue(), "sales/order_items.product");
    assertEquals(await page.getByRole("textbox", { name: "key" }).inputValue(), "4711");
    await page.getByRole("textbox", { name: "key" }).fill("4712");
    await page.keyboard.press("Enter");
    await page.waitForURL(/order_items\.product\/4712$/);
  }));
