import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { createMemorySnapshots } from "../../src/testing/memory_snapshots.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { decodeInbox } from "../../src/runtime/conversation/inbox_record.ts";
import type { Message } from "../../src/runtime/conversation/messages.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

const PARTITIONS = 3;
const KINDS = Array.from({ length: 10 }, (_, id) => id);
const LINES = Array.from({ length: 60 }, (_, id) => id);

const lines = debezium("shop.public.lines", { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const kinds = debezium("shop.public.kinds", { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shop = topology("shop", (builder) => {
  builder.table(lines).join("of_kind", builder.table(kinds), (line) => line.kind)
    .mapValues(({ id, of_kind }) => ({ id, name: of_kind.name }))
    .to(clickhouse("named", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

function messagesIn(text: string): readonly Message[] {
  if (!text.startsWith(`{"from":`)) return [];
  const record = decodeInbox(text);
  return record.kind === "pack" ? record.messages : [];
}

/** Right rows that are told by themselves. */
function toldIn(text: string): number {
  return messagesIn(text).filter(({ type }) => type === "value" || type === "unchanged").length;
}

/** Right rows that the messages ask for, whether or not what is held is what they are now. */
function questionsIn(text: string): number {
  return messagesIn(text).reduce((sum, message) => {
    if (message.type === "block") return sum + message.keys.length;
    return sum + (message.type === "subscribe" || message.type === "resubscribe" ? 1 : 0);
  }, 0);
}

async function openWorld() {
  const { clock, log } = await openStepLog({ "shop.public.lines": PARTITIONS, "shop.public.kinds": PARTITIONS });
  const put = (topic: string, rows: readonly { readonly id: number }[]) =>
    appendKeyed(
      log,
      rows.map((row) => ({ key: `{"id":${row.id}}`, value: JSON.stringify({ op: "r", after: row }) })),
      { topic, partitions: PARTITIONS },
    );
  await put("shop.public.kinds", KINDS.map((id) => ({ id, name: `kind ${id}` })));
  await put("shop.public.lines", LINES.map((id) => ({ id, kind: id % KINDS.length })));
  const warehouse = createMemoryWarehouse();
  const snapshots = createMemorySnapshots();
  const run = async () => {
    let asked = 0;
    let told = 0;
    const counting: Log = {
      ...log,
      append(batches) {
        for (const { records } of batches) {
          for (const { value } of records) {
            asked += questionsIn(String(value));
            told += toldIn(String(value));
          }
        }
        return log.append(batches);
      },
    };
    const instance = new StepRun(shop, { clock, ports: { log: counting, warehouse, snapshots } }).start();
    await instance.settled();
    await instance.stop();
    const restored = instance.events.some(({ kind }) => kind === "restored");
    return { asked, told, restored };
  };
  return { put, run, warehouse, [Symbol.asyncDispose]: () => log.close() };
}

Deno.test("tasks that start together ask for each right row of a snapshot once, and learn what changed", async () => {
  await using world = await openWorld();
  await world.run();
  const { asked, told, restored } = await world.run();
  const homeOf = (id: number) => partitionOf(`{"id":${id}}`, PARTITIONS);
  const used = new Set(LINES.map((id) => `${homeOf(id)} ${id % KINDS.length}`));
  assertEquals([restored, asked, told], [true, used.size, 0]);
  await world.put("shop.public.kinds", [{ id: 3, name: "another" }] as never);
  const homes = new Set(LINES.filter((id) => id % KINDS.length === 3).map(homeOf));
  assertEquals((await world.run()).told, homes.size);
  assertEquals(
    world.warehouse.select("named").map(({ name }) => name),
    LINES.map((id) => id % KINDS.length === 3 ? "another" : `kind ${id % KINDS.length}`),
  );
});
