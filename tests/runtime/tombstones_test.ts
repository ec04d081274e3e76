import { assert, assertEquals } from "@std/assert";
import type { Log, Reader } from "../../src/ports/log.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { readerWith } from "../reader_with.ts";
import { openThings } from "./things.ts";

const RETENTION_MS = 60_000;

/** A log whose every poll of something takes `pollMs` longer, which the test may change. */
async function slow({ partitions = 1 } = {}) {
  const world = await openThings({
    partitions,
    log: { limits: { deleteRetentionMs: RETENTION_MS, pollRecordsMax: 10, pollPartitionRecordsMax: 10 } },
  });
  const pace = { pollMs: 0 };
  const log = {
    ...world.log,
    reader(): Reader {
      const reader = world.log.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          const fetched = await reader.poll(waitMs);
          if (fetched.length > 0) await world.clock.sleep(pace.pollMs);
          return fetched;
        },
      });
    },
  } as Log;
  await world.put(Array.from({ length: 300 }, (_, id): [number, string] => [id, `thing ${id}`]));
  // All of it is older than its tombstones' retention.
  await world.clock.pass(2 * RETENTION_MS);
  return { world, pace, log };
}

Deno.test("a load too slow for delete.retention.ms begins anew once, then the setting is refused", async () => {
  const { world, pace, log } = await slow();
  await using _ = world;
  pace.pollMs = 2_000;
  const instance = world.spawn({ log });
  await world.until(() => instance.failure !== null);
  const { restarts } = instance;
  assertEquals(restarts.length, 1);
  assert(restarts[0].includes("delete.retention.ms (60000 ms)"), restarts[0]);
  assert(instance.failure instanceof ConfigError, String(instance.failure));
  assert(instance.failure.message.includes("Raise delete.retention.ms"), instance.failure.message);
});

Deno.test("a load that was held up once is done when nothing holds it up any more", async () => {
  const { world, pace, log } = await slow();
  await using _ = world;
  pace.pollMs = 2_000;
  const instance = world.spawn({ log });
  await world.until(() => instance.restarts.length > 0);
  pace.pollMs = 500;
  await instance.settled();
  assertEquals([world.names().size, instance.restarts.length], [300, 1]);
});

Deno.test("tasks that are read one after the other have their time each", async () => {
  const { world, pace, log } = await slow({ partitions: 4 });
  await using _ = world;
  pace.pollMs = 1_400;
  const instance = world.spawn({ log });
  await instance.settled();
  assertEquals([world.names().size, instance.restarts.length], [300, 0]);
});
