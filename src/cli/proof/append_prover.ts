import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { computeAppends } from "../../oracle/append_oracle.ts";
import type { Row } from "../../record/row.ts";
import { topicOf } from "../../record/source_name.ts";
import { counted } from "../numbers.ts";
import { eventsReader } from "../verify/event_records.ts";
import { expectedRows } from "../verify/expected_rows.ts";
import { placed } from "../verify/verify_streams.ts";
import { differencesOf } from "./differences_of.ts";
import { differingKey } from "./differing_key.ts";
import { type DifferingKey, KEYS_NAMED, type SinkProof } from "./proof_report.ts";
import { Rounds } from "./rounds.ts";
import type { AppendReader } from "./shown_appends.ts";
import type { ShownRows } from "./shown_sink.ts";
import type { ProofPace } from "./proof_pace.ts";
import type { ProvenStreams } from "./proven_streams.ts";
import { type Difference, type Suspect, Suspects } from "./suspects.ts";
import type { AskedRecords, PartitionRecords } from "./told_records.ts";

/** An append table, and both sides that are compared. */
export interface ComparedAppends {
  readonly topology: Topology;
  readonly spec: AppendSpec;
  readonly shown: AppendReader;
  readonly streams: ProvenStreams;
}

/** Stretches of records with suspects that are looked at again in one turn, */
const SPANS_MAX = 20;
/** and offsets between two suspects of one of them. */
const GAP_MAX = 100;
/** Before the next round: rows that are there seldom change, and new ones wait for no longer than that. */
const ROUND_PAUSE_MS = 5_000;
/** A round of more would take days, and nobody would know what it says. */
const RECORDS_MAX = 20_000_000;

/** What one look found. */
interface Looked {
  readonly differences: readonly Difference[];
  readonly mark: string;
  /** Rows that should be there. */
  readonly rows: number;
  /** Records that were read. */
  readonly read: number;
  /** The records before it were looked at. */
  readonly next: number;
}

/**
 * Goes round the records of which an append table's rows are made, partition by partition. A row never changes, and all
 * rows of records below what is brought out must be there: nothing is waited for, and a row that differs at three looks
 * in a row is a fault.
 */
export class AppendProver {
  suspects = new Suspects();
  /** Why it cannot be compared at all; null: it can. */
  leftOut: string | null = null;
  /** Why it is not compared now; null: it is. */
  paused: string | null = null;
  /** Another instance compares it. */
  elsewhere = false;
  readonly #compared: ComparedAppends;
  readonly #pace: ProofPace;
  readonly #rounds = new Rounds();
  /** By topic. */
  readonly #readers: ReadonlyMap<string, ReturnType<typeof eventsReader>>;
  /** What is left of the round, the next at the end. */
  #left: AskedRecords[] = [];
  /** Why the round is not one over all records. */
  #untold: string | null = null;
  #spansSeen = 0;
  #dueMs = 0;

  constructor(compared: ComparedAppends, pace: ProofPace) {
    this.#compared = compared;
    this.#pace = pace;
    const { name, streams } = compared.topology;
    this.#readers = new Map(
      streams.flatMap((node) => node.op === "events" ? [[node.source.topic, eventsReader(node.source, name)]] : []),
    );
  }

  get topology(): string {
    return this.#compared.topology.name;
  }

  get sink(): string {
    return this.#compared.spec.name;
  }

  /** Looks again at what differed, and at the records that come next. @throws Error when a side does not answer */
  async next(): Promise<void> {
    if (this.leftOut !== null) return;
    await this.#lookAgain();
    if (this.#left.length === 0) {
      if (this.#pace.nowMs() < this.#dueMs) return;
      await this.#begin();
    }
    for (let passed = 0; passed < this.#pace.rangeRows && this.#left.length > 0;) {
      const asked = this.#left.at(-1)!;
      const to = Math.min(asked.to, asked.from + this.#pace.rangeRows - passed);
      const look = await this.#look({ ...asked, to });
      this.suspects.first({ ...look, nowMs: this.#pace.nowMs() });
      this.#rounds.add(look.rows);
      passed += Math.max(1, look.next - asked.from);
      this.#left.pop();
      if (look.next < asked.to) this.#left.push({ ...asked, from: look.next });
      await this.#pace.breathe(look.read);
    }
    if (this.#left.length === 0) this.#end();
  }

  /** A round is over what is brought out when it begins. */
  async #begin(): Promise<void> {
    this.suspects.roundBegins();
    this.#rounds.begin(this.#pace.nowMs());
    this.#left = [];
    this.suspects.first({ ...await this.#ofNoRecord(), nowMs: this.#pace.nowMs() });
    const told = await this.#compared.streams.brought(this.topology);
    const untold = told.filter(({ to }) => to === null).length;
    this.#untold = told.length > 0 && untold === 0
      ? null
      : `no instance tells how far it has brought out ${untold === 0 ? "its streams" : counted(untold, "partition")}`;
    let records = 0;
    for (const { topic, partition, to } of told) {
      if (to === null || !this.#readers.has(topic)) continue;
      // Nothing is read: where the partition begins is told.
      const found = await this.#compared.streams.records(this.topology, { topic, partition, from: 0, to: 0 });
      if (found === null || found.start >= to) continue;
      this.#left.push({ topic, partition, from: found.start, to });
      records += to - found.start;
    }
    if (records <= RECORDS_MAX) return;
    this.leftOut = `its topics have more than ${RECORDS_MAX} records, which one round would not get through`;
  }

  #end(): void {
    const endedMs = this.#pace.nowMs();
    this.#dueMs = endedMs + ROUND_PAUSE_MS;
    if (this.#untold === null) this.#rounds.end(endedMs);
  }

  async #lookAgain(): Promise<void> {
    const { foreign = [], own = [] } = Object.groupBy(this.suspects.keys, (one) => isForeign(one) ? "foreign" : "own");
    if (foreign.length > 0) {
      this.suspects.again(foreign, { ...await this.#ofNoRecord(), nowMs: this.#pace.nowMs() });
    }
    const spans = spansOf(own);
    for (let place = 0; place < Math.min(SPANS_MAX, spans.length); place++) {
      const { suspects, ...asked } = spans[this.#spansSeen++ % spans.length];
      const look = await this.#look(asked);
      const seen = suspects.filter(({ key }) => Number(key[2]) < look.next);
      this.suspects.again(seen, { ...look, nowMs: this.#pace.nowMs() });
      await this.#pace.breathe(look.read);
    }
  }

  /** None of these should be there. */
  async #ofNoRecord(): Promise<Pick<Looked, "differences" | "mark">> {
    const { differences } = this.#differences([], await this.#compared.shown.ofNoRecord());
    return { differences, mark: "" };
  }

  async #look(asked: AskedRecords): Promise<Looked> {
    const found = await this.#compared.streams.records(this.topology, asked);
    if (found === null) return { differences: [], mark: "", rows: 0, read: 0, next: asked.to };
    const { source, start, next, records } = found;
    const from = Math.max(asked.from, start);
    const range = { source, partition: asked.partition, from, to: next };
    const shown: ShownRows = from < next ? await this.#compared.shown.range(range) : new Map();
    return { ...this.#compare(asked, { found, shown }), mark: "", read: records.length, next };
  }

  #compare(
    { topic, partition }: AskedRecords,
    { found: { source, compacted, records }, shown }: { readonly found: PartitionRecords; readonly shown: ShownRows },
  ): Pick<Looked, "rows" | "differences"> {
    const { topology, spec } = this.#compared;
    const events = this.#readers.get(topic)!.events(records, partition);
    const computed = computeAppends(topology, (name) => name === topic ? events : []).get(spec.name)!;
    const left = new Set(records.map(({ offset }) => offset));
    // Of a record that compaction has removed nobody knows what it should have made.
    const judged = compacted ? new Map([...shown].filter(([, [row]]) => left.has(Number(row[2])))) : shown;
    return this.#differences(placed(computed, new Map([[topic, source]])), judged);
  }

  /** `rows`: those that should be there. */
  #differences(rows: Iterable<Row>, shown: ShownRows): Pick<Looked, "rows" | "differences"> {
    const { columns, key } = this.#compared.shown;
    const { expected } = expectedRows({ rows, later: null }, { columns, key });
    const found = differencesOf(key, { expected, shown });
    return { rows: expected.byKey.size, differences: found.map((one) => ({ ...one, version: null, excuse: null })) };
  }

  /** Begins from nothing. */
  forget(): void {
    this.suspects = new Suspects();
    this.#rounds.forget();
    this.#left = [];
    this.#dueMs = 0;
  }

  /** How far it is. */
  report(): SinkProof {
    return {
      topology: this.topology,
      sink: this.sink,
      how: "ranges",
      ...this.#rounds.report(this.suspects),
      keys: this.suspects.faults.slice(0, KEYS_NAMED).map((fault) => this.#differingKey(fault)),
      taken: [],
      waits: this.#untold,
      paused: this.paused,
    };
  }

  #differingKey(fault: Suspect): DifferingKey {
    const { names } = this.#compared.shown;
    const key = Object.fromEntries(fault.key.map((value, place) => [names[place], String(value)]));
    return differingKey(fault, { key, explain: isForeign(fault) ? null : placeOf(fault.key).join("/"), names });
  }
}

/** Whether the row says of no record at all. */
function isForeign({ key: [source] }: Suspect): boolean {
  return source === "";
}

/** Topic, partition and offset of the record that a row is of. */
function placeOf([source, partition, offset]: Suspect["key"]): readonly [string, number, number] {
  const topic = topicOf(String(source));
  return [topic, Number(partition), Number(offset)];
}

type SuspectSpan = AskedRecords & { readonly suspects: readonly Suspect[] };

/** Stretches of records in which suspects lie, by topic and partition. */
function spansOf(suspects: readonly Suspect[]): SuspectSpan[] {
  const spans: (SuspectSpan & { suspects: Suspect[]; to: number })[] = [];
  const partitions = Map.groupBy(suspects, ({ key: [source, partition] }) => `${partition}/${source}`);
  for (const own of partitions.values()) {
    let last: typeof spans[number] | null = null;
    for (const suspect of own.toSorted((a, b) => Number(a.key[2]) - Number(b.key[2]))) {
      const [topic, partition, from] = placeOf(suspect.key);
      if (last === null || from - last.to > GAP_MAX) {
        spans.push(last = { topic, partition, from, to: from, suspects: [] });
      }
      last.to = from + 1;
      last.suspects.push(suspect);
    }
  }
  return spans;
}
