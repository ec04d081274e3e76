import { type Choices, choicesOf } from "../../../src/demo/random.ts";
import type { AppendBatch, Log, NewRecord } from "../../../src/ports/log.ts";
import { partitionOf } from "../../../src/record/partitioner.ts";
import { orders, payments } from "./streams_events.ts";

const PARTITIONS = 6;
const CUSTOMERS = 10_000;
const SEED = 42;
/** Events of one topic in a millisecond of theirs. */
const EVENTS_PER_MS = 1;
/** An event's time is so much before or behind that of its place: windows and joins meet events out of order. */
const JITTER_MS = 2_000;
/** Events of one topic between two appends. */
const CHUNK = 20_000;
const COUNTRIES = ["DE", "ES", "FR", "IT", "NL", "PL", "SE"];
const METHODS = ["card", "direct debit", "invoice", "transfer"];

/** Events that were loaded, and the time at which further ones go on. */
export interface LoadedEvents {
  /** Appends one order and one payment of a customer that has none; resolves to the customer. */
  appendPair(): Promise<string>;
}

/** Writes as many orders as payments, `events` together, into new topics, all of the last minutes. */
export async function loadEvents(log: Log, { events }: { readonly events: number }): Promise<LoadedEvents> {
  for (const { spec } of [orders, payments]) {
    await log.createTopic({ name: spec.topic, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  }
  const each = Math.floor(events / 2);
  const choices = choicesOf(SEED);
  // Not later than now: a broker deletes by the time of records, and changelogs of windows by their own retention.
  const endMs = Date.now() - 10 * JITTER_MS;
  const startMs = endMs - each / EVENTS_PER_MS;
  for (let from = 0; from < each; from += CHUNK) {
    const batches: AppendBatch[] = [];
    for (const topic of [orders.spec.topic, payments.spec.topic]) {
      const parts: NewRecord[][] = Array.from({ length: PARTITIONS }, () => []);
      for (let n = from; n < Math.min(from + CHUNK, each); n++) {
        const customer = `customer-${choices.between(1, CUSTOMERS)}`;
        const timestampMs = Math.round(startMs + n / EVENTS_PER_MS + choices.between(-JITTER_MS, JITTER_MS));
        parts[partitionOf(customer, PARTITIONS)].push(
          recordOf(choices, { topic, id: n + 1, customer, timestampMs }),
        );
      }
      batches.push(...parts.map((records, partition) => ({ topic, partition, records })));
    }
    await log.append(batches);
  }
  let added = 0;
  return {
    async appendPair() {
      const customer = `new-customer-${++added}`;
      const partition = partitionOf(customer, PARTITIONS);
      const timestampMs = endMs + JITTER_MS + added;
      const id = each + added;
      await log.append([orders.spec.topic, payments.spec.topic].map((topic) => ({
        topic,
        partition,
        records: [recordOf(choices, { topic, id, customer, timestampMs })],
      })));
      return customer;
    },
  };
}

function recordOf(
  choices: Choices,
  { topic, id, customer, timestampMs }: {
    readonly topic: string;
    readonly id: number;
    readonly customer: string;
    readonly timestampMs: number;
  },
): NewRecord {
  const amount = choices.between(99, 20_000);
  const at = new Date(timestampMs).toISOString();
  const value = topic === orders.spec.topic
    ? { id, customer, country: choices.pick(COUNTRIES), amount, currency: "EUR", channel: "web", at }
    : { id, customer, method: choices.pick(METHODS), amount, currency: "EUR", provider: "bank", at };
  return { key: customer, value: JSON.stringify(value), timestampMs };
}
