import { assert, assertEquals } from "@std/assert";
import { ROWS_HIDDEN as SENTENCE } from "../../tests/console/mock_server.ts";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

Deno.test("where contents of rows are hidden, each page says so, and the others show what they have", () =>
  withPage({ at: "#/topology/sales" }, async (page, mock) => {
    mock.standing.hidesRows = true;
    for (const at of ["#/letters", "#/explain/sales/sales/4711", "#/tables"]) {
      await page.goto(`${mock.url}/${at}`);
      await page.reload();
      if (at === "#/tables") {
        await page.getByLabel("SQL, read only").fill("SELECT 1");
        await page.keyboard.press("Control+Enter");
      }
      await page.locator("#main").getByText(SENTENCE).first().waitFor(SOON);
    }
    await page.goto(`${mock.url}/#/now`);
    await page.getByText("changes a second").waitFor(SOON);
    assertEquals((await mainText(page)).includes(SENTENCE), false);
    assert(mock.asked.includes("/api/dead-letters"));
  }));
