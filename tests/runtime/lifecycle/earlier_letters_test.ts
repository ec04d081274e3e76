import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { EarlierLetters } from "../../../src/runtime/lifecycle/earlier_letters.ts";
import type { Instance } from "../../../src/runtime/lifecycle/instance.ts";

const votes = debezium("t.public.votes", { key: ["id"], row: z.object({ id: z.int() }) });
const plan = compile(topology("votes", (builder) => {
  builder.table(votes).to(clickhouse("shown", { key: ["id"], columns: { id: "Int64" } }));
}));

/** An instance with the tasks of two of three partitions, and what it resolves. */
function open() {
  const told: string[] = [];
  const flags = { answered: false };
  const sinkTaken = Promise.withResolvers<void>();
  const hostOf = (partition: number, epoch: number) => {
    const task = { id: `votes-${partition}`, epoch, complete: true, closed: false };
    return [task.id, { task, partition, table: plan.tables[0] }] as const;
  };
  const hosts = new Map([hostOf(0, 5), hostOf(1, 6)]);
  const instance = {
    hosts,
    topics: { plan, partitions: [3] },
    writers: new Map([["shown", { barrier: () => sinkTaken.promise }]]),
    producer: { idle: () => Promise.resolve() },
  } as unknown as Instance;
  const earlier = new EarlierLetters(instance, {
    letters: {
      resolve: (resolution: { kind: string; task?: string; epoch?: number; tasks?: readonly string[] }) =>
        told.push(`${resolution.kind} ${resolution.task ?? resolution.tasks} ${resolution.epoch ?? ""}`.trim()),
    } as never,
    globals: { makerOf: () => ({ task: "global", epoch: 1 }) } as never,
    setAside: { answered: ({ partition }: { partition: number }) => partition !== 0 || flags.answered } as never,
  });
  return { hosts, earlier, flags, sinkTaken, hostOf, told: () => told.splice(0) };
}

Deno.test("EarlierLetters waits for ClickHouse and the groups set aside, and resolves a start once", async () => {
  const { earlier, flags, sinkTaken, told } = open();
  const first = earlier.check();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(told(), []);
  sinkTaken.resolve();
  await first;
  assertEquals(told(), ["start votes-1 6", "gone votes-0,votes-1,votes-2"]);
  await earlier.check();
  assertEquals(told(), []);
  flags.answered = true;
  await earlier.check();
  await earlier.check();
  assertEquals(told(), ["start votes-0 5"]);
});

Deno.test("EarlierLetters resolves again for a task started again, and leaves others alone", async () => {
  const { earlier, flags, sinkTaken, hosts, hostOf, told } = open();
  flags.answered = true;
  sinkTaken.resolve();
  hosts.delete("votes-0");
  await earlier.check();
  assertEquals(told(), ["start votes-1 6"], "who has the first task looks after the letters of tasks that are gone");
  hosts.set(...hostOf(1, 9));
  hosts.get("votes-1")!.task.complete = false;
  await earlier.check();
  assertEquals(told(), []);
  hosts.get("votes-1")!.task.complete = true;
  await earlier.check();
  assertEquals(told(), ["start votes-1 9"]);
});
