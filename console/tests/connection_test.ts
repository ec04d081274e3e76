import { assert, assertEquals } from "@std/assert";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

Deno.test("an instance that is gone is shown, and everything goes on by itself once it is back", () =>
  withPage({ at: "#/now" }, async (page, mock) => {
    await page.getByText(/^live, /).waitFor(SOON);
    const connect = await mock.disconnect();
    await page.getByText("not connected").waitFor(SOON);
    const text = await mainText(page);
    assert(/does not answer.*What is shown is as it was before\./.test(text), text);
    const at = mock.standing.startedMs = Date.now();
    const began = {
      topology: null,
      kind: "process began",
      level: "info",
      count: 1,
      sentence: "Process 2 began.",
    } as const;
    mock.standing.events = [{ ...began, at, since: at, instance: "127.0.0.1:8686" }];
    connect();
    await page.getByText(/^live, /).waitFor(SOON);
    await page.getByRole("link", { name: "Instances" }).click();
    await page.getByText("Process 2 began.").waitFor(SOON);
  }));

Deno.test("each page says what is missing of an instance that lacks its endpoint, and the others work", () =>
  withPage({ at: "#/explain/sales/sales/1" }, async (page, { standing }) => {
    await page.locator(".verdict").waitFor(SOON);
    for (const name of ["explain", "dead-letters", "query", "tap"]) standing.missing.add(`/api/${name}`);
    const places = {
      "#/explain/sales/sales/2": "/api/explain",
      "#/letters": "/api/dead-letters",
      "#/tables/sales": "/api/query",
    };
    for (const [place, endpoint] of Object.entries(places)) {
      await page.goto(page.url().replace(/#.*/, place));
      await page.getByText(`This instance has no ${endpoint}`).waitFor(SOON);
    }
    await page.goto(page.url().replace(/#.*/, "#/topology/sales?node=op13"));
    await page.getByRole("button", { name: "Watch rows" }).click();
    await page.getByText("This instance has no /api/tap").waitFor(SOON);
    assertEquals(await page.locator(".node").count(), 16);
  }));

Deno.test("an instance that has none of it is told apart from one that is broken", () =>
  withPage({ at: "#/" }, async (page, { standing }) => {
    for (const name of ["plan", "state"]) standing.missing.add(`/api/${name}`);
    await page.reload();
    await page.getByText("The graph cannot be drawn. This instance has no /api/plan").waitFor(SOON);
    await page.getByText("This instance has no /api/state").waitFor(SOON);
    standing.missing.clear();
    await page.locator(".node").first().waitFor(SOON);
  }));

Deno.test("the password is asked for, sent in no address, and kept until the tab is closed", () =>
  withPage({ at: "#/tables" }, async (page, { standing }) => {
    standing.password = "right one";
    await page.reload();
    const field = page.getByLabel("Password", { exact: true });
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("That was not its password").waitFor(SOON);
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await field.fill(standing.password);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /^sales sales/ }).click();
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
    await page.getByText(/^live, /).waitFor(SOON);
    assert(urls.length > 0 && urls.every((url) => !/right|password/.test(url)), urls.join());
    await page.reload();
    await page.getByText("100 rows", { exact: true }).waitFor(SOON);
  }));

Deno.test("what was refused for want of the password is there once it is given", () =>
  withPage({ at: "#/topology/sales" }, async (page, { standing }) => {
    await page.locator(".node").first().waitFor(SOON);
    standing.password = "secret";
    await page.getByRole("link", { name: "Dead letters" }).click();
    await page.getByLabel("Password", { exact: true }).fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText("7 open, 0 resolved").waitFor(SOON);
  }));
