import { guarded } from "../../../src/cli/api/guard.ts";
import { explainRoutes } from "../../../src/cli/explain/explain_routes.ts";
import { type HttpServer, type Route, serveHttp } from "../../../src/cli/http_server.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { shop } from "../../runtime/explain/shop.ts";
import { appendKeyed, openStepLog, StepRun } from "../../runtime/step_run.ts";

const HOST = "127.0.0.1";
export const PASSWORD = "secret";
const PARTITIONS = 2;

/** A server whose address is known before what it serves is there. */
export class Instance {
  run: StepRun | null = null;
  readonly server: HttpServer;
  readonly address: string;

  constructor(password: string | null) {
    const routes = () =>
      explainRoutes({
        runs: [{ name: "shop", state: "running", runner: this.run?.runner ?? null }],
        access: { password },
        letters: { ofRecord: () => null },
      });
    const mounted = Object.keys(routes()).map((
      name,
    ): [string, Route] => [name, (...asked) => routes()[name](...asked)]);
    this.server = serveHttp({ host: HOST, port: 0 }, guarded(Object.fromEntries(mounted), { password }));
    this.address = `${HOST}:${this.server.port}`;
  }

  /** With the password, unless other headers are given. */
  async get(path: string, headers: Record<string, string> = { authorization: `Bearer ${PASSWORD}` }) {
    const response = await fetch(`${this.server.url}/api/explain${path}`, { headers });
    const text = await response.text();
    return { status: response.status, text, json: JSON.parse(text) };
  }
}

/** Orders of two partitions, each with as many items as its number says, of which those of order 6 is cancelled. */
const ORDERS = [1, 2, 3, 4, 5, 6];
/** Of orders without items, by number: texts that could be taken for something else. */
export const ODD_STATUSES = { 11: "..", 12: "", 13: "[1]", 14: "1", 15: ".", 16: '{"status":"1"}', 17: '"1"' };

/** Runs `use` with instances that share the tasks of a shop. */
export async function withShops(
  { count, password = PASSWORD }: { readonly count: 1 | 2; readonly password?: string | null },
  use: (
    instances: readonly Instance[],
    ports: {
      readonly log: Awaited<ReturnType<typeof openStepLog>>["log"];
      readonly warehouse: ReturnType<typeof createMemoryWarehouse>;
    },
  ) => Promise<void>,
): Promise<void> {
  const topics = ["orders", "items", "customers"].map((name) => `shop.public.${name}`);
  const { clock, log } = await openStepLog(Object.fromEntries(topics.map((topic) => [topic, PARTITIONS])));
  const put = (topic: string, rows: readonly { readonly id: number }[]) => {
    const records = rows.map((after) => ({ key: `{"id":${after.id}}`, value: JSON.stringify({ op: "c", after }) }));
    return appendKeyed(log, records, { topic, partitions: PARTITIONS });
  };
  await put(topics[0], ORDERS.map((id) => ({ id, customer_id: null, status: id === 6 ? "cancelled" : `new ${id}` })));
  await put(topics[0], Object.entries(ODD_STATUSES).map(([id, status]) => ({ id: +id, customer_id: null, status })));
  await put(
    topics[1],
    ORDERS.flatMap((order_id) =>
      Array.from({ length: order_id }, (_, item) => ({ id: 10 * order_id + item, order_id, price: "1.50" }))
    ),
  );
  const warehouse = createMemoryWarehouse();
  const instances = Array.from({ length: count }, () => new Instance(password));
  try {
    for (const instance of instances) {
      const options = { applicationServer: instance.address };
      instance.run = new StepRun(shop, { clock, ports: { log, warehouse }, options }).start();
      await instance.run.settled();
    }
    for (const { run } of instances) await run!.settled();
    await use(instances, { log, warehouse });
  } finally {
    for (const { server } of instances) await server.close();
    for (const { run } of instances) await run?.stop();
    await log.close();
  }
}
