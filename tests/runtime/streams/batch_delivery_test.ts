import { assertEquals } from "@std/assert";
import type { Guarantee } from "../../../src/dsl/topic_sink.ts";
import type { OutputPlan } from "../../../src/plan/physical.ts";
import type { AppendBatch } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { readHeaders } from "../../../src/record/headers.ts";
import { BatchDelivery, type BatchDeliveryOptions } from "../../../src/runtime/streams/batch_delivery.ts";
import { StreamBatch } from "../../../src/runtime/streams/stream_batch.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const OUTPUT = outputTo("out", "at_least_once");
const OTHER = outputTo("other", "at_least_once");
const ONCE = outputTo("once", "exactly_once");

function outputTo(topic: string, guarantee: Guarantee): OutputPlan {
  return { topic, node: { sink: { guarantee } } } as OutputPlan;
}

type Told = readonly [offset: number, key: string, value: string, output?: OutputPlan];

function batchOf(...records: readonly Told[]) {
  const batch = new StreamBatch(0);
  for (const [offset, key, value, output = OUTPUT] of records) {
    const record = { key, value, timestampMs: 5, headers: { trace: key } };
    batch.records.add({ output, partition: key.length % 2 }, { record, offset });
  }
  batch.to = 100;
  return batch;
}

function isTooLarge({ records }: AppendBatch): boolean {
  return records.some(({ value }) => value!.length > 10);
}

function tooLarge(): ProductionError {
  return new ProductionError("too large", { retriable: false, reason: "too_large" });
}

/** A log that takes no value of more than ten characters, and what happened in which order. */
function world(options: Partial<BatchDeliveryOptions> = {}) {
  const happened: string[] = [];
  const shown = ({ topic, partition, records }: AppendBatch) => {
    const texts = records.map(({ value, headers }) => `${value} ${readHeaders(headers)["weir-origin"]}`);
    return `${topic}/${partition}: ${texts.join(", ")}`;
  };
  const delivery = new BatchDelivery({
    partition: 3,
    start: { source: "clicks@a", topicId: "a", position: 0, first: 0, end: 0, announced: null, lost: null, fed: null },
    clock: createManualClock(),
    stage: { write: () => Promise.resolve(happened.push("facts") > 0) } as never,
    progress: {
      settle: (to: number) => Promise.resolve(void happened.push(`settled ${to}`)),
      settleWith: (to: number, { batches }: { readonly batches: readonly AppendBatch[] }) => {
        if (batches.some(isTooLarge)) return Promise.reject(tooLarge());
        happened.push(`settled ${to} with ${batches.map(shown).join("; ")}`);
        return Promise.resolve(true);
      },
    } as never,
    writer: {} as never,
    stopped: () => false,
    beforeEvents: () => Promise.resolve(),
    onState: () => {},
    onWritten: (topic, records) => void happened.push(`${topic} ${records}`),
    onTooLarge: (event) => void happened.push(`too large: ${"placed" in event ? event.placed.offset : "?"}`),
    log: {
      append: (batches) => {
        if (batches.some(isTooLarge)) return Promise.reject(tooLarge());
        happened.push(...batches.map(shown));
        return Promise.resolve(batches.map(() => 0));
      },
    },
    ...options,
  });
  return { delivery, happened };
}

Deno.test("BatchDelivery brings records out, then moves the position, then writes what is kept", async () => {
  const { delivery, happened } = world();
  const batch = batchOf([7, "a", "1"], [7, "a", "2"], [8, "bb", "3"], [8, "a", "4", OTHER], [9, "a", "5"]);
  assertEquals(await delivery.deliver(batch), true);
  assertEquals(happened, [
    "out/1: 1 clicks@a/3/7/0, 2 clicks@a/3/7/1, 5 clicks@a/3/9/0",
    "out/0: 3 clicks@a/3/8/0",
    "other/1: 4 clicks@a/3/8/0",
    ...["out 3", "out 1", "other 1"],
    "settled 100",
    "facts",
  ]);
});

Deno.test("BatchDelivery sets records aside that the log finds too large, others keep their origins", async () => {
  const { delivery, happened } = world();
  const batch = batchOf([1, "a", "x".repeat(20)], [1, "a", "2"], [2, "a", "y".repeat(11)]);
  assertEquals(await delivery.deliver(batch), true);
  assertEquals(happened, ["too large: 1", "too large: 2", "out/1: 2 clicks@a/3/1/1", "out 1", "settled 100", "facts"]);
});

Deno.test("BatchDelivery moves nothing before records are acknowledged", async () => {
  let failures = 3;
  const clock = createManualClock();
  const states: (string | null)[] = [];
  const appended: number[] = [];
  const { delivery, happened } = world({
    clock: { ...clock, sleep: () => Promise.resolve() },
    onState: (state) => states.push(state),
    log: {
      append: (batches) => {
        appended.push(batches[0].records.length);
        if (failures-- > 0) return Promise.reject(new ProductionError("no answer", { retriable: true }));
        happened.push("acknowledged");
        return Promise.resolve([0]);
      },
    },
  });
  assertEquals(await delivery.deliver(batchOf([1, "a", "1"], [2, "a", "2"])), true);
  assertEquals([appended, happened], [[2, 2, 2, 2], ["acknowledged", "out 2", "settled 100", "facts"]]);
  assertEquals([states[0], states.at(-1)], ["no answer", null]);
});

Deno.test("BatchDelivery commits records that are to be there once with the position, behind all others", async () => {
  const { delivery, happened } = world();
  const batch = batchOf([7, "a", "1", ONCE], [7, "a", "2"], [8, "bb", "3", ONCE], [9, "a", "z".repeat(11), ONCE]);
  assertEquals(await delivery.deliver(batch), true);
  assertEquals(happened, [
    "out/1: 2 clicks@a/3/7/0",
    "out 1",
    "too large: 9",
    "settled 100 with once/1: 1 clicks@a/3/7/0; once/0: 3 clicks@a/3/8/0",
    ...["once 1", "once 1"],
    "settled 100",
    "facts",
  ]);
});

Deno.test("BatchDelivery commits nothing where all records that are to be there once are set aside", async () => {
  const { delivery, happened } = world();
  assertEquals(await delivery.deliver(batchOf([7, "a", "z".repeat(11), ONCE])), true);
  assertEquals(happened, ["too large: 7", "settled 100", "facts"]);
});

Deno.test("BatchDelivery writes no records once more that are known to be there", async () => {
  const start = {
    source: "clicks@a",
    topicId: "a",
    position: 0,
    first: 0,
    end: 0,
    announced: null,
    lost: null,
    fed: null,
  };
  const { delivery, happened } = world({ start: { ...start, toldTo: 8 } });
  assertEquals(await delivery.deliver(batchOf([7, "a", "1", ONCE], [8, "a", "2", ONCE])), true);
  assertEquals(happened, ["settled 100 with once/1: 2 clicks@a/3/8/0", "once 1", "settled 100", "facts"]);
});
