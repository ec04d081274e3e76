import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, sum, topic, topology } from "../../src/mod.ts";
import type { AppendBatch, Log, Membership } from "../../src/ports/log.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

const ROUNDS = 12;
const ORDERS = "shop.orders";
const USERS = "shop.users";

const orders = debezium(ORDERS, {
  key: ["id"],
  row: z.object({ id: z.int(), user: z.int(), total: z.int() }),
});
const users = debezium(USERS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });

/** Writes a joined table, and totals, to topics. */
const writer = topology("writer", (builder) => {
  const joined = builder.table(orders).join("buyer", builder.table(users), (order) => order.user)
    .mapValues(({ id, user, total, buyer }) => ({ id, user, total, name: buyer.name }));
  joined.to(topic("out.orders", {
    row: z.object({ id: z.int(), user: z.int(), total: z.int(), name: z.string() }),
    partitions: 2,
  }));
  joined.groupBy(({ user }) => ({ user })).aggregate("spent", { orders: count(), total: sum((order) => order.total) })
    .to(topic("out.spent", { key: z.object({ user: z.int() }), partitions: 3 }));
});

const outOrders = debezium("out.orders", {
  key: ["id"],
  row: z.object({ id: z.int(), user: z.int(), total: z.int(), name: z.string() }),
});
const outSpent = debezium("out.spent", {
  key: ["user"],
  row: z.object({ user: z.int(), orders: z.int(), total: z.int() }),
});

/** Reads them as tables, and joins them. */
const reader = topology("reader", (builder) => {
  builder.table(outOrders).leftJoin("spent", builder.table(outSpent), (order) => order.user)
    .mapValues(({ id, name, total, spent }) => ({ id, name, total, of: spent?.total ?? 0 }))
    .to(clickhouse("shown", { key: ["id"], columns: { id: "Int64", name: "String", total: "Int64", of: "Int64" } }));
});

/** The log as a process has it that can die: what it has under way may be carried out later. */
function mortal(log: Log) {
  const state = { dead: false, holds: false, membership: null as Membership | null };
  const late: (readonly AppendBatch[])[] = [];
  const never = () => new Promise<never>(() => {});
  const own: Log = {
    topics: (names) => state.dead ? never() : log.topics(names),
    createTopic: (topic) => log.createTopic(topic),
    alterTopic: (name, changes) => log.alterTopic(name, changes),
    offsets: (topic) => state.dead ? never() : log.offsets(topic),
    epochEnds: (topic, epochs) => log.epochEnds(topic, epochs),
    truncateBefore: (topic, place) => log.truncateBefore(topic, place),
    append(batches) {
      if (!state.dead && !(state.holds && batches.some(({ topic }) => topic.startsWith("out.")))) {
        return log.append(batches);
      }
      if (!state.dead) late.push(batches);
      return never();
    },
    reader() {
      const reader = log.reader();
      return {
        seek: (topic, partition, offset) => reader.seek(topic, partition, offset),
        stop: (topic, partition) => reader.stop(topic, partition),
        pause: (topic, partition) => reader.pause(topic, partition),
        resume: (topic, partition) => reader.resume(topic, partition),
        poll: async (waitMs) => {
          const parts = await reader.poll(waitMs);
          return state.dead ? await never() : parts;
        },
        close: () => reader.close(),
      };
    },
    join: async (options) => state.membership = await log.join(options),
    close: () => Promise.resolve(),
  };
  return {
    log: own,
    /** Appends to topics of tables are not carried out from now on. */
    hold: () => state.holds = true,
    async kill(): Promise<(readonly AppendBatch[])[]> {
      state.dead = true;
      await state.membership?.leave();
      return late;
    },
  };
}

Deno.test("a topology reads tables that another one writes to topics, whenever that dies and writes late", async () => {
  const { clock, log } = await openStepLog({ [ORDERS]: 3, [USERS]: 2 });
  const warehouse = createMemoryWarehouse();
  const truth = { orders: new Map<number, { user: number; total: number }>(), users: new Map<number, string>() };
  let seed = 7;
  const below = (most: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % 65_536 % most;
  const change = async () => {
    const id = below(12);
    if (below(3) > 0) {
      const order = below(4) === 0 ? null : { user: below(5), total: below(100) };
      if (order === null) truth.orders.delete(id);
      else truth.orders.set(id, order);
      await put(ORDERS, { id, row: order === null ? null : { id, ...order } });
    } else {
      const user = id % 5;
      const name = below(4) === 0 ? null : `u${below(100)}`;
      if (name === null) truth.users.delete(user);
      else truth.users.set(user, name);
      await put(USERS, { id: user, row: name === null ? null : { id: user, name } });
    }
  };
  const put = (topic: string, { id, row }: { readonly id: number; readonly row: object | null }) =>
    appendKeyed(log, [{ key: `{"id":${id}}`, value: row === null ? null : JSON.stringify({ op: "u", after: row }) }], {
      topic,
      partitions: topic === ORDERS ? 3 : 2,
    });
  const expected = () => {
    const joined = [...truth.orders].flatMap(([id, { user, total }]) => {
      const name = truth.users.get(user);
      return name === undefined ? [] : [{ id, user, name, total }];
    });
    const spent = (user: number) =>
      joined.filter((one) => one.user === user).reduce((sum, { total }) => sum + total, 0);
    return joined.map(({ id, user, name, total }) => ({ id, name, total, of: spent(user) })).sort((a, b) =>
      a.id - b.id
    );
  };
  for (let index = 0; index < 30; index++) await change();
  let process = mortal(log);
  let writing = new StepRun(writer, { clock, ports: { log: process.log } }).start();
  await writing.settled();
  const reading = new StepRun(reader, { clock, ports: { log, warehouse } }).start();
  const settled = async () => {
    await writing.settled();
    await clock.pass(3_000);
    await reading.settled();
  };
  for (let round = 0; round < ROUNDS; round++) {
    await settled();
    const shown = warehouse.select("shown").map(({ id, name, total, of }) => [id, name, total, of].join());
    assertEquals(shown, expected().map(({ id, name, total, of }) => [id, name, total, of].join()), `round ${round}`);
    process.hold();
    for (let index = 0; index < 4; index++) await change();
    await clock.pass(below(2) * 500);
    const late = await process.kill();
    for (let index = 0; index < 2; index++) await change();
    const early = below(2) === 0 ? late.splice(0) : [];
    for (const batches of early) await log.append(batches);
    process = mortal(log);
    writing = new StepRun(writer, { clock, ports: { log: process.log } }).start();
    await settled();
    for (const batches of late) await log.append(batches);
  }
  await writing.stop();
  await reading.stop();
  await log.close();
});
