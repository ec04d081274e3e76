import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { overhangOf, violationsOf } from "./axe.ts";
import { closeBrowser, type PageOptions } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

/** A sentence of each page that is there once it is whole. */
const PLACES: Readonly<Record<string, string>> = {
  "#/topology/sales": "order_items.product",
  "#/topology/cart_abandonment": "clickstream",
  "#/now": "Lag by topic",
  "#/tables/sales": "Enamel Kettle",
  "#/letters/letter-1": "Attempts|Replay",
  "#/explain/sales/sales/4711": "equal to what is computed",
  "#/instances": "order_items",
};

const LOOKS: Readonly<Record<string, PageOptions>> = {
  light: {},
  dark: { scheme: "dark" },
  phone: { width: 390, height: 844 },
};

Deno.test.afterAll(closeBrowser);

for (const [look, options] of Object.entries(LOOKS)) {
  Deno.test(`every page can be used by everybody, ${look}`, async (t) => {
    for (const [at, sentence] of Object.entries(PLACES)) {
      await t.step(at, () =>
        withPage({ at, ...options }, async (page) => {
          await page.locator("#main").getByText(new RegExp(sentence)).locator("visible=true").first().waitFor(SOON);
          assertEquals(await violationsOf(page), []);
          assertEquals(await overhangOf(page), 0);
        }));
    }
  });
}

Deno.test("numbers move while nobody does anything", () =>
  withPage({ at: "#/topology/sales?node=op10" }, async (page) => {
    const rows = page.locator(".counters dd").first();
    await rows.waitFor(SOON);
    const before = await rows.innerText();
    await page.locator(".edge text").first().waitFor(SOON);
    await page.waitForTimeout(1_200);
    assertNotEquals(await rows.innerText(), before);
  }));

Deno.test("Now shows a start with its rows and seconds, problems in words, and the proof", () =>
  withPage({ at: "#/now" }, async (page, { standing }) => {
    standing.loading = true;
    standing.snapshot = { rows: 31_000, rowsTotal: 77_000 };
    standing.problems = ["Cannot write to ClickHouse: connection refused. Start it; nothing is lost meanwhile"];
    standing.proof = { time: new Date().toISOString(), equal: false, sinks: 9, rows: 81_204 };
    await page.getByText("31,000 of 77,000 rows").waitFor(SOON);
    const text = await mainText(page);
    for (const part of [/8 of 12 tasks, 0 rows left, 14 s/, /connection refused/, /DIFFERENT/, /deno task verify/]) {
      assert(part.test(text), `${part} in ${text}`);
    }
    await page.locator(".standing").getByText("rows DIFFER from the source").waitFor(SOON);
    standing.loading = false;
    standing.snapshot = null;
    await page.getByRole("heading", { name: "Starting" }).waitFor({ state: "detached", ...SOON });
  }));

const NOBODY = { here: false, tasks: 0, deadLetters: 0, uptimeMs: null, memory: null };

Deno.test("Instances shows who has what, and an instance that cannot be reached", () =>
  withPage({ at: "#/instances" }, async (page, { standing }) => {
    standing.loading = true;
    standing.others = [
      { ...NOBODY, instance: "10.0.0.2:8686", problem: null, tasks: 9, uptimeMs: 61_000 },
      { ...NOBODY, instance: "10.0.0.3:8686", problem: "Cannot reach it: no route to host" },
    ];
    await page.getByText("no route to host").waitFor(SOON);
    const text = await mainText(page);
    const expected = ["10.0.0.2:8686", "unreachable", "orders-4 restoring (this one)", "orders-5 restoring (10.0.0.2"];
    for (const part of expected) assert(text.includes(part), `${part} in ${text}`);
  }));

Deno.test("Instances shows what happened before the page was opened, to whom, how often, and what was told last", () =>
  withPage({ at: "#/instances" }, async (page, { standing }) => {
    const event = { topology: null, level: "warn" as const, count: 1, since: 1_000 };
    standing.events = [
      {
        ...{ ...event, instance: "10.0.0.2:8686", topology: "sales", kind: "restart", at: 3_000, count: 12 },
        sentence: "sales starts task <b>orders-0</b> again: its inbox was deleted",
      },
      { ...event, instance: "127.0.0.1:8686", kind: "process ended", at: 2_000, sentence: "Process 7 ended cleanly" },
    ];
    const happened = page.getByRole("region", { name: "What happened" });
    await happened.getByText(/<b>orders-0<\/b> again: its inbox was deleted \(12 times since /).waitFor(SOON);
    const alone = await happened.innerText();
    assert(!alone.includes("10.0.0.2") && /restart[^]*process ended Process 7 ended cleanly/.test(alone), alone);
    standing.others = [{ ...NOBODY, instance: "10.0.0.2:8686", problem: null }];
    await happened.getByText("10.0.0.2:8686", { exact: true }).waitFor(SOON);
    await happened.getByText("Instance 10.0.0.2:8686 has come.").waitFor(SOON);
    await page.reload();
    await happened.getByText(/its inbox was deleted/).waitFor(SOON);
    assertEquals(await violationsOf(page), []);
  }));
