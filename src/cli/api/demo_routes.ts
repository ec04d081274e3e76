import { z } from "zod";
import { type DemoStore, garbledPrice, quietSale, repriceProduct, repriceSale, saleOf } from "../../demo/mod.ts";
import type { Routes } from "../http_server.ts";
import { json, RequestError } from "./answer.ts";
import type { BadRecord, DemoAnswer, RepricedSale } from "./answers.ts";
import { readJson } from "./read_json.ts";
import { checkShown } from "./showing_rows.ts";
import type { Watched } from "./watched.ts";

const BODY_BYTES_MAX = 4_096;

/** What may be sent, with an example. */
interface Body<T> {
  readonly shape: z.ZodType<T>;
  readonly example: string;
}

const PRICE: Body<{ readonly order_item_id: number; readonly unit_price: string }> = {
  shape: z.strictObject({ order_item_id: z.int().positive(), unit_price: z.string() }),
  example: '{ "order_item_id": 4711, "unit_price": "12.90" }',
};
const NOTHING: Body<Record<never, never>> = { shape: z.strictObject({}), example: "{}" };

/**
 * What somebody does in the demo store, whose changes go the way of all others: `GET /api/demo`, a sale whose price may
 * be changed; `POST /api/demo/price` changes it; `POST /api/demo/bad-record` changes the price of a product, and sends
 * a record of it that cannot be read. Who may is decided by whoever mounts them: see `guarded()`.
 */
export function demoRoutes(watched: Pick<Watched, "demo" | "showsRows">): Routes {
  return {
    "GET /api/demo": async (request) => {
      checkShown(watched);
      const wanted = new URL(request.url).searchParams.get("order_item_id");
      const sale = await use(watched, (store) =>
        Promise.resolve(
          store.look((rows) => wanted === null ? quietSale(rows) : saleOf(rows.tables, Number(wanted))),
        ));
      if (sale !== null) return json({ pid: Deno.pid, sale } satisfies DemoAnswer);
      throw wanted === null
        ? new RequestError(503, "The demo store has no delivered order yet: try again in a moment")
        : new RequestError(404, `The demo store has no order item "${wanted}": leave it out, and one is chosen`);
    },
    "POST /api/demo/price": async (request) => {
      checkShown(watched);
      const { order_item_id: itemId, unit_price: price } = await read(request, PRICE);
      const answer = await use(watched, (store) =>
        store.change((tx): RepricedSale => {
          const before = saleOf(tx.tables, itemId);
          const after = repriceSale(tx, { itemId, price });
          return { before: before!, after };
        }));
      return json(answer);
    },
    "POST /api/demo/bad-record": async (request) => {
      checkShown(watched);
      await read(request, NOTHING);
      const sent: BadRecord | null = await use(
        watched,
        (store) => store.change(repriceProduct, { sentAs: garbledPrice }),
      );
      if (sent === null) {
        throw new RequestError(503, "The demo store has no product to change at present: try again in some minutes");
      }
      return json(sent);
    },
  };
}

/** @throws RequestError where there is no demo store, or it cannot be used now */
async function use<T>(
  { demo }: Pick<Watched, "demo">,
  work: (store: DemoStore) => Promise<T>,
): Promise<T> {
  if (demo === null) {
    throw new RequestError(
      409,
      "There is no demo store here, and nothing else is changed by this: it belongs to `deno task start` without " +
        "Kafka and without --no-demo",
    );
  }
  const done = demo.use(work);
  if (done === null) {
    throw new RequestError(
      503,
      "The demo store takes no change now: it sends its first rows, holds still for a comparison, or ends. Try again " +
        "in a moment",
    );
  }
  return await done;
}

async function read<T>(request: Request, { shape, example }: Body<T>): Promise<T> {
  const { data, error } = shape.safeParse(await readJson(request, BODY_BYTES_MAX));
  if (data !== undefined) return data;
  throw new RequestError(400, `Cannot tell what to change: send ${example}. ${z.prettifyError(error!)}`);
}
