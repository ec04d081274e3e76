import { assertEquals } from "@std/assert";
import { openThings, THINGS } from "./things.ts";

/** Later than all that happens before the rows are tampered with. */
const REPAIR_MS = 60_000;

Deno.test("weir_visible_delay_seconds tells the age of a row's record, nothing of old and repaired rows", async () => {
  await using world = await openThings({ partitions: 1 });
  const { clock, log, memory: warehouse } = world;
  const append = (id: number) => {
    const value = `{"op":"c","after":{"id":${id},"name":"thing ${id}"}}`;
    return log.append([{ topic: THINGS, partition: 0, records: [{ key: `{"id":${id}}`, value }] }]);
  };
  const delays: number[] = [];
  const metrics = {
    count() {},
    gauge() {},
    observe: (name: string, _: unknown, value: number) => name === "weir_visible_delay_seconds" && delays.push(value),
  };
  await append(1);
  const { events } = world.spawn({ metrics, options: { repairAfterMs: REPAIR_MS } });
  await clock.drained();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays], [1, []]);
  await append(2);
  // Else the clock might go on before the poll has seen what was appended.
  await clock.drained();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays.length, delays[0] < 1], [2, 1, true]);
  for (const { key } of [...warehouse.stored("things")]) warehouse.tamper({ table: "things", key }, null);
  await clock.pass(REPAIR_MS);
  const repaired = events.reduce((rows, event) => event.kind === "repaired" ? rows + event.rows : rows, 0);
  assertEquals([repaired, warehouse.writes(), delays.length], [2, 4, 1]);
});
