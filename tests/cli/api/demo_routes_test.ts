import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import { DEMO_SIZES, DemoSource } from "../../../src/cli/start/demo_source.ts";
import { type DemoStore, openDemoStore } from "../../../src/demo/mod.ts";
import { permitted, withDirectory } from "../support.ts";
import { PASSWORD, WatchedInstance } from "./watched_instances.ts";

const options = { ignore: !permitted };

/** What is known of a demo store that is asked and changed. */
interface Desk {
  readonly store: DemoStore;
  readonly source: DemoSource;
  readonly url: string;
  readonly ask: (path: string, init?: { readonly body?: unknown; readonly headers?: HeadersInit }) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- whatever JSON it is
  readonly answer: any;
}

async function asked(
  url: string,
  { body, headers = { authorization: `Bearer ${PASSWORD}` } }: Parameters<Desk["ask"]>[1] = {},
): Promise<Answer> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, { ...init, headers });
  return { status: response.status, answer: await response.json() };
}

function withDesk(test: (desk: Desk) => Promise<void>, settings: { readonly showsRows?: boolean } = {}): Promise<void> {
  return withDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const sizes = DEMO_SIZES.small;
    const store = openDemoStore({ path: `${directory}/store.db`, log, clock: systemClock, sizes });
    const source = new DemoSource(store, { ratePerSecond: 200 });
    const { server } = new WatchedInstance({ demo: source, ...settings });
    try {
      await test({ store, source, url: server.url, ask: (path, init) => asked(`${server.url}/api/demo${path}`, init) });
    } finally {
      await server.close();
      await source.close();
      await log.close();
    }
  });
}

const begun = async ({ source }: Desk) => {
  await source.prepare(new AbortController().signal);
  source.begin();
};

Deno.test(
  "POST /api/demo/price changes a sale of the store while it runs, and it runs on",
  options,
  () =>
    withDesk(async (desk) => {
      const { store, ask } = desk;
      await begun(desk);
      const { answer: { pid, sale } } = await ask("");
      assertEquals(pid, Deno.pid);
      const price = (Number(sale.unit_price) + 2).toFixed(2);
      const body = { order_item_id: sale.order_item_id, unit_price: price };
      // Also at once: each waits for the one before.
      const [first, second] = await Promise.all([ask("/price", { body }), ask("/price", { body })]);
      assertEquals([first.status, second.status].sort(), [200, 400]);
      const { answer } = first.status === 200 ? first : second;
      assertEquals(answer, { before: sale, after: { ...sale, unit_price: price } });
      assertEquals((await ask(`?order_item_id=${sale.order_item_id}`)).answer.sale.unit_price, price);
      const row = [...store.rows("order_items")].find(({ id }) => id === sale.order_item_id);
      assertEquals(row?.unit_price, price);
      const changes = store.changesWritten();
      for (let tries = 0; store.changesWritten() < changes + 20; tries++) {
        assert(tries < 200, "the store goes on");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }),
);

Deno.test(
  "POST /api/demo/bad-record says which record cannot be read, and what is right",
  options,
  () =>
    withDesk(async (desk) => {
      await begun(desk);
      const { status, answer } = await desk.ask("/bad-record", { body: {} });
      assertEquals([status, answer.topic, answer.column], [200, "online_store.public.products", "price"]);
      assertEquals([answer.key, answer.sent], [`{"id":${answer.product_id}}`, `${answer.right.replace(".", ",")} EUR`]);
    }),
);

Deno.test(
  "/api/demo refuses whoever may not, what cannot be, and says what to do",
  options,
  () =>
    withDesk(async (desk) => {
      const { url, ask } = desk;
      assertEquals((await ask("")).status, 503);
      await begun(desk);
      const body = { order_item_id: 1, unit_price: "1.00" };
      assertEquals((await ask("/price", { body, headers: {} })).status, 401);
      for (const [name, value] of [["origin", "http://elsewhere.example"], ["sec-fetch-site", "cross-site"]]) {
        const all = { authorization: `Bearer ${PASSWORD}`, [name]: value };
        for (const path of ["/price", "/bad-record"]) {
          assertEquals((await ask(path, { body, headers: all })).status, 403, path);
        }
      }
      const own = { authorization: `Bearer ${PASSWORD}`, origin: url, "sec-fetch-site": "same-origin" };
      const cases = [
        ["/price", { ...body, unit_price: "12,90" }, /an amount such as 12\.90/],
        ["/price", { ...body, unit_price: 12.9 }, /send \{ "order_item_id": 4711/],
        ["/price", { ...body, order_item_id: 987_654 }, /no such item/],
        ["/price", { unit_price: "1.00" }, /order_item_id/],
        ["/price", { ...body, table: "orders" }, /table/],
        ["/bad-record", { product_id: 1 }, /send \{\}/],
      ] as const;
      for (const [path, sent, says] of cases) {
        const { status, answer } = await ask(path, { body: sent, headers: own });
        assertEquals([status, says.test(answer.error)], [400, true], answer.error);
      }
      assertEquals((await ask("?order_item_id=987654")).status, 404);
      const release = await desk.source.hold();
      const changes = desk.store.changesWritten();
      const held = await ask("/bad-record", { body: {}, headers: own });
      assertEquals([held.status, /holds still for a comparison/.test(held.answer.error)], [503, true]);
      assertEquals(desk.store.changesWritten(), changes);
      release();
      assertEquals((await ask("/bad-record", { body: {}, headers: own })).status, 200);
    }),
);

Deno.test("whoever holds the demo store waits for a change that is under way", options, () =>
  withDesk(async (desk) => {
    await begun(desk);
    const order: string[] = [];
    const used = desk.source.use(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push("changed");
    });
    const release = await desk.source.hold();
    order.push("held");
    await used;
    assertEquals(order, ["changed", "held"]);
    assertEquals(desk.source.use(() => Promise.resolve()), null);
    release();
    await desk.source.use(() => Promise.resolve());
  }));

Deno.test(
  "/api/demo tells and changes nothing where rows are hidden, or where there is no demo store",
  options,
  () =>
    withDesk(async (desk) => {
      await begun(desk);
      const hidden = await desk.ask("/bad-record", { body: {} });
      assertEquals([hidden.status, /WEIR_CONSOLE_ROWS/.test(hidden.answer.error)], [403, true]);
      const { server } = new WatchedInstance();
      try {
        for (const [path, body] of [["", undefined], ["/price", { order_item_id: 1, unit_price: "1" }]] as const) {
          const { status, answer } = await asked(`${server.url}/api/demo${path}`, { body });
          assertEquals([status, /There is no demo store here/.test(answer.error)], [409, true], answer.error);
        }
      } finally {
        await server.close();
      }
    }, { showsRows: false }),
);
