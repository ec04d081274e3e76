import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

async function ask(page: Page, sql: string): Promise<void> {
  await page.getByLabel("SQL, read only").fill(sql);
  await page.keyboard.press("Control+Enter");
}

Deno.test("a table shows its rows, of which each leads to its explanation", () =>
  withPage({ at: "#/tables" }, async (page) => {
    await page.getByRole("link", { name: /^sales sales/ }).click();
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
    await page.getByRole("link", { name: "why" }).nth(2).click();
    await page.getByRole("article").waitFor(SOON);
    assert(page.url().endsWith("#/explain/sales/sales/4713"), page.url());
  }));

Deno.test("questions are kept, refusals are told, and results are downloaded", () =>
  withPage({ at: "#/tables" }, async (page) => {
    await ask(page, "SELECT * FROM sales LIMIT 3");
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    assertEquals(file.suggestedFilename(), "sales.csv");
    const lines = (await Deno.readTextFile((await file.path())!)).split("\r\n");
    assertEquals([lines.length, lines[0].split(",")[0], lines[1].split(",")[0]], [102, "order_item_id", "4711"]);
    await ask(page, "DROP TABLE sales_rows");
    await page.getByRole("alert").getByText("Cannot run a statement that writes").waitFor(SOON);
    await page.reload();
    await page.getByLabel("Questions before").selectOption({ index: 1 });
    assertEquals(await page.getByLabel("SQL, read only").inputValue(), "SELECT * FROM sales LIMIT 3");
  }));

Deno.test("hostile values are texts: markup, five megabytes, characters that turn the writing", () =>
  withPage({ at: "#/tables" }, async (page) => {
    await ask(page, "SELECT * FROM hostile");
    await page.getByText("6 rows", { exact: true }).waitFor(SOON);
    const text = await mainText(page);
    for (
      const part of ["<script>globalThis.hacked=1", "\u2400\u2407\u241b[31m", "abc\\u202egpj", "5,242,880 characters"]
    ) {
      assertStringIncludes(text, part);
    }
    assert(text.length < 20_000, `${text.length} characters are on the page`);
    assertEquals(await page.evaluate(() => "hacked" in globalThis), false);
    assertEquals(await page.locator("#main img, #main script").count(), 0);
  }));

Deno.test("10,000 columns are shown some at a time", () =>
  withPage({ at: "#/tables" }, async (page) => {
    await ask(page, "SELECT * FROM wide");
    await page.getByRole("button", { name: "50 of 10,000 columns: show more" }).click();
    await page.getByRole("button", { name: "100 of 10,000 columns: show more" }).waitFor(SOON);
    assertEquals(await page.locator("table.grid th").count(), 100);
  }));

Deno.test("what is typed stays when a password is given, and what was refused is asked again", () =>
  withPage({ at: "#/tables/sales" }, async (page, { standing }) => {
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
    standing.password = "secret";
    await ask(page, "SELECT * FROM hostile");
    await page.getByLabel("Password", { exact: true }).fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText("6 rows", { exact: true }).waitFor(SOON);
    assertEquals(await page.getByLabel("SQL, read only").inputValue(), "SELECT * FROM hostile");
  }));

Deno.test("a table of events says by what it is ordered, since it has no key", () =>
  withPage({ at: "#/tables/fraud_signals" }, async (page) => {
    await page.getByText("ordered by signal, ordered_at").waitFor(SOON);
    assertEquals((await mainText(page)).includes("key signal"), false);
  }));

Deno.test("a table with masked columns shows its rows without these, and says which they are", () =>
  withPage({ at: "#/now" }, async (page, { standing, url }) => {
    standing.masked = { sales: ["seller", "buyer_country"] };
    await page.reload();
    await page.goto(`${url}/#/tables/sales`);
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
    const asked = await page.getByLabel("SQL, read only").inputValue();
    assertEquals(/^SELECT order_item_id, .*product.* FROM sales LIMIT 100$/.test(asked), true, asked);
    assertEquals([asked.includes("*"), /\bseller\b|buyer_country/.test(asked)], [false, false], asked);
    const text = await mainText(page);
    assertStringIncludes(text, "2 columns masked, not shown here: seller, buyer_country");
    assertStringIncludes(text, "Enamel Kettle");
    await page.getByRole("link", { name: "why" }).nth(2).click();
    await page.getByRole("article").waitFor(SOON);
    assert(page.url().endsWith("#/explain/sales/sales/4713"), page.url());
  }));

Deno.test("a table whose columns are all masked is not asked for, and says so", () =>
  withPage({ at: "#/now" }, async (page, { standing, url, asked }) => {
    const columns = await page.evaluate(async () => {
      const { topologies } = await (await fetch("/api/plan")).json();
      const sinks = topologies.flatMap((one: { description: { sinks: unknown[] } }) => one.description.sinks);
      return sinks.find((sink: { name: string }) => sink.name === "order_funnel").columns;
    }) as string[];
    standing.masked = { order_funnel: columns.map((column) => column.split(" ")[0]) };
    await page.reload();
    await page.goto(`${url}/#/tables/order_funnel`);
    await page.getByText("All columns of this table are masked").waitFor(SOON);
    assertStringIncludes(await mainText(page), "all columns are masked");
    assertEquals(asked.includes("/api/query"), false);
  }));
