import { type HttpServer, serveHttp } from "../../../src/cli/http_server.ts";
import { storeRoutes } from "../../../src/cli/store/store_routes.ts";
import type { StepRun } from "../../runtime/step_run.ts";
import { openThings } from "../../runtime/things.ts";

const HOST = "127.0.0.1";
export const PASSWORD = "secret";

/** A server whose address is known before what it serves is there. */
export class Instance {
  run: StepRun | null = null;
  readonly server: HttpServer;
  readonly address: string;

  constructor(password: string | null) {
    const runs = () => [{ name: "things", state: "running", runner: this.run?.runner ?? null }];
    const route = (request: Request, from: { readonly loopback: boolean }) =>
      storeRoutes({ runs: runs(), password, instance: () => this.address })["GET /store/*"](request, from);
    this.server = serveHttp({ host: HOST, port: 0 }, { "GET /store": route, "GET /store/*": route });
    this.address = `${HOST}:${this.server.port}`;
  }

  /** With the password, unless other headers are given. */
  async get(path: string, headers: Record<string, string> = { authorization: `Bearer ${PASSWORD}` }) {
    const response = await fetch(`${this.server.url}${path}`, { headers });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  }
}

/** Runs `use` with an instance, or two, of a topology of two partitions. */
export async function withInstances(
  { count, password = PASSWORD }: { readonly count: 1 | 2; readonly password?: string | null },
  use: (instances: readonly Instance[], world: Awaited<ReturnType<typeof openThings>>) => Promise<void>,
): Promise<void> {
  await using world = await openThings({ partitions: 2 });
  await world.put([[1, "one"], [2, "two"], [3, "three"], [4, "four"], [10, "ten"]]);
  const instances = Array.from({ length: count }, () => new Instance(password));
  try {
    for (const instance of instances) {
      instance.run = world.spawn({ options: { applicationServer: instance.address } });
      await instance.run.settled();
    }
    for (const { run } of instances) await run!.settled();
    await use(instances, world);
  } finally {
    for (const { server } of instances) await server.close();
  }
}
