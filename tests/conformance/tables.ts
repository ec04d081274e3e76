import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Comparison, EQUAL, type Interpreter, type Verdict } from "./interpreter.ts";
import type { Case, Output, Step } from "./recorded.ts";
import { type Recast, recast, type ShownResult, SOURCES } from "./table_topologies.ts";

/** Key and value of every row shown, sorted. */
type Shown = readonly (readonly [string, unknown])[];

const GONE = "a group whose last row left disappears; Kafka Streams keeps it with a count of 0 (all others are equal)";
const LATE =
  "Weir was not given the record: it is older than the newest of its key, which a versioned table of Kafka " +
  "Streams ignores; in Weir order is the order of the topic";

/**
 * Tables: after every step the rows that Weir shows must be those that Kafka Streams' results amount to. Results that
 * change nothing, and those within one step, may be skipped.
 */
export const TABLES: Interpreter = {
  notCompared: [
    "times of results: a row in ClickHouse carries no record time",
    "counts of dropped records: a record without a key is a dead letter (that is checked), a null foreign key is none",
  ],
  understands: (recorded) => recast(recorded) !== null && recorded.steps.every(isTextByText),
  // All keys are those of tables: whatever the partition, a key's records keep their order.
  partitions: () => [1, 3],
  async run(recorded, { partitions }) {
    const recasted = recast(recorded)!;
    await using driver = createTopologyTestDriver(recasted.topology, { cleanup: "delete", partitions });
    await driver.settle();
    return await new Run(recorded, recasted, { driver }).all();
  },
};

class Run {
  readonly #recorded: Case;
  readonly #recasted: Recast;
  readonly #driver: TopologyTestDriver;
  readonly #kafka = new Amounts();

  constructor(recorded: Case, recasted: Recast, { driver }: { readonly driver: TopologyTestDriver }) {
    this.#recorded = recorded;
    this.#recasted = recasted;
    this.#driver = driver;
  }

  async all(): Promise<Comparison> {
    const steps: Verdict[] = [];
    let number = 0;
    for (const { step, late } of inOrder(this.#recorded)) {
      const at = `after step ${++number}, ${JSON.stringify({ ...step, out: undefined })}`;
      if (!late) writeRow(this.#driver, step);
      this.#kafka.take(step.out);
      await this.#driver.settle();
      steps.push(...this.#compare(at).map((verdict) => late && verdict.kind === "equal" ? declared(LATE) : verdict));
    }
    await this.#driver.restart();
    return { steps, end: [...this.#compare("after a restart"), ...this.#stores(), this.#deadLetters()] };
  }

  /** One verdict for each output. */
  #compare(at: string): Verdict[] {
    const { results, without } = this.#recasted;
    const unknown = this.#kafka.topics().filter((topic) => !(topic in results) && !(topic in without));
    return [
      ...Object.entries(results).flatMap(([topic, result]) => [
        this.#judge(this.#kafka.shown(topic), { shown: this.#shown(result), at: `"${topic}" ${at}` }),
        this.#judge(this.#kafka.shown(topic), { shown: this.#told(result), at: `changes of "${topic}" ${at}` }),
      ]),
      ...Object.entries(without).map(([topic, reason]) => declared(`output "${topic}" is not compared: ${reason}`)),
      ...unknown.map((topic) => different(`"${topic}" ${at}: the topology has no such output`)),
    ];
  }

  #judge(kafka: Shown, { shown, at }: { readonly shown: Shown; readonly at: string }): Verdict {
    if (isEqual(shown, kafka)) return EQUAL;
    const counts = this.#kafka.shown("count");
    const empty = new Set(counts.filter(([, rows]) => rows === 0).map(([group]) => group));
    if (isEqual(shown, kafka.filter(([group]) => !empty.has(group)))) return declared(GONE);
    return different(`${at}: Weir shows ${JSON.stringify(shown)}, Kafka Streams has ${JSON.stringify(kafka)}`);
  }

  #stores(): Verdict[] {
    return Object.entries(this.#recorded.finalStores ?? {}).map(([store, rows]) => {
      const output = STORES[store] ?? store;
      const reason = this.#recasted.without[output];
      if (reason !== undefined) return declared(`output "${output}" is not compared: ${reason}`);
      const result = this.#recasted.results[output];
      if (result === undefined) return different(`the topology has no counterpart of the store "${store}"`);
      const kept = rows.filter(({ value }) => value !== null).map(({ key, value }) => [String(key), value] as const);
      return this.#judge(sorted(kept), { shown: this.#shown(result), at: `store "${store}" at the end` });
    });
  }

  #deadLetters(): Verdict {
    const keyless = this.#recorded.steps.filter(({ key }) => key === null).map(() => "null_key");
    const reasons = this.#driver.deadLetters().map(({ reason }) => reason);
    return reasons.join() === keyless.join() ? EQUAL : different(`the dead letters are ${JSON.stringify(reasons)}`);
  }

  /** What the events of toStream() amount to, one after the other. */
  #told({ changes, value }: ShownResult): Shown {
    const rows = new Map<string, unknown>();
    for (const { key, row } of this.#driver.appended(changes)) {
      if (row === null) rows.delete(String(key));
      else rows.set(String(key), JSON.parse(String(row))[value]);
    }
    return sorted(rows);
  }

  #shown({ sink, key, value }: ShownResult): Shown {
    return sorted(this.#driver.select(sink).map((row) => [row[key] as string, row[value]] as const));
  }
}

/** Names of recorded stores, by the output that they are the table of. */
const STORES: Readonly<Record<string, string>> = { "out-store": "out", "cnt": "count" };

/** What Kafka Streams' results amount to so far, by output topic. */
class Amounts {
  readonly #tables = new Map<string, Map<string, unknown>>();

  take(outputs: readonly Output[]): void {
    for (const { topic = "out", key, value } of outputs) {
      const table = this.#tables.get(topic) ?? new Map();
      this.#tables.set(topic, table);
      if (value === null) table.delete(String(key));
      else table.set(String(key), value);
    }
  }

  topics(): string[] {
    return [...this.#tables.keys()];
  }

  shown(topic: string): Shown {
    return sorted(this.#tables.get(topic) ?? []);
  }
}

function sorted(rows: Iterable<readonly [string, unknown]>): Shown {
  return [...rows].sort(([a], [b]) => a < b ? -1 : 1);
}

function isEqual(one: Shown, other: Shown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function declared(reason: string): Verdict {
  return { kind: "declared", reason };
}

function different(detail: string): Verdict {
  return { kind: "different", detail };
}

/** A step whose topic, key and value the tables of {@link SOURCES} can have. */
export type TextByText = Step & {
  readonly topic: keyof typeof SOURCES;
  readonly key: string | null;
  readonly value: string | null;
};

export function isTextByText(step: Step): step is TextByText {
  return step.topic in SOURCES && [step.key, step.value].every((text) => text === null || typeof text === "string");
}

function writeRow(driver: TopologyTestDriver, { topic, key, value }: TextByText): void {
  const source = SOURCES[topic];
  if (key === null) {
    return driver.raw(source, { key: null, value: value === null ? null : JSON.stringify({ id: null, value }) });
  }
  const held = [...driver.rows(source)].some(([held]) => held === JSON.stringify(key));
  if (value !== null) {
    return held ? driver.update(source, { id: key, value }) : driver.insert(source, { id: key, value });
  }
  if (held) driver.delete(source, key);
  else driver.raw(source, { key: JSON.stringify({ id: key }), value: null });
}

/** Steps that a versioned store would ignore are marked. A record without a key has no older one. */
function* inOrder({ steps, topology }: Case): Generator<{ readonly step: TextByText; readonly late: boolean }> {
  const versioned = String(topology.stores).startsWith("versioned");
  const newest = new Map<string, number>();
  for (const step of steps.filter(isTextByText)) {
    const id = `${step.topic} ${step.key}`;
    const late = versioned && step.key !== null && step.ts < (newest.get(id) ?? -Infinity);
    newest.set(id, Math.max(step.ts, newest.get(id) ?? -Infinity));
    yield { step, late };
  }
}
