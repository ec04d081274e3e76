import { assert, assertEquals } from "@std/assert";
import { watched } from "../../runtime/standby_pair.ts";
import { openThings, THINGS } from "../../runtime/things.ts";
import { permitted } from "../support.ts";
import { Instance, PASSWORD, withInstances } from "./store_instances.ts";

const options = { ignore: !permitted };

Deno.test(
  "GET /store tells topologies, stores and rows, with how far each partition is",
  options,
  () =>
    withInstances({ count: 1 }, async ([instance], { log }) => {
      assertEquals((await instance.get("/store")).json(), { topologies: ["things"] });
      const { stores } = (await instance.get("/store/things")).json();
      assertEquals(
        [stores[0].name, stores[0].kind, stores[0].key, stores[0].partitions, stores[0].here.length],
        ["things", "table", ["id"], 2, 2],
      );
      const { end } = await log.offsets(THINGS);
      const found = await instance.get("/store/things/things?key=2");
      assertEquals(found.status, 200);
      const { rows: [{ partition, key, value }], partitions, ...rest } = found.json();
      assertEquals([key, value], [{ id: 2 }, { id: 2, name: "two" }]);
      assertEquals(partitions[partition], {
        ...{ partition, instance: instance.address, state: "running", lag: 0 },
        position: [{ topic: THINGS, partition, offset: end[partition] }],
      });
      assertEquals(rest, {
        ...{
          topology: "things",
          store: "things",
          kind: "table",
          key: ["id"],
          answer: "found",
          more: false,
          next: null,
        },
        ...{ missing: [], unanswered: [] },
      });
    }),
);

Deno.test(
  "GET /store goes on behind the last row of an answer",
  options,
  () =>
    withInstances({ count: 1 }, async ([instance]) => {
      const seen: number[] = [];
      let after = "";
      do {
        const { rows, more, next } = (await instance.get(`/store/things/things?limit=2${after}`)).json();
        seen.push(...rows.map(({ key }: { key: { id: number } }) => key.id));
        assertEquals(more, next !== null);
        after = next === null ? "" : `&after=${encodeURIComponent(next)}`;
      } while (after !== "");
      assertEquals(seen, [1, 2, 3, 4, 10]);
    }),
);

Deno.test(
  "GET /store tells what is unknown from what is not there, and refuses what cannot be asked",
  options,
  () =>
    withInstances({ count: 1 }, async ([instance]) => {
      const none = await instance.get("/store/things/things?key=77");
      assertEquals([none.status, none.json().answer, none.json().rows], [200, "none", []]);
      for (
        const [path, status, said] of [
          ["/store/other", 404, 'no topology "other": there are things'],
          ["/store/things/thing", 404, 'no store "thing": there are things. Did you mean'],
          ["/store/things/things/1", 404, 'no store "things/1"'],
          ["/store/things/things?name=1", 400, '"name" as a parameter: there are key'],
          ["/store/things/things?limit=0", 400, "from 1 to 10000"],
          ["/store/things/things?key=1,2", 200, '"none"'],
          ["/store/things/things?key=%7B%22name%22%3A1%7D", 400, "the columns of the key are id"],
        ] as const
      ) {
        const { status: is, text } = await instance.get(path);
        assertEquals(is, status, path);
        assert(text.includes(said), text);
      }
      instance.run = null;
      assertEquals((await instance.get("/store/things/things")).status, 503);
    }),
);

Deno.test("GET /store answers who knows the password; without one, this machine alone", options, async () => {
  await withInstances({ count: 1 }, async ([instance]) => {
    assertEquals((await instance.get("/store/things", {})).status, 401);
    assertEquals((await instance.get("/store/things", { authorization: "Bearer other" })).status, 401);
  });
  await withInstances({ count: 1, password: null }, async ([instance]) => {
    assertEquals((await instance.get("/store/things", {})).status, 200);
    assertEquals((await instance.get("/store/things", { origin: "http://elsewhere" })).status, 403, "of a page");
  });
});

Deno.test(
  "GET /store asks the other instances for what it does not have",
  options,
  () =>
    withInstances({ count: 2 }, async ([first, second]) => {
      for (const instance of [first, second]) {
        const { rows, partitions, missing } = (await instance.get("/store/things/things")).json();
        assertEquals(rows.map(({ key }: { key: { id: number } }) => key.id), [1, 2, 3, 4, 10]);
        assertEquals(missing, []);
        assertEquals(
          partitions.map((one: { instance: string }) => one.instance).sort(),
          [first.address, second.address].sort(),
        );
        assertEquals((await instance.get("/store/things/things?key=77")).json().answer, "none");
      }
      const local = await first.get("/store/things/things?key=77&local=true");
      assertEquals([local.status, local.json().answer, local.json().missing.length], [421, "undecided", 1]);
      const { server: { url } } = second;
      await second.server.close();
      const { rows, missing, unanswered, more } = (await first.get("/store/things/things")).json();
      assertEquals([rows.length > 0, missing.length, more], [true, 1, false]);
      assertEquals(unanswered.map(({ instance }: { instance: string }) => `http://${instance}`), [url]);
    }),
);

Deno.test("GET /store says that a partition is being restored", options, async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "one"]]);
  const { log, state } = watched(world.log);
  const instance = new Instance(PASSWORD);
  try {
    state.silent = true;
    const run = instance.run = world.spawn({ log });
    await world.until(() => (run.runner.status().tasks.length ?? 0) > 0);
    const restoring = await instance.get("/store/things/things?key=1");
    const { answer, partitions: [{ state: was, lag, position }] } = restoring.json();
    assertEquals([restoring.status, answer, was, lag, position], [200, "undecided", "restoring", null, []]);
    state.silent = false;
    await run.settled();
    assertEquals((await instance.get("/store/things/things?key=1")).json().answer, "found");
  } finally {
    await instance.server.close();
  }
});
