import { assertEquals } from "@std/assert";
import { closeBrowser } from "./browser.ts";
import { SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

Deno.test("the tour is offered with a demo store alone, and shows nothing until it is asked for", () =>
  withPage({ at: "#/now" }, async (page, { standing }) => {
    await page.getByRole("button", { name: "Tour: 1 minute" }).waitFor(SOON);
    assertEquals(await page.locator("#tour").count(), 0);
    standing.hasDemo = false;
    await page.reload();
    await page.getByText(/^live, /).waitFor(SOON);
    assertEquals(await page.getByRole("button", { name: /tour/i }).count(), 0);
  }));

Deno.test("a tour that is open says so where rows are hidden, or the demo store is another one or gone", () =>
  withPage({ at: "#/now" }, async (page, { standing }) => {
    standing.hidesRows = true;
    await page.getByRole("button", { name: "Tour: 1 minute" }).click();
    await page.locator("#tour").getByText("WEIR_CONSOLE_ROWS is off").waitFor(SOON);
    await page.getByRole("button", { name: "Fold", exact: true }).click();
    assertEquals(await page.locator("#tour .tour-body").count(), 0);
    await page.getByRole("button", { name: "Unfold" }).click();
    standing.hasDemo = false;
    await page.locator("#tour").getByText("The instance here has no demo store").waitFor(SOON);
    await page.getByRole("button", { name: "Leave the tour" }).click();
    assertEquals(await page.locator("#tour").count(), 0);
  }));
