import { assertEquals } from "@std/assert";
import { gated, openThings } from "./things.ts";

const range = (count: number, step = 1) => Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);

for (const { partitions, rows } of [{ partitions: 8, rows: 400 }, { partitions: 2, rows: 3_000 }]) {
  Deno.test(`what was fetched for a task that left does not reach its successor (${partitions} tasks)`, async () => {
    await using world = await openThings({ partitions });
    const expected = new Map(range(rows).map((id) => [id, `thing ${id}`]));
    const put = async (ids: readonly number[]) => {
      const changed = ids.map((id): [number, string] => [id, `changed ${id}`]);
      for (const [id, name] of changed) expected.set(id, name);
      await world.put(changed);
    };
    await world.put(expected);
    const { warehouse, shut, open } = gated(world.memory);
    let fewest = rows;
    const counted = {
      ...warehouse,
      async insert(batch: Parameters<typeof warehouse.insert>[0]) {
        await warehouse.insert(batch);
        fewest = Math.min(fewest, world.names().size);
      },
    };
    const first = world.spawn({ warehouse: counted, options: { sinkRowsMax: 0 } });
    await first.settled();
    fewest = rows;
    shut();
    await put([0]);
    await world.clock.pass(20);
    // Fetched, and held while the sink has too much waiting.
    await put(range(rows, 5));
    await world.clock.pass(400);
    const second = world.spawn();
    await world.until(() => second.runner.ready && second.runner.status().tasks.length > 0);
    await second.stop();
    await world.until(() => {
      const { tasks } = first.runner.status();
      return tasks.length === partitions && tasks.every(({ state }) => state === "loading" || state === "running");
    });
    open();
    await first.settled();
    assertEquals([world.names(), fewest], [expected, rows]);
  });
}
