import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { Choices } from "./choices.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";
import { SimulatedLog } from "./simulated_log.ts";

const SEEDS = 300;
const APPENDS = 20;
const topic = "t";

interface Run {
  readonly log: SimulatedLog;
  readonly port: Log;
  /** The answer, with the scheduler at work until it is there, and `watch` called after each of its steps. */
  settle<T>(answer: Promise<T>, watch?: () => void): Promise<PromiseSettledResult<T>>;
}

function start(seed: number): Run {
  const scheduler = new Scheduler(new Choices(seed));
  const log = new SimulatedLog(scheduler, new Group(scheduler), {});
  const owner: Owner = { name: "p", dead: false, bug: false };
  log.create({ name: topic, partitions: 2, cleanup: "delete", retentionMs: -1 });
  return {
    log,
    port: log.portFor(owner),
    async settle(answer, watch = () => {}) {
      let settled = false;
      const results = Promise.allSettled([answer]).finally(() => settled = true);
      while (!settled) {
        await scheduler.step();
        watch();
        scheduler.steps++;
      }
      return (await results)[0];
    },
  };
}

function batchOf(name: string, { partition, whole }: { readonly partition: number; readonly whole?: true }) {
  const values = Array.from({ length: 4 }, (_, index) => `${name}/${index}`);
  return { topic, partition, records: values.map((value) => ({ key: null, value })), whole };
}

/** How many records of the batch are stored, in all its copies. */
function copiesOf({ log }: Run, { partition, records }: AppendBatch): number {
  const values = new Set(records.map(({ value }) => value));
  return log.topics.get(topic)!.partitions[partition].records.filter(({ value }) => values.has(value)).length;
}

Deno.test(`SimulatedLog stores batches that are whole as such, and splits others (${SEEDS} seeds)`, async () => {
  let split = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = start(seed);
    for (let append = 0; append < APPENDS; append++) {
      const name = (batch: number) => `${append}.${batch}`;
      const whole = [0, 1].map((partition) => batchOf(name(partition), { partition, whole: true }));
      const other = batchOf(name(2), { partition: 1 });
      const batches = [[whole[0]], [whole[0], other], [other, whole[0]], [...whole, other]][append % 4];
      await run.settle(run.port.append(batches), () => {
        for (const batch of whole) assertEquals(copiesOf(run, batch) % 4, 0, `seed ${seed}`);
        if (copiesOf(run, other) % 4 > 0) split++;
      });
    }
  }
  assert(split > SEEDS, `others were split ${split} times`);
});

Deno.test(`SimulatedLog repeats what has a batch that is whole only after a failure (${SEEDS} seeds)`, async () => {
  const repeated = { whole: 0, acknowledged: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = start(seed);
    for (let append = 0; append < APPENDS; append++) {
      const whole = append % 2 === 0 ? true : undefined;
      const batches = [batchOf(`${append}`, { partition: 0, whole }), batchOf(`${append}.1`, { partition: 1 })];
      const { status } = await run.settle(run.port.append(batches));
      const ghosts = run.log.ghosts.splice(0);
      if (ghosts.length === 0) continue;
      for (const ghost of ghosts) ghost();
      if (status === "fulfilled") repeated.acknowledged++;
      if (whole) {
        assertEquals(status, "rejected", `seed ${seed}`);
        repeated.whole++;
      }
    }
  }
  assert(repeated.whole > 0 && repeated.acknowledged > 0, JSON.stringify(repeated));
});

Deno.test("SimulatedLog stores nothing of a batch that is whole and too large, nor what follows it", async () => {
  const run = start(1);
  run.log.faults = false;
  run.log.recordLengthMax = 5;
  const [before, large, behind] = ["1", "1234", "2"].map((name) => batchOf(name, { partition: 0, whole: true }));
  const large2 = { ...large, records: [...batchOf("3", { partition: 0 }).records, ...large.records] };
  const answer = await run.settle(run.port.append([before, large2, behind]));
  assertEquals(answer.status, "rejected");
  assertEquals([copiesOf(run, before), copiesOf(run, large2), copiesOf(run, behind)], [4, 0, 0]);
});

Deno.test(`SimulatedLog.truncateBefore() may fail, before it is done or after (${SEEDS} seeds)`, async () => {
  const failed = { before: 0, after: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = start(seed);
    const [partition] = run.log.topics.get(topic)!.partitions;
    run.log.store(batchOf("a", { partition: 0 }));
    for (const { offset, start } of [{ offset: 3, start: 3 }, { offset: 1, start: 3 }, { offset: 9, start: 4 }]) {
      const truncating = () => run.settle(run.port.truncateBefore(topic, { partition: 0, offset }));
      for (;;) {
        const before = partition.start;
        if ((await truncating()).status === "fulfilled") break;
        if (partition.start === start) failed.after++;
        else {
          assertEquals(partition.start, before);
          failed.before++;
        }
      }
      assertEquals([partition.start, partition.end, partition.records.length], [start, 4, 4 - start]);
    }
  }
  assert(failed.before > 0 && failed.after > 0, JSON.stringify(failed));
});

Deno.test("SimulatedLog.truncateBefore() refuses a topic that is compacted", async () => {
  const { log, port, settle } = start(1);
  log.faults = false;
  log.create({ name: "compacted", partitions: 1, cleanup: "compact", retentionMs: -1 });
  const answer = settle(port.truncateBefore("compacted", { partition: 0, offset: 1 }));
  const error = await assertRejects(async () => {
    const result = await answer;
    if (result.status === "rejected") throw result.reason;
  }, ProductionError);
  assertEquals(error.retriable, false);
});
