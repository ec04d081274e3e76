import { assert } from "@std/assert";
import type { ContinuousProof, SinkProof } from "../../src/cli/proof/proof_report.ts";
import { closeBrowser } from "./browser.ts";
import { mainText, SOON, withPage } from "./with_page.ts";

Deno.test.afterAll(closeBrowser);

const SALES: SinkProof = {
  ...{ topology: "sales", sink: "sales", how: "ranges", rows: 174_999, checked: "2026-03-01T12:03:11.000Z" },
  ...{ roundMs: 12_000, compared: 0, differing: 0, keys: [], unjudged: 0, doubtful: 0, excused: 0, taken: [] },
  ...{ waits: null, paused: null },
};
const HOURS: SinkProof = { ...SALES, sink: "seller_revenue_by_hour", how: "whole", rows: 1 };

function proofOf(...sinks: SinkProof[]): ContinuousProof {
  const leftOut = [{ topology: "cart_abandonment", sink: "carts", reason: "it shows results of streams" }];
  return { state: "running", reason: null, told: null, sinks, leftOut };
}

Deno.test("the badge tells how many rows equal the source, which do not, and leads to why", () =>
  withPage({ at: "#/now" }, async (page, { standing }) => {
    const badge = page.locator(".standing");
    standing.continuous = { state: "starting", reason: null, told: null, sinks: [], leftOut: [] };
    await badge.getByText("not checked since the start").waitFor(SOON);
    standing.continuous = proofOf(SALES, { ...HOURS, checked: null, rows: 0 });
    await badge.getByText("174,999 rows equal the source").waitFor(SOON);
    await badge.getByText("1 table not checked since the start").waitFor(SOON);
    standing.continuous = proofOf(SALES, HOURS);
    await badge.locator(".good").getByText(/^175,000 rows equal the source, checked 2026-03-01/).waitFor(SOON);

    const taken = [{ rows: 3, reason: "which events come too late depends on the order of partitions" }];
    standing.continuous = proofOf(SALES, { ...HOURS, taken });
    await badge.locator(".good").getByText("; 3 rows as Weir's own log has them").waitFor(SOON);
    await page.getByText("them: which events come too late depends on the order").first().waitFor(SOON);

    const columns = [{ name: "amount", expected: "10.00", actual: "<b>11.00</b>" }];
    const since = "2026-03-01T12:03:00.000Z";
    const key = { key: { order_item_id: "4711" }, explain: "4711", kind: "different", columns, since } as const;
    standing.continuous = proofOf({ ...SALES, differing: 1, keys: [key] }, HOURS);
    await badge.locator(".bad").getByText("1 row of sales differs: key 4711").waitFor(SOON);
    const card = page.getByRole("region", { name: "Compared with the source", exact: true });
    await card.getByText("amount is <b>11.00</b> and should be 10.00").waitFor(SOON);
    const text = await mainText(page);
    assert(text.includes("carts of cart_abandonment: it shows results of streams"), text);
    await card.getByRole("link", { name: "4711" }).click();
    await page.waitForURL(/#\/explain\/sales\/sales\/4711$/, SOON);

    standing.continuous = proofOf(SALES, HOURS);
    await badge.locator(".good").getByText("175,000 rows equal the source").waitFor(SOON);
    const nothing = { told: null, sinks: [], leftOut: [] };
    standing.continuous = { state: "failed", reason: "status 1 (tried again in 5 s)", ...nothing };
    await badge.getByText("the comparison with the source has ended").waitFor(SOON);
    await page.goto(`${new URL(page.url()).origin}/#/now`);
    await page.getByText("status 1 (tried again in 5 s)").waitFor(SOON);
  }));
