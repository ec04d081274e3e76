import { assert, assertEquals } from "@std/assert";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

Deno.test("the graph is walked by keys, and opens what is chosen", () =>
  withPage({ at: "#/topology/sales" }, async (page) => {
    await page.locator(".node").first().waitFor(SOON);
    await page.locator('.node[tabindex="0"]').focus();
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
    assert((await focused()).startsWith("products every instance"), await focused());
    await page.keyboard.press("ArrowRight");
    assert((await focused()).startsWith("products.mapValues mapValues"), await focused());
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: "Details of products" });
    await panel.waitFor(SOON);
    assert((await panel.innerText()).includes("Every instance has all of it."));
    assert(page.url().endsWith("#/topology/sales?node=op0"), page.url());
    await panel.getByRole("button", { name: "Focus", exact: true }).focus();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached", ...SOON });
  }));

Deno.test("a search dims the rest, and focus leaves only what a node has to do with", () =>
  withPage({ at: "#/topology/sales" }, async (page) => {
    await page.locator(".node").first().waitFor(SOON);
    const search = page.getByPlaceholder("Find a node, topic or table");
    await search.fill("public.users");
    await page.getByText("1 node found").waitFor(SOON);
    const all = await page.locator(".node").count();
    assertEquals(await page.locator(".node:not(.dimmed)").count(), 1);
    await search.press("Enter");
    await page.getByRole("complementary", { name: "Details of users" }).waitFor(SOON);
    await page.getByRole("button", { name: "Focus", exact: true }).click();
    await search.fill("");
    const names = await page.locator(".node .title").allTextContents();
    assert(names.includes("order_items.user") && !names.includes("orders") && names.length < all, names.join());
    await page.getByRole("button", { name: `Show all ${all} nodes` }).click();
    assertEquals(await page.locator(".node").count(), all);
  }));

Deno.test("a tap shows rows while somebody looks, and asks for none otherwise", () =>
  withPage({ at: "#/topology/sales?node=op13" }, async (page, mock) => {
    const watch = page.getByRole("button", { name: "Watch rows" });
    await watch.waitFor(SOON);
    assertEquals(mock.taps(), 0);
    await watch.click();
    const rows = page.locator(".passed li");
    await rows.nth(9).waitFor(SOON);
    assertEquals(mock.taps(), 1);
    await page.getByRole("button", { name: "Hold" }).click();
    await closedTaps(mock.taps);
    const count = await rows.count();
    await page.waitForTimeout(400);
    assertEquals(await rows.count(), count);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator(".passed em").first().waitFor(SOON);
    await page.getByRole("button", { name: "Stop watching" }).click();
    await closedTaps(mock.taps);
    assertEquals(await page.evaluate(() => "hacked" in globalThis), false);
  }));

Deno.test("a join that finds nothing is pointed out in its topology's own words, and edges show what waits", () =>
  withPage({ at: "#/topology/sales?node=op10" }, async (page, { standing }) => {
    const problem = 'Of 900 rows of "order_items" 400 found a partner in "products": those looked for are upper case';
    standing.unmatched = { join: "order_items.product", problem };
    standing.lag = { "online_store.public.orders": 100_000 };
    const panel = page.getByRole("complementary", { name: "Details of order_items.product" });
    await panel.getByText(problem).waitFor(SOON);
    await page.locator(".edge.late").first().waitFor({ state: "attached", ...SOON });
    standing.lag = {};
    await page.locator(".edge.late").first().waitFor({ state: "detached", ...SOON });
    // Few find a partner, and its topology, which knows the share that is asked for, says nothing of it.
    standing.unmatched = { join: "order_items.product", problem: null };
    await panel.getByText(problem).waitFor({ state: "detached", ...SOON });
    assertEquals(await panel.getByText(/found a partner/).count(), 0);
  }));

Deno.test("numbers beside each other are apart for those who copy them, or have them read", () =>
  withPage({ at: "#/topology/sales?node=op10" }, async (page, { letters }) => {
    const count = page.locator(".counters dd").first();
    await count.locator("small").waitFor(SOON);
    const text = await count.evaluate((element) => element.textContent);
    assert(/^[\d,]+ \([\d.<k]+\/s\)$/.test(text), text);
    const link = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: /Dead letters/ });
    await link.getByText("open").waitFor({ state: "attached", ...SOON });
    assertEquals(await link.evaluate((element) => element.textContent), `Dead letters ${letters.open} open`);
  }));

Deno.test("the graph is placed once, whatever numbers come", () =>
  withPage({ at: "#/topology/sales" }, async (page) => {
    await page.locator(".edge text").first().waitFor(SOON);
    const places = () =>
      page.locator(".node").evaluateAll((nodes) => nodes.map((node) => node.getAttribute("transform")));
    const before = await places();
    await page.waitForTimeout(1_500);
    assertEquals(await places(), before);
    assert((await mainText(page)).includes("seller-revenue-by-hour"));
  }));

/** The server notices a moment later that nobody listens. */
async function closedTaps(taps: () => number): Promise<void> {
  for (let tries = 0; taps() > 0 && tries < 50; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(taps(), 0);
}

Deno.test("a topology that does not run is named, and the others are offered", () =>
  withPage({ at: "#/topology/nosuch" }, async (page) => {
    await page.getByText('No topology "nosuch" runs here').waitFor(SOON);
    assertEquals(await page.locator(".node").count(), 0);
    assertEquals(await page.locator(".tabs [aria-current]").count(), 0);
    await page.getByRole("link", { name: "order_funnel", exact: true }).click();
    await page.locator(".node").first().waitFor(SOON);
  }));

Deno.test("what a tap says of other instances is taken back once it is no longer so", () =>
  withPage({ at: "#/topology/sales?node=op13" }, async (page, { standing }) => {
    standing.tapProblem = { instance: "10.0.0.3:8686", problem: "no route to host" };
    await page.getByRole("button", { name: "Watch rows" }).click();
    const notice = page.getByText("Nothing is seen of 10.0.0.3:8686: no route to host");
    await notice.waitFor(SOON);
    standing.tapProblem = null;
    await page.getByRole("button", { name: "Hold" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await notice.waitFor({ state: "detached", ...SOON });
  }));
