import { assert, assertEquals } from "@std/assert";
import { serveHttp } from "../../../src/cli/http_server.ts";
import { openThings, THINGS } from "../../runtime/things.ts";
import { permitted } from "../support.ts";
import { WatchedInstance } from "./watched_instances.ts";

const options = { ignore: !permitted };

// deno-lint-ignore no-explicit-any -- what comes as JSON is looked at as it is
type Untyped = any;

/** Runs `use` with instances that share a topology of two partitions with five rows. */
async function withInstances(
  instances: readonly WatchedInstance[],
  use: (world: Awaited<ReturnType<typeof openThings>>) => Promise<void>,
): Promise<void> {
  await using world = await openThings({ partitions: 2 });
  await world.put([[1, "one"], [2, "two"], [3, "three"], [4, "four"], [10, "x".repeat(5_000)]]);
  try {
    for (const instance of instances) {
      instance.run = world.spawn({ options: { applicationServer: instance.address } });
      await instance.run.settled();
    }
    for (const { run } of instances) await run!.settled();
    await use(world);
  } finally {
    for (const { server } of instances) await server.close();
  }
}

Deno.test("GET /api/plan draws the topology", options, () => {
  const instance = new WatchedInstance();
  return withInstances([instance], async () => {
    const { version, topologies: [{ name, nodes, edges, description }] } = (await instance.get("/api/plan")).json();
    assertEquals([version, name, description.topology], [1, "things", "things"]);
    assertEquals(nodes.map(({ id, label, kind }: Record<string, string>) => [id, label, kind]), [
      ["op0", "things", "source"],
      ["op1", "things", "sink"],
    ]);
    assertEquals(edges, [{ from: "op0", to: "op1", kind: "write" }]);
  });
});

Deno.test(
  "GET /api/state adds up all instances, whichever is asked, and names one that does not answer",
  options,
  () => {
    const instances = [new WatchedInstance(), new WatchedInstance()];
    return withInstances(instances, async () => {
      for (const instance of instances) {
        const { topologies: [{ counters, tasks, lag }], instances: told } = (await instance.get("/api/state?once=true"))
          .json();
        assertEquals(counters.op0.rows, { in: 5, out: 5 });
        assertEquals(counters.op1.rows, { in: 5, out: 5, waiting: 0, errors: 0 });
        // A task that went from one instance to the other has evaluated its rows on both.
        assert(counters.op1.in >= 5 && counters.op1.out === counters.op1.in);
        assertEquals(lag, { [THINGS]: 0 });
        assertEquals(tasks.map(({ id, instance }: Record<string, string>) => [id, instance]).length, 2);
        assertEquals(new Set(tasks.map(({ instance }: Record<string, string>) => instance)).size, 2, "one task each");
        assertEquals(told.map(({ here, problem }: Record<string, unknown>) => [here, problem]), [
          [true, null],
          [false, null],
        ]);
      }
      const [first, second] = instances;
      const local = (await first.get("/api/state?local=true")).json();
      assert(local.topologies[0].counters.op0.rows.in < 5, "of this instance alone");
      await second.server.close();
      // Who looks twice within half a second is told the same.
      const [, { data }] = await first.events("/api/state", { count: 2 });
      const { instances: told, topologies: [{ tasks }] } = data as Untyped;
      assertEquals(tasks.length, 1);
      assertEquals([told[1].instance, told[1].here], [second.address, false]);
      assert(typeof told[1].problem === "string" && told[1].problem !== "", "why it told nothing");
    });
  },
);

Deno.test(
  "GET /api/state adds up rates, counts each dead letter once, and tells the state that asks for somebody",
  options,
  async (t) => {
    for (const [lettersIn, all] of [[["topic", "topic"], 3], [["file 1", "file 2"], 5]] as const) {
      const instances = lettersIn.map((one) => new WatchedInstance({ lettersIn: one }));
      await t.step(`kept in ${lettersIn.join(" and ")}`, () =>
        withInstances(instances, async () => {
          const [first, second] = instances;
          first.rates = { changesPerSecond: 10, rowsPerSecond: 7, secondsLeft: null };
          second.rates = { changesPerSecond: 20, rowsPerSecond: 5, secondsLeft: 12 };
          second.state = "failed";
          first.run!.runner.deadLetters.openLetters = 2;
          second.run!.runner.deadLetters.openLetters = 3;
          for (const instance of instances) {
            const { topologies: [topology], instances: told } = (await instance.get("/api/state?once=true")).json();
            const { state, changesPerSecond, rowsPerSecond, secondsLeft, deadLetters } = topology;
            assertEquals([state, changesPerSecond, rowsPerSecond, secondsLeft, deadLetters], [
              "failed",
              30,
              12,
              12,
              all,
            ]);
            const own = told.map((one: { readonly deadLetters: number }) => one.deadLetters);
            assertEquals(own, instance === first ? [2, 3] : [3, 2]);
          }
        }));
    }
  },
);

Deno.test("GET /api/state tells what topologies say of their joins, by node", options, () => {
  const instances = [new WatchedInstance(), new WatchedInstance()];
  return withInstances(instances, async () => {
    const [first, second] = instances;
    first.run!.runner.problems.set("join op1", "Of 200 rows 0 found a partner");
    first.run!.runner.problems.set("log", "The log does not answer");
    second.run!.runner.problems.set("join op1", "Of 100 rows 0 found a partner");
    second.run!.runner.problems.set("join ev2", "Of 300 events 0 found a partner");
    for (const instance of instances) {
      const { topologies: [{ joinProblems }] } = (await instance.get("/api/state?once=true")).json();
      assertEquals(joinProblems, {
        ev2: ["Of 300 events 0 found a partner"],
        op1: ["Of 100 rows 0 found a partner", "Of 200 rows 0 found a partner"],
      });
    }
  });
});

Deno.test(
  "GET /api/state tells what happened to all instances, the newest first and a hundred at most",
  options,
  () => {
    const instances = [new WatchedInstance(), new WatchedInstance()];
    return withInstances(instances, async () => {
      const [first, second] = instances;
      first.nowMs = 1_000;
      first.happened.begin(11, { former: [], end: () => {} });
      second.nowMs = 2_000;
      const fields = { topology: "things", task: "things-0" };
      second.happened.hear({ level: "warn", name: "restart", text: "things starts task again: it broke", fields });
      for (const instance of instances) {
        const { events } = (await instance.get("/api/state?once=true")).json();
        assertEquals(events.map(({ instance, at, kind, sentence }: Untyped) => [instance, at, kind, sentence]), [
          [second.address, 2_000, "restart", "things starts task again: it broke"],
          [first.address, 1_000, "process began", "Process 11 began."],
        ]);
      }
      for (
        const [turn, { happened }] of [...Array(70).keys()].flatMap((turn) =>
          instances.map((one) => [turn, one] as const)
        )
      ) {
        happened.hear({ level: "warn", name: "restart", text: `things again ${turn}`, fields });
      }
      const events = (await first.events("/api/state", { count: 2 }))[1].data.events as Untyped[];
      assertEquals(events.length, 100);
    });
  },
);

Deno.test(
  "GET /api/state takes what an instance of an earlier version tells, and counts nothing for what it does not",
  options,
  () => {
    const [instance, older] = [new WatchedInstance(), new WatchedInstance()];
    return withInstances([instance, older], async () => {
      const local = (await older.get("/api/state?local=true")).json();
      const { lettersIn: _letters, events: _events, ...state } = local;
      const topologies = local.topologies.map((
        { name, state, counters, everywhere, lag, tasks, problems }: Untyped,
      ) => (
        { name, state, counters, everywhere, lag, tasks, problems }
      ));
      await older.server.close();
      older.server = serveHttp({ host: "127.0.0.1", port: older.server.port }, {
        "GET /api/state": () => Response.json({ ...state, topologies }),
      });
      instance.rates = { changesPerSecond: 10, rowsPerSecond: 7, secondsLeft: null };
      const { topologies: [{ changesPerSecond, deadLetters, tasks }] } = (await instance.get("/api/state?once=true"))
        .json();
      assertEquals([changesPerSecond, deadLetters, tasks.length], [10, 0, 2]);
    });
  },
);

Deno.test("GET /api/state tells again and again, and stops when nobody reads", options, () => {
  const instance = new WatchedInstance();
  return withInstances([instance], async () => {
    const events = await instance.events("/api/state", { count: 2 });
    assertEquals(events.map(({ event }) => event), ["state", "state"]);
    assert((events[1].data.at as number) > (events[0].data.at as number));
    // More streams than there may be at a time, one after the other.
    for (let stream = 0; stream < 80; stream++) await instance.events("/api/state", { count: 1 });
  });
});

Deno.test("GET /api/verify gives the last proof", options, () => {
  const instance = new WatchedInstance();
  return withInstances([instance], async () => {
    const { proof, running } = (await instance.get("/api/verify")).json();
    assertEquals([proof.equal, proof.rows, running], [true, 5, false]);
  });
});

Deno.test("GET /api/tap gives rows of all instances as they pass, and nobody pays when it is closed", options, () => {
  const instances = [new WatchedInstance(), new WatchedInstance()];
  return withInstances(instances, async (world) => {
    const tapped = () =>
      instances.flatMap(({ run }) =>
        [...run!.runner.instance!.hosts.values()].map(({ task }) => task!.tapped !== null)
      );
    assertEquals(tapped(), [false, false]);
    const names = new Map<number, string>();
    const reading = instances[0].events("/api/tap/things/op1", { count: 12 });
    for (let round = 0; names.size < 12; round++) {
      // Both tasks have rows; each gives one after a while.
      await new Promise((resolve) => setTimeout(resolve, 60));
      for (const { run } of instances) {
        await world.put([[1, `one ${round}`], [2, `two ${round}`], [3, `three ${round}`], [4, `four ${round}`]]);
        await run!.settled();
      }
      names.set(round, "");
    }
    const events = await reading;
    assertEquals(
      events.every(({ event, data: { key, row } }) => event === "row" && key === (row as { id: number }).id),
      true,
    );
    const partitions = new Set(events.map(({ data }) => data.key));
    assert(partitions.size >= 2, "rows of both tasks");
    for (let wait = 0; tapped().some((one) => one) && wait < 100; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(tapped(), [false, false]);
  });
});

Deno.test(
  "GET /api/tap refuses what is not there, and hides rows where they are not to be shown",
  options,
  async () => {
    const instance = new WatchedInstance();
    const hidden = new WatchedInstance({ showsRows: false });
    await withInstances([instance], async () => {
      for (
        const [path, status] of [
          ["/api/tap/things/op9", 404],
          ["/api/tap/things", 404],
          ["/api/tap/things/op1/more", 404],
          ["/api/tap/other/op1", 404],
          ["/api/tap/things/%E0%A4%A", 400],
          ["/api/tap/things/ev0", 404],
        ] as const
      ) assertEquals((await instance.get(path)).status, status, path);
      instance.run = null;
      assertEquals((await instance.get("/api/tap/things/op1")).status, 503);
      assertEquals((await hidden.get("/api/tap/things/op1")).status, 403);
      const headers = { authorization: `Bearer a secret` };
      const query = await fetch(`${hidden.server.url}/api/query`, {
        method: "POST",
        body: '{"sql":"SELECT 1"}',
        headers,
      });
      assertEquals([query.status, (await query.json()).error.includes("WEIR_CONSOLE_ROWS")], [403, true]);
    });
    await hidden.server.close();
  },
);
