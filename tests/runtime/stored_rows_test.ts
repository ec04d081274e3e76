import { assertEquals } from "@std/assert";
import { openThings, THINGS } from "./things.ts";

Deno.test("a task keeps nothing of rows that are gone, wherever their tombstones are read", async () => {
  await using things = await openThings({ partitions: 1 });
  const run = things.spawn();
  await things.until(() => run.runner.ready);
  const ids = Array.from({ length: 20 }, (_, id) => id);
  for (let round = 0; round < 3; round++) {
    await things.put(ids.map((id) => [id, `round ${round}`]));
    await things.until(() => things.names().size === ids.length);
    const deletes = ids.map((id) => ({ key: `{"id":${id}}`, value: `{"op":"d","before":{"id":${id}},"after":null}` }));
    await things.log.append([{ topic: THINGS, partition: 0, records: deletes }]);
    await things.until(() => things.names().size === 0 && run.runner.knownUnfinished().done);
    // As Debezium writes them behind its deletes: by now these were evaluated.
    await things.put(ids.map((id) => [id, null]));
    await things.until(() => run.runner.knownUnfinished().done && run.runner.status().lagRecords === 0);
    assertEquals(run.runner.status().storedRows, 0);
  }
});
