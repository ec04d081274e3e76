import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import { encodeChange, lettersTopic } from "../../../src/adapters/topic_letters/letter_record.ts";
import type { Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { unreadableOrder as letter } from "../../letters_to.ts";
import { type LetterInstance, letterInstance } from "./letter_world.ts";

const TOPIC = lettersTopic("sales");
const subject = (offset: number, epoch = 7) => ({
  ...{
    kind: "subject",
    topology: "sales",
    task: "orders-0",
    epoch,
    stage: "decode",
    operator: "store.orders",
  } as const,
  ...{ subject: String(offset), why: "a later record of the key was read", timestampMs: 2_000 },
});

async function withLog(test: (log: Log) => Promise<void>): Promise<void> {
  const log = openEmbeddedLog({ path: ":memory:", clock: systemClock });
  try {
    await test(log);
  } finally {
    await log.close();
  }
}

/** What an instance knows when it has read all that is in the topic: `open()` waits for that at first. */
async function knows(instance: LetterInstance, letters: unknown): Promise<void> {
  await instance.open("sales");
  for (let tries = 0; tries < 200; tries++) {
    if (JSON.stringify(instance.all("sales")) === JSON.stringify(letters)) return;
    await systemClock.sleep(20);
  }
  assertEquals(instance.all("sales"), letters);
}

Deno.test("letters, their ends and attempts are the same to all instances, also to one that comes later", async () => {
  await withLog(async (log) => {
    const [one, other] = [letterInstance(log), letterInstance(log)];
    await one.put([letter(1), letter(2, { record: null, stack: "at x" })]);
    await knows(other, [[1, true, "no number"], [2, true, "no number"]]);
    await other.resolve([subject(1)]);
    const of = (instance: LetterInstance, offset: number) =>
      instance.stored.page({ limit: 10 }).letters.find((kept) => kept.offset === offset)!;
    const tried = await other.stored.begin([of(other, 2).id, "99"], { edit: '{"set":{"a":1}}', nowMs: 5 });
    assertEquals([...tried.keys()], [of(other, 2).id]);
    await other.stored.end([{ attempt: tried.get(of(other, 2).id)!, outcome: "failed", sentence: "no" }]);
    const later = letterInstance(log);
    for (const instance of [one, other, later]) {
      await knows(instance, [[1, false, "no number"], [2, true, "no number"]]);
      const { id: _, ...kept } = of(instance, 2);
      const attempts = [{ atMs: 5, edit: '{"set":{"a":1}}', outcome: "failed" as const, sentence: "no" }];
      assertEquals(kept, {
        ...letter(2, { record: null, stack: "at x" }),
        resolvedMs: null,
        resolution: null,
        attempts,
      });
      assertEquals(of(instance, 1).resolution, "a later record of the key was read");
      assertEquals(await instance.open("sales"), [{ stage: "decode", reason: "wrong_type", letters: 1 }]);
      const about = await instance.about({ topology: "sales", tasks: ["orders-0"], subject: "2" });
      assertEquals([about.length, instance.problems.filter((problem) => problem !== null)], [1, []]);
    }
    for (const instance of [one, other, later]) await instance.close();
  });
});

Deno.test("a letter's record says where it lay and why, in names that tools know", () => {
  const { key, value, headers } = encodeChange({ kind: "letter", letter: letter(3, { record: '{"id":3}' }) });
  const text = new TextDecoder().decode(headers);
  assertEquals([key, value], ['{"id":3}', '{"id":3}']);
  const expected = {
    "__connect.errors.topic": "store.orders",
    "__connect.errors.partition": "0",
    "__connect.errors.offset": "3",
    "__connect.errors.connector.name": "sales",
    "__connect.errors.task.id": "orders-0",
    "__connect.errors.stage": "VALUE_CONVERTER",
    "__connect.errors.exception.class.name": "DeserializationError",
    "__connect.errors.exception.message": "no number",
    "weir.reason": "wrong_type",
  };
  for (const [name, said] of Object.entries(expected)) {
    assert(text.includes(`${name}${String.fromCharCode(said.length * 2)}${said}`), `${name}: ${said}`);
  }
});

Deno.test("a restart, another process on the same file and a lost acknowledgement double no letter", async () => {
  const path = await Deno.makeTempFile({ prefix: "weir_letters_" });
  try {
    await withLog(async (log) => {
      let lost = 1;
      const losing: Log = {
        ...log,
        async append(batches) {
          const offsets = await log.append(batches);
          if (lost-- > 0) throw new ProductionError("no answer", { retriable: true });
          return offsets;
        },
      };
      const one = letterInstance(losing, path);
      await assertRejects(() => one.put([letter(1)]), ProductionError);
      await one.put([letter(1)]);
      const beside = letterInstance(log, path);
      await beside.put([letter(2)]);
      await knows(one, [[1, true, "no number"], [2, true, "no number"]]);
      await one.close();
      await beside.resolve([subject(2)]);
      await beside.close();
      const again = letterInstance(log, path);
      await again.put([letter(1, { epoch: 8 })]);
      await knows(again, [[1, true, "no number"], [2, false, "no number"]]);
      const fresh = letterInstance(log);
      await knows(fresh, again.all("sales"));
      // A process that is over by now: what it says late of an older epoch is not the last word.
      await fresh.put([letter(1, { epoch: 7, error: "late" })]);
      await knows(again, fresh.all("sales"));
      assertEquals(fresh.all("sales")[0], [1, true, "no number"]);
      await again.close();
      await fresh.close();
    });
  } finally {
    for (const end of ["", "-wal", "-shm"]) await Deno.remove(`${path}${end}`).catch(() => {});
  }
});

Deno.test("of instances that replay a letter at once one does, and after a minute another may", async () => {
  await withLog(async (log) => {
    const instances = [letterInstance(log), letterInstance(log), letterInstance(log)];
    await instances[0].put([letter(1)]);
    for (const instance of instances) await knows(instance, [[1, true, "no number"]]);
    const begin = (instance: LetterInstance, nowMs: number) =>
      instance.stored.begin([instance.stored.page({ limit: 1 }).letters[0].id], { edit: null, nowMs });
    const begun = await Promise.all(instances.map((instance) => begin(instance, 100_000)));
    assertEquals(begun.map(({ size }) => size).sort(), [0, 0, 1]);
    const idle = instances[begun.findIndex(({ size }) => size === 0)];
    assertEquals([(await begin(idle, 130_000)).size, (await begin(idle, 160_001)).size], [0, 1]);
    const outcomes = idle.stored.page({ limit: 1 }).letters[0].attempts.map(({ outcome }) => outcome).sort();
    assertEquals(outcomes, ["begun", "begun", "refused", "refused", "refused"]);
    for (const instance of instances) await instance.close();
  });
});

Deno.test("a letter that the topic does not take goes with less of its record, and says so", async () => {
  await withLog(async (log) => {
    await log.createTopic({ name: TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1, messageBytesMax: 20_000 });
    const instance = letterInstance(log);
    await instance.put([letter(1), letter(2, { record: "x".repeat(60_000) }), letter(3)]);
    await knows(instance, [[1, true, "no number"], [2, true, "no number"], [3, true, "no number"]]);
    const records = instance.stored.page({ limit: 3 }).letters.map(({ record }) => record!);
    assertEquals(records[0], "{}");
    assert(/^x{900,}\.\.\. \[cut: at most 1024 bytes are kept\]$/.test(records[1]), records[1].slice(-60));
    await instance.close();
  });
});

Deno.test("what is left of a topic, and what others wrote into it, is no trouble", async () => {
  await withLog(async (log) => {
    const one = letterInstance(log);
    await one.put([letter(1), letter(2)]);
    const foreign = [{ key: null, value: "{" }, { key: "k", value: null }, { key: null, value: '{"kind":"letter"}' }];
    await log.append([{ topic: TOPIC, partition: 0, records: foreign }]);
    await one.put([letter(3)]);
    await log.truncateBefore(TOPIC, { partition: 0, offset: 1 });
    const fresh = letterInstance(log);
    await knows(fresh, [[2, true, "no number"], [3, true, "no number"]]);
    await knows(one, [[1, true, "no number"], [2, true, "no number"], [3, true, "no number"]]);
    await one.close();
    await fresh.close();
  });
});
