import { assert, assertEquals } from "@std/assert";
import { closeBrowser } from "./browser.ts";
import { SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

Deno.test("a bad record is fixed and replayed; every attempt is kept", () =>
  withPage({ at: "#/letters" }, async (page, { letters }) => {
    await page.getByRole("link", { name: "not_decimal" }).first().click();
    const panel = page.getByRole("complementary", { name: "Dead letter" });
    await panel.getByRole("button", { name: "Replay" }).click();
    await panel.getByText("Attempts").waitFor(SOON);
    assertEquals(letters.one("letter-1")!.attempts.map(({ outcome }) => outcome), ["failed"]);
    const record = panel.getByLabel("Record");
    await record.fill((await record.inputValue()).replace("12,90 EUR", "12.90"));
    await panel.getByRole("button", { name: "Replay as edited" }).click();
    await page.getByText("1 letter replayed.").waitFor(SOON);
    await panel.locator(".attempts li").nth(1).waitFor(SOON);
    assertEquals(letters.one("letter-1")!.attempts.map(({ outcome }) => outcome), ["failed", "replayed"]);
    await page.getByText("6 open, 1 resolved").waitFor(SOON);
  }));

Deno.test("letters are filtered by reason, and all of a reason are replayed", () =>
  withPage({ at: "#/letters" }, async (page) => {
    await page.getByRole("button", { name: /1 outdated/ }).click();
    assert(page.url().includes("reason=outdated"), page.url());
    await page.getByText(/refused/).first().waitFor(SOON);
    assertEquals(await page.locator("table tbody tr").count(), 1);
    await page.getByRole("button", { name: "Replay all of this reason" }).click();
    await page.getByText("offset 518 of the same key is newer").waitFor(SOON);
    await page.getByRole("button", { name: /reason: outdated/ }).click();
    await page.locator("table tbody tr").nth(3).waitFor(SOON);
  }));

Deno.test("letters of one operator are listed, counted and replayed, as a node of the graph leads to them", () =>
  withPage({ at: "#/topology/sales" }, async (page, { letters }) => {
    const operators: (string | null)[] = [];
    for (const kind of ["source", "sink"]) {
      await page.locator(`.node.${kind}`).first().click();
      const link = page.locator(".panel").getByRole("link", { name: "Dead letters" });
      operators.push(new URL((await link.getAttribute("href"))!.slice(1), page.url()).searchParams.get("operator"));
    }
    assertEquals(operators, ["online_store.public.orders", "sink sales"]);
    await page.locator(".panel").getByRole("link", { name: "Dead letters" }).click();
    await page.getByText("1 open, 0 resolved").waitFor(SOON);
    assertEquals(await page.locator("table tbody tr").count(), 1);
    await page.getByRole("button", { name: /1 callback_threw/ }).click();
    await page.getByRole("button", { name: "Replay all of this reason and operator" }).click();
    await page.getByText("1 letter replayed.").waitFor(SOON);
    assertEquals(letters.one("letter-thrown")!.attempts, []);
    await page.getByText("No open dead letters of this choice").waitFor(SOON);
    await page.getByText("There may be others: remove a filter above").waitFor(SOON);
  }));

Deno.test("older letters come page by page, and a selection is replayed", () =>
  withPage({ at: "#/letters" }, async (page) => {
    await page.getByRole("button", { name: "Older ones" }).click();
    await page.locator("table tbody tr").nth(5).waitFor(SOON);
    await page.getByLabel("Select letter-2").check();
    await page.getByLabel("Select letter-outdated").check();
    await page.getByRole("button", { name: "Replay 2 letters" }).click();
    await page.getByText("0 letters replayed, 2 not.").waitFor(SOON);
  }));

Deno.test("of a record that was too long to be kept, columns are set", () =>
  withPage({ at: "#/letters/letter-outdated" }, async (page) => {
    await page.getByText("read from its topic again").waitFor(SOON);
    await page.getByLabel("Columns").fill('{"price": "12.90"');
    await page.getByText(/^Not JSON/).waitFor(SOON);
    await page.getByLabel("Columns").fill('{"price": "12.90"}');
    await page.getByRole("button", { name: "Replay as edited" }).click();
    await page.getByText("0 letters replayed, 1 not.").waitFor(SOON);
    await page.getByText("What was changed").waitFor(SOON);
  }));

Deno.test("a row that was computed is replayed as it is", () =>
  withPage({ at: "#/letters/letter-thrown" }, async (page) => {
    await page.getByText("is computed again as it is").waitFor(SOON);
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await page.getByText("1 letter replayed.").waitFor(SOON);
    await page.getByText("Stack").click();
    await page.getByText("topologies/sales.ts:31:44").waitFor(SOON);
  }));

Deno.test("letters that other instances keep for themselves are told, with whom", () =>
  withPage({ at: "#/letters" }, async (page, { standing }) => {
    const none = { here: false, problem: null, tasks: 3, uptimeMs: 1, memory: null };
    standing.others = [
      { ...none, instance: "10.0.0.2:8686", deadLetters: 4 },
      { ...none, instance: "10.0.0.3:8686", deadLetters: 0 },
    ];
    await page.getByText(/4 other open letters are with other instances, whose pages show them: 10\.0\.0\.2:8686\. /)
      .waitFor(SOON);
    standing.others = [];
    await page.getByText(/with other instances/).waitFor({ state: "detached", ...SOON });
  }));
