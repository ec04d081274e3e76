/**
 * The start of one partition of a stage from its changelog, without any service: of the join and of the count of
 * `streams`. Argument: events of the join; the count has half of them. Prints one JSON line. A process of its own, as
 * only a heap that is collected at will can be measured: `deno run -A --v8-flags=--expose-gc`.
 */
import { NO_HEADERS } from "../../src/record/headers.ts";
import { setTimeout as quiet } from "node:timers/promises";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import type { Topology } from "../../src/dsl/topology.ts";
import { compile } from "../../src/plan/compile.ts";
import type { StagePlan } from "../../src/plan/physical.ts";
import type { Log, LogRecord, NewRecord, Reader } from "../../src/ports/log.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { BatchQueue } from "../../src/runtime/streams/batch_queue.ts";
import type { StreamContext } from "../../src/runtime/streams/flow.ts";
import { packedEvent, packOf } from "../../src/runtime/streams/pack.ts";
import { TextBytes } from "../../src/runtime/streams/text_bytes.ts";
import { loadStage } from "../../src/runtime/streams/stage_changelog.ts";
import { StageTask } from "../../src/runtime/streams/stage_task.ts";
import count from "./peer/topologies/streams_count.ts";
import join from "./peer/topologies/streams_join.ts";
import { cpuSecondsOf } from "./usage.ts";

/** As one of the six partitions of `streams` has them. */
const CUSTOMERS = 1_667;
const MS_BETWEEN = 6;
const JITTER_MS = 2_000;
const FIRST_MS = 1.7e12;
const PACK = 1_000;
/** Rows, events and keys of a batch; characters of a part of it. */
const BATCH = 20_000;
const PART_CHARS = 2 * 2 ** 20;
const POLL_RECORDS = 5_000;
const STARTS = 5;

const collect = (globalThis as unknown as { gc: () => void }).gc;
const encoder = new TextEncoder();

/** A changelog in memory, as bytes. */
class MemoryChangelog {
  readonly records: LogRecord[] = [];

  append(records: readonly NewRecord[]): void {
    const bytes = (text: NewRecord["key"]) => typeof text === "string" ? encoder.encode(text) : text;
    for (const { key, value } of records) {
      this.records.push({ offset: this.records.length, timestampMs: 0, key: bytes(key), value: bytes(value) });
    }
  }

  get log(): Pick<Log, "reader" | "offsets"> {
    let fromOffset = 0;
    const endOffset = this.records.length;
    const poll = () => {
      const records = this.records.slice(fromOffset, fromOffset += POLL_RECORDS);
      const nextOffset = Math.min(fromOffset, endOffset);
      return Promise.resolve([{ topic: "", partition: 0, fromOffset, records, nextOffset, endOffset }]);
    };
    return {
      offsets: () => Promise.resolve({ start: [0], end: [endOffset] }),
      reader: () => ({ seek() {}, poll, close: () => Promise.resolve() }) as unknown as Reader,
    };
  }
}

/** Values of packs, of each input in turn. */
function* packs(inputs: number, events: number): Generator<Uint8Array> {
  const random = mulberry32(7);
  const below = (end: number) => Math.floor(random() * end);
  for (let n = 0; n < events;) {
    for (let input = 0; input < inputs; input++) {
      const packed = new TextBytes();
      for (let index = 0; index < PACK; index++) {
        const customer = `customer-${below(CUSTOMERS)}`;
        const ms = FIRST_MS + Math.floor(n / inputs) * MS_BETWEEN + below(2 * JITTER_MS) - JITTER_MS;
        const value = { id: n, customer, [input === 0 ? "country" : "method"]: "card", amount: below(20_000) };
        const event = { input, columns: { customer }, value: inputs === 1 ? null : value, timestampUs: ms * 1_000 };
        packed.add(packedEvent({ offset: n++, index: 0 }, { ...event, headers: NO_HEADERS }));
      }
      yield packOf(`topic-${input}@id`, { partition: 0, events: packed });
    }
  }
}

function contextOf(plan: StagePlan): StreamContext {
  const nothing = () => {};
  return {
    letters: {
      callback(_: unknown, error: Error) {
        throw error;
      },
    },
    stages: [plan],
    partitionsOf: () => 1,
    ...{ onRecords: nothing, onSkipped: nothing, onOvertaken: nothing, onDropped: nothing },
  } as unknown as StreamContext;
}

async function taskOf(plan: StagePlan, changelog: MemoryChangelog): Promise<StageTask> {
  const loaded = (await loadStage(plan, { partition: 0, log: changelog.log, stopped: () => false }))!;
  const breathe = () => systemClock.breathe();
  return await StageTask.begin({ plan, partition: 0, loaded, mutedTo: 0, breathe }, contextOf(plan));
}

/** Takes all packs, as a host does, and writes what changes. */
async function fill(
  plan: StagePlan,
  { changelog, values }: { readonly changelog: MemoryChangelog; readonly values: readonly Uint8Array[] },
): Promise<void> {
  const task = await taskOf(plan, changelog);
  const queue = new BatchQueue({
    ...{ position: 0, doneTo: 0, announcedTo: null, rowsMax: BATCH, factCharsMax: PART_CHARS },
    evaluate: ({ records, nextOffset }, batch) => {
      for (const record of records) task.take(record, batch);
      batch.to = nextOffset;
      task.taken(batch);
    },
    sealed: (batch) => task.sealed(batch),
  });
  for (const [offset, value] of values.entries()) {
    const record = { offset, timestampMs: 0, key: null, value };
    queue.take({ records: [record], nextOffset: offset + 1 });
    const batch = queue.full || offset + 1 === values.length ? queue.next() : null;
    batch?.facts.parts({ owner: "owner", chars: PART_CHARS }).forEach((part) => changelog.append(part));
  }
  for (let batch = queue.next(); batch !== null; batch = queue.next()) {
    batch.facts.parts({ owner: "owner", chars: PART_CHARS }).forEach((part) => changelog.append(part));
  }
}

async function heapBytes(): Promise<number> {
  collect();
  // What is outside of the heap goes later.
  await quiet(300);
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

async function measure(
  topology: Topology,
  { inputs, events }: { readonly inputs: number; readonly events: number },
): Promise<Record<string, string>> {
  const [plan] = compile(topology, () => 1).stages;
  const changelog = new MemoryChangelog();
  const values = [...packs(inputs, events)];
  const cpuSeconds = () => cpuSecondsOf(Deno.pid);
  const began = cpuSeconds();
  await fill(plan, { changelog, values });
  const taken = cpuSeconds() - began;
  const { records } = changelog;
  const bytes = records.reduce((sum, { key, value }) => sum + key!.length + (value?.length ?? 0), 0);
  const before = await heapBytes();
  const task = await taskOf(plan, changelog);
  const held = await heapBytes() - before;
  const elements = task.view.elements.count(() => true);
  const beforeStarts = cpuSeconds();
  for (let start = 0; start < STARTS; start++) await taskOf(plan, changelog);
  const perStart = (cpuSeconds() - beforeStarts) / STARTS;
  const name = inputs === 1 ? "count" : "join";
  return {
    [`${name}: events`]: String(events),
    [`${name}: us of processor time to take one`]: (taken / events * 1e6).toFixed(1),
    [`${name}: records of the changelog`]: String(records.length),
    [`${name}: bytes of the changelog an event`]: (bytes / events).toFixed(0),
    [`${name}: elements at the end`]: String(elements),
    [`${name}: bytes in memory for each`]: (held / elements).toFixed(0),
    [`${name}: CPU seconds of a start`]: perStart.toFixed(2),
  };
}

const events = Number(Deno.args[0]);
console.log(
  JSON.stringify({
    ...await measure(join, { inputs: 2, events }),
    ...await measure(count, { inputs: 1, events: events / 2 }),
  }),
);
