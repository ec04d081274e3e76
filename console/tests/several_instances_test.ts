import { assert, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { PASSWORD, SharedShopProcess } from "../../tests/console/shared_shop_process.ts";
import { closeBrowser, openPage } from "./browser.ts";
import { mainText, SOON } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

const ORDERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** Three instances that share a shop, the page of the first of which is open, and was given the password. */
async function withPageOfThree(test: (page: Page, shop: SharedShopProcess) => Promise<void>): Promise<void> {
  await using shop = await SharedShopProcess.begin(3);
  await shop.put({ orders: ORDERS.map((id) => ({ id, status: `new ${id}` })) });
  for (const instance of shop.urls.keys()) await shop.start(instance);
  const { page, close } = await openPage(`${shop.urls[0]}/#/instances`);
  try {
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByText(/^live, /).waitFor(SOON);
    await test(page, shop);
  } finally {
    await close();
  }
}

/** The row of the table of instances that begins with this address. */
function processOf(page: Page, url: string) {
  const host = url.replace("http://", "");
  return page.getByRole("region", { name: "Instances", exact: true }).getByRole("row").filter({ hasText: host });
}

/** An order that another instance has than the one whose page is open, and which. */
async function orderElsewhere(shop: SharedShopProcess): Promise<{ readonly id: number; readonly owner: number }> {
  const owners = await Promise.all(ORDERS.map(async (id) => ({ id, owner: await shop.owner(id) })));
  const elsewhere = owners.find(({ owner }) => owner !== null && owner > 0);
  assert(elsewhere !== undefined, JSON.stringify(owners));
  return { id: elsewhere.id, owner: elsewhere.owner! };
}

/** All tasks of all tables run, with whomever. */
async function allRun(page: Page): Promise<void> {
  for (const table of ["orders", "items", "by-status"]) {
    await page.getByRole("row").filter({ hasText: new RegExp(`^${table}3 of 3 run`) }).waitFor(SOON);
  }
}

/** Asks again until the row of the key is shown: a task that has moved reads its rows first. */
async function untilShown(page: Page): Promise<void> {
  const shown = page.locator(".verdict .badge").getByText("shown", { exact: true });
  await untilSeen(
    shown.waitFor(SOON),
    () => page.getByRole("button", { name: /^(Explain|Ask again)$/ }).first().click(),
  );
}

async function goTo(page: Page, place: string): Promise<void> {
  await page.goto(page.url().replace(/#.*/, place));
}

/** Does `act` again and again until `seen` resolves: what begins meanwhile misses what came before. */
async function untilSeen(seen: Promise<void>, act: () => Promise<unknown>): Promise<void> {
  let over = false;
  const watched = seen.finally(() => over = true);
  watched.catch(() => {});
  while (!over) {
    await act();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await watched;
}

Deno.test("the page of one instance shows the tasks of all with their owner, their rows and their dead letters", () =>
  withPageOfThree(async (page, shop) => {
    for (const url of shop.urls) await processOf(page, url).getByText("running").waitFor(SOON);
    await allRun(page);
    const { id, owner } = await orderElsewhere(shop);
    await goTo(page, "#/topology/shop?node=op0");
    const orders = page.getByRole("region", { name: "Tasks of orders" });
    await orders.getByRole("row").filter({ hasText: new URL(shop.urls[owner]).host }).first().waitFor(SOON);

    await page.getByRole("button", { name: "Watch rows" }).click();
    const passing = page.getByRole("region", { name: "Rows passing orders" });
    let round = 0;
    await untilSeen(
      passing.getByText(new RegExp(`"id": ?"?${id}"?,.*round`)).first().waitFor(SOON),
      () => shop.put({ orders: [{ id, status: `round ${round++}` }] }),
    );

    await goTo(page, `#/explain/shop/placed/${id}`);
    await page.locator(".verdict .badge").getByText("shown", { exact: true }).waitFor(SOON);
    assertStringIncludes(await mainText(page), "equal to what is computed");

    await shop.put({ items: ORDERS.map((id) => ({ id, order_id: id, price: "-1.00" })) });
    await goTo(page, "#/letters");
    await page.getByText(`${ORDERS.length} open, 0 resolved`).waitFor(SOON);
    assert(!(await mainText(page)).includes("with other instances"), "all see the same ones");
  }));

Deno.test("Now tells of all instances together, of which it is that it is of this one, and who is missing", () =>
  withPageOfThree(async (page, shop) => {
    await allRun(page);
    await goTo(page, "#/now");
    const figures = page.getByRole("region", { name: "Figures" });
    await figures.getByText("9/9", { exact: true }).waitFor(SOON);
    await shop.put({ items: ORDERS.map((id) => ({ id, order_id: id, price: "-1.00" })) });
    const letters = figures.getByRole("link", { name: /open dead letters/ });
    await letters.getByText(String(ORDERS.length), { exact: true }).waitFor(SOON);
    for (const own of ["this instance runs for", "Memory of this instance"]) {
      await page.getByText(own, { exact: true }).waitFor(SOON);
    }
    const topology = page.getByRole("region", { name: "Topologies" }).getByRole("row").filter({ hasText: /^shop/ });
    await topology.getByRole("cell", { name: String(ORDERS.length), exact: true }).last().waitFor(SOON);

    const { host } = new URL(shop.urls[2]);
    await shop.vanish(2);
    await page.getByText(new RegExp(`Instance ${host} has told nothing of itself.*refused`)).waitFor(SOON);
    assert(/\b([3-8])\/\1\b/.test(await figures.innerText()), await figures.innerText());
  }));

Deno.test("an instance that cannot be reached is named where something of it is missing, until others have it", () =>
  withPageOfThree(async (page, shop) => {
    const { id, owner } = await orderElsewhere(shop);
    const { host } = new URL(shop.urls[owner]);
    await processOf(page, host).getByText("running").waitFor(SOON);
    await shop.vanish(owner);
    await processOf(page, host).getByText("unreachable").waitFor(SOON);
    await page.getByText(new RegExp(`Instance ${host} cannot be asked: .*refused`)).waitFor(SOON);
    await page.getByText(/are with no instance that tells of them/).waitFor(SOON);

    await goTo(page, `#/explain/shop/placed/${id}`);
    await page.locator(".verdict .badge").getByText("undecided", { exact: true }).waitFor(SOON);
    const undecided = await mainText(page);
    assert(new RegExp(`Nothing is known of ${host}: .*refused`).test(undecided), undecided);
    assert(undecided.includes("not compared") && !undecided.includes("DIFFERS"), undecided);
    await goTo(page, "#/topology/shop?node=op0");
    await page.getByRole("button", { name: "Watch rows" }).click();
    await page.getByText(new RegExp(`Nothing is seen of ${host}: .*refused`)).waitFor(SOON);

    await shop.giveUp(owner);
    await page.getByText(new RegExp(`Nothing is seen of ${host}`)).waitFor({ state: "detached", ...SOON });
    await goTo(page, `#/explain/shop/placed/${id}`);
    await untilShown(page);
    await goTo(page, "#/instances");
    await page.getByText(`Instance ${host} has gone.`).waitFor(SOON);
    await allRun(page);
    await shop.start(owner);
    await page.getByText(`Instance ${host} has come.`).waitFor(SOON);
    const happened = page.getByRole("region", { name: "What happened" });
    await happened.getByRole("listitem").filter({ hasText: host }).filter({ hasText: /shop was given .*: it has \d/ })
      .first().waitFor(SOON);
    await allRun(page);
  }));

Deno.test("the page goes on by itself when its own instance was gone and is there again", () =>
  withPageOfThree(async (page, shop) => {
    await allRun(page);
    await shop.vanish(0);
    await page.getByText("not connected").waitFor(SOON);
    const alone = await mainText(page);
    assert(/does not answer.*What is shown is as it was before\./.test(alone), alone);
    await shop.giveUp(0);
    await shop.start(0);
    const { host } = new URL(shop.urls[0]);
    const begun = page.getByRole("listitem").filter({ hasText: host }).filter({ hasText: "Process 2 began." });
    await begun.waitFor(SOON);
    for (const url of shop.urls) await processOf(page, url).getByText("running").waitFor(SOON);
    await allRun(page);
    await goTo(page, `#/explain/shop/placed/${ORDERS[0]}`);
    await untilShown(page);
  }));
