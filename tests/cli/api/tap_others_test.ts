import { assert, assertEquals } from "@std/assert";
import type { TappedRow, TapProblem } from "../../../src/cli/api/answers.ts";
import { tapOthers } from "../../../src/cli/api/tap_others.ts";
import { openThings } from "../../runtime/things.ts";
import { permitted } from "../support.ts";
import { PASSWORD, WatchedInstance } from "./watched_instances.ts";

const options = { ignore: !permitted };
const WITHIN_MS = 30_000;
const PATH = "/api/tap/things/op1?local=true";

/** A reader of what {@link tapOthers} passes on. */
function reader() {
  const [problems, rows]: [TapProblem[], TappedRow[]] = [[], []];
  const gone = new AbortController();
  const send = (event: string, data: string) => {
    if (event === "problem") problems.push(JSON.parse(data));
    else rows.push(JSON.parse(data));
  };
  return { problems, rows, sink: { send, gone: gone.signal }, end: () => gone.abort() };
}

async function until(is: () => boolean, act: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS;
  while (!is()) {
    assert(performance.now() < deadlineMs, "in time");
    await act();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test(
  "tapOthers() follows an instance that is gone and comes again, and one that comes later",
  options,
  async () => {
    await using world = await openThings({ partitions: 2 });
    const instances = [new WatchedInstance(), new WatchedInstance()];
    const [first, second] = instances;
    for (const instance of instances) {
      instance.run = world.spawn({ options: { applicationServer: instance.address } });
      await instance.run.settled();
    }
    let round = 0;
    const change = async () => {
      await world.put([1, 2, 3, 4, 5, 6].map((id) => [id, `name ${round++}`]));
      for (const { run } of instances) await run!.settled();
    };
    const addresses: string[] = [first.address];
    const { problems, rows, sink, end } = reader();
    const tapping = tapOthers({ others: () => addresses, path: PATH, password: PASSWORD }, sink);
    /** Rows of one alone pass: those of the other are of other keys. */
    const keysOf = async () => {
      const before = rows.length;
      await until(() => rows.length >= before + 12, change);
      return new Set(rows.slice(before).map(({ key }) => Number(key)));
    };
    try {
      const ofFirst = await keysOf();
      addresses.push(second.address);
      await until(() => rows.some(({ key }) => !ofFirst.has(Number(key))), change);
      await second.server.close();
      await until(() => problems.length > 0);
      assertEquals(problems.map(({ instance }) => instance), [second.address]);
      assert(typeof problems[0].problem === "string");
      second.listen();
      await until(() => problems.at(-1)!.problem === null);
      const before = rows.length;
      await until(() => rows.slice(before).some(({ key }) => !ofFirst.has(Number(key))), change);
      await second.server.close();
      await until(() => problems.at(-1)!.problem !== null);
      addresses.pop();
      await until(() => problems.at(-1)!.problem === null);
      assert(problems.every(({ instance }) => instance === second.address), "the other one was seen all the time");
    } finally {
      end();
      await tapping;
      await first.server.close();
    }
  },
);

Deno.test(
  "tapOthers() says once why nothing is seen: another password, no beginning, a silent stream",
  options,
  async () => {
    const instance = new WatchedInstance();
    let open = 0;
    const { promise: never, resolve: end } = Promise.withResolvers<Response>();
    const silent = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        request.url.includes("begun") ? new Response(new ReadableStream({ start: () => void open++ })) : never,
    );
    const nameless = `127.0.0.1:${silent.addr.port}`;
    const told = async (address: string, { path, password }: { readonly path: string; readonly password: string }) => {
      const { problems, sink, end } = reader();
      const tapping = tapOthers({ others: () => [address], path, password }, sink);
      await until(() => problems.some(({ problem }) => problem !== null));
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      end();
      await tapping;
      return problems.map(({ problem }) => problem);
    };
    try {
      const [unknown, slow, mute] = await Promise.all([
        told(instance.address, { path: PATH, password: "another" }),
        told(nameless, { path: "/api/tap", password: PASSWORD }),
        told(nameless, { path: "/api/tap?begun", password: PASSWORD }),
      ]);
      // The last null: nobody reads any more.
      assertEquals([unknown.length, unknown[0]!.startsWith("status 401: Only with the password")], [2, true]);
      assertEquals(slow, ["it has not answered within 2 s", null]);
      assertEquals([mute[0], open > 1], ["it has not answered within 6 s", true]);
    } finally {
      end(new Response());
      await silent.shutdown();
      await instance.server.close();
    }
  },
);
