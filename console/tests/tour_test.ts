import { assert, assertEquals } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { overhangOf, violationsOf } from "./axe.ts";
import { closeBrowser, openPage } from "./browser.ts";
import { type RealInstance, withInstance } from "../../tests/console/real_instance.ts";

/** How long something may take to be seen of an instance that shares the machine with others. */
const SOON = { timeout: 120_000 };
/** Three seconds where nothing else runs. */
const MOVES_MS_MAX = 10_000;

Deno.test.afterAll(closeBrowser);

Deno.test("the tour of a running instance, with a kill -9 and a restart", (t) =>
  withInstance(async (instance) => {
    await instance.start();
    const { page, complaints, close } = await openPage(`${instance.url}/#/topology/sales`);
    const tour = page.locator("#tour");
    try {
      await t.step("the graph moves soon behind the first row", () => graphMoves(page, instance));
      await page.getByRole("button", { name: "Tour: 1 minute" }).click();
      const steps: readonly (readonly [string, () => Promise<void>])[] = [
        ["a price is changed, and its rows follow", () => changePrice(page, tour)],
        ["a row is asked why", () => askWhy(page, tour)],
        ["a bad record is fixed and replayed", () => fixRecord(page, { tour, instance })],
        ["the process is killed, and the proof stays green", () => kill(page, { tour, instance })],
      ];
      for (const [name, step] of steps) if (!await t.step(name, () => withPage(page, step))) break;
      // What a browser writes itself while nobody answers.
      assertEquals(complaints.filter((text) => !/Failed to load resource|ERR_/.test(text)), []);
    } finally {
      await close();
    }
  }));

/** Says what the page showed when `step` failed. */
async function withPage(page: Page, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    console.log(`The page shows:\n${await page.locator("body").innerText()}`);
    throw error;
  }
}

async function graphMoves(page: Page, { url }: RealInstance): Promise<void> {
  const rows = async () => {
    const { status } = await (await fetch(`${url}/api/state?once=true`)).json();
    return status.topologies.find(({ name }: { readonly name: string }) => name === "sales").rows;
  };
  while (await rows() === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  const firstMs = performance.now();
  await page.locator(".edge text").first().waitFor(SOON);
  const ms = Math.round(performance.now() - firstMs);
  console.log(`graph moves ${ms} ms behind the first row`);
  assert(ms <= MOVES_MS_MAX, `it took ${ms} ms`);
}

async function changePrice(page: Page, tour: Locator): Promise<void> {
  const price = tour.getByLabel("New price");
  await price.waitFor(SOON);
  await isUsable(page);
  await price.fill("12,90");
  await tour.getByRole("button", { name: "Change the price" }).click();
  await tour.getByText("it takes an amount such as 12.90").waitFor(SOON);
  await price.fill("1234.50");
  await page.keyboard.press("Enter");
  await tour.getByText(/All 5 tables show it, [\d,]+ ms later/).waitFor(SOON);
  assert((await tour.locator("tr", { hasText: "order_items" }).innerText()).includes("1234.5"));
  await isUsable(page);
  await tour.getByRole("button", { name: "Next: Ask why" }).click();
}

async function askWhy(page: Page, tour: Locator): Promise<void> {
  await tour.getByText("Waiting for your question").waitFor(SOON);
  await tour.getByRole("link", { name: /^sales \d+$/ }).click();
  await tour.getByText("It answered:").waitFor(SOON);
  await page.locator("#main").getByText("equal to what is computed").waitFor(SOON);
  await isUsable(page);
  // Left and gone on with, also behind a reload, it is where it was.
  await page.getByRole("button", { name: "Leave the tour" }).click();
  await tour.waitFor({ state: "detached", ...SOON });
  await page.reload();
  await page.getByRole("button", { name: "Go on with the tour" }).click();
  await tour.getByRole("heading", { name: "Tour: Ask why" }).waitFor(SOON);
  await tour.getByRole("button", { name: "Next: Fix a bad record" }).click();
}

interface Place {
  readonly tour: Locator;
  readonly instance: RealInstance;
}

async function fixRecord(page: Page, { tour, instance }: Place): Promise<void> {
  await tour.getByRole("button", { name: "Send a bad record" }).click();
  await tour.getByRole("link", { name: "Open the dead letter" }).waitFor(SOON);
  const found = await instance.command("verify");
  assert(/products: row id=\d+: price is/.test(found) && /1 key of table "products" is stale/.test(found), found);
  await tour.getByRole("link", { name: "Open the dead letter" }).click();
  const record = page.getByRole("complementary", { name: "Dead letter" }).getByLabel("Record");
  await record.waitFor(SOON);
  await isUsable(page);
  const text = await record.inputValue();
  const [, amount] = /"price": ?"(\d+,\d\d) EUR"/.exec(text)!;
  await record.fill(text.replace(`${amount} EUR`, amount.replace(",", ".")));
  await page.getByRole("button", { name: "Replay as edited" }).click();
  await tour.getByText("as the shop does").waitFor(SOON);
  const again = await instance.command("verify");
  assert(/^Equal: /m.test(again), again);
  await isUsable(page);
  await tour.getByRole("button", { name: "Next: Kill the process" }).click();
}

async function kill(page: Page, { tour, instance }: Place): Promise<void> {
  await tour.getByText("The process runs. Kill it.").waitFor(SOON);
  await tour.getByText(/kill -9 \d+/).waitFor(SOON);
  await instance.end("SIGKILL");
  await tour.getByText("It is gone. Start it again").waitFor(SOON);
  await page.locator("#main").getByText("This page tries again by itself").waitFor(SOON);
  await instance.start();
  await tour.getByText("and everything runs. Nobody has compared all since").waitFor(SOON);
  await page.reload();
  await tour.getByText("and everything runs. Nobody has compared all since").waitFor(SOON);
  await instance.command("verify");
  await tour.getByText("every row was found equal to the source").waitFor(SOON);
  await tour.getByText(/rows equal the source, checked/).waitFor(SOON);
  await tour.getByText("That was all four").waitFor(SOON);
  await isUsable(page);
  await tour.getByRole("button", { name: "Begin anew" }).click();
  await tour.getByRole("heading", { name: "Tour: Change a price" }).waitFor(SOON);
}

/** By everybody: also in dark colours, and on a phone, where nothing is wider than it. */
async function isUsable(page: Page): Promise<void> {
  const size = page.viewportSize()!;
  for (const [scheme, width] of [["light", size.width], ["dark", size.width], ["light", 390]] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ ...size, width });
    assertEquals(await violationsOf(page), [], `${scheme}, ${width} wide`);
    assertEquals(await overhangOf(page), 0, `${width} wide`);
  }
  await page.setViewportSize(size);
}
