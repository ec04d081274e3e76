import { z } from "zod";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { Prover } from "../../../src/cli/proof/prover.ts";
import type { ProvenStreams } from "../../../src/cli/proof/proven_streams.ts";
import type { ShownReader, ShownRows } from "../../../src/cli/proof/shown_sink.ts";
import type { SinkKey } from "../../../src/cli/proof/sink_key.ts";
import { readRecords, recordsIn } from "../../../src/cli/proof/told_records.ts";
import { tellTopics } from "../../../src/cli/proof/told_topics.ts";
import { type CanonicalColumn, canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import { canonicalKey, type CanonicalRow } from "../../../src/cli/verify/compare.ts";
import { clickhouse, count, events, last, max, sum, type Topology, topology } from "../../../src/mod.ts";
import { broughtOutOf, whenApplied } from "../../../src/runtime/applied.ts";
import { createMemoryWarehouse, type MemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createStepClock, type StepClock } from "../../../src/testing/quiescence.ts";
import { type RandomWindows, windowsIn } from "../../oracle/random_windows.ts";
import { StepRun } from "../../runtime/step_run.ts";

const SIZE_S = 10;
const SINK = "totals";
/** Fold by fold of what a message may hold. */
const PORTION = 3;

const row = z.object({ user: z.int(), amount: z.int() });
const columns = { user: "Int64", window_start: "Int64", events: "Int64", amount: "Int64", most: "Int64" } as const;

/** What a life is made of. */
export interface TotalsLife {
  readonly kind: "none" | "ordered" | RandomWindows["kind"];
  /** Seconds that events may be late. */
  readonly graceS: number;
  readonly sources: number;
  readonly partitions: number;
}

/** A topic's name. */
function topicOf(source: number): string {
  return `shop.taps${source}`;
}

const sources = [0, 1].map((source) => events(topicOf(source), { row }));
const amountOf = ({ amount }: { readonly amount: number }) => amount;

/** Totals of each user's taps that are worth something. */
export function totalsOf(life: TotalsLife): Topology {
  return topology("taps", (builder) => {
    const [first, ...others] = sources.slice(0, life.sources).map((source) => builder.stream(source));
    const grouped = others.reduce((all, one) => all.merge(one), first)
      .filter(({ amount }) => amount > 0)
      .groupBy(({ user }) => ({ user }));
    const shown = (of: { user: number; events: number; amount: unknown; most: unknown }, window_start: number) => ({
      ...{ user: of.user, events: of.events, amount: Number(of.amount), most: Number(of.most), window_start },
    });
    const most = life.kind === "ordered" ? last(amountOf, { by: () => 0 }) : max(amountOf);
    const aggregates = { events: count(), amount: sum(amountOf), most };
    if (life.kind === "none" || life.kind === "ordered") {
      return grouped.aggregate("sums", aggregates).mapValues((of) => shown(of as never, 0))
        .to(clickhouse(SINK, { key: ["user"], columns }));
    }
    grouped.windowedBy(windowsIn({ ...life, kind: life.kind }, SIZE_S)).aggregate("sums", aggregates)
      .mapValues((of) => shown(of, of.window_start))
      .to(clickhouse(SINK, { key: ["user", "window_start"], columns }));
  });
}

/** A topology of totals that runs, and who compares it, on a clock that stands still but for what is waited for. */
export class TotalsWorld {
  readonly topology: Topology;
  readonly prover: Prover;
  readonly log: EmbeddedLog;
  /** What somebody has made of what ClickHouse has: another row, or none. */
  readonly tampered = new Map<string, CanonicalRow | null>();
  /** Records read by who compares. */
  read = 0;
  readonly #clock: StepClock;
  readonly #warehouse: MemoryWarehouse = createMemoryWarehouse();
  #run: StepRun;
  /** Places of its columns. */
  readonly #key: readonly number[];
  readonly #columns: readonly CanonicalColumn[];

  private constructor(topology: Topology, { clock, log }: { readonly clock: StepClock; readonly log: EmbeddedLog }) {
    [this.topology, this.#clock, this.log] = [topology, clock, log];
    this.#columns = topology.nodes.flatMap((node) => node.op === "sink" ? Object.entries(node.sink.columns) : [])
      .map(([name, type]) => canonicalColumn({ name, type }, name));
    this.#key = topology.nodes.flatMap((node) => node.op === "sink" ? node.sink.key : []).map((_, place) => place);
    this.#run = this.#begun();
    this.prover = this.another();
  }

  #begun(): StepRun {
    return new StepRun(this.topology, { clock: this.#clock, ports: { log: this.log, warehouse: this.#warehouse } })
      .start();
  }

  /** The topology ends, and begins again. */
  async restart(): Promise<void> {
    await this.#run.stop();
    this.#run = this.#begun();
    await this.settled();
  }

  /** Another one that compares, from nothing. */
  another({ rowsMax = 10_000, portion = PORTION } = {}): Prover {
    const nowMs = () => this.#clock.nowMs();
    return new Prover({
      topologies: [this.topology],
      source: { open: () => Promise.reject(new TypeError("no table is read")), ...NOTHING_UNSENT },
      shown: () => this.#shown(),
      standing: () => Promise.resolve({ paused: null, elsewhere: false, excuse: null }),
      applied: () => this.applied(),
      streams: this.streams(portion),
      appended: () => {
        throw new TypeError("no table is appended to");
      },
      pace: { rangeRows: 7, rowsMax, breathe: () => Promise.resolve(), nowMs },
    });
  }

  /** `former`: what the topology was while there were some taps already. */
  static async open(
    topology: Topology,
    { former = null, ...life }: Pick<TotalsLife, "sources" | "partitions"> & { readonly former?: Topology | null },
  ): Promise<TotalsWorld> {
    const clock = createStepClock(createManualClock());
    const log = openEmbeddedLog({ path: ":memory:", clock });
    for (let source = 0; source < life.sources; source++) {
      const topic = { name: topicOf(source), partitions: life.partitions, retentionMs: 60_000 };
      await log.createTopic({ ...topic, cleanup: "delete" });
    }
    if (former !== null) await lived(former, { clock, log });
    const world = new TotalsWorld(topology, { clock, log });
    await world.settled();
    return world;
  }

  /** What the proof is told of the log. */
  streams(portion: number): ProvenStreams {
    return {
      withheld: () => null,
      brought: () => Promise.resolve(broughtOutOf(this.#run.runner.instance!)),
      topics: () => tellTopics(this.log, this.#run.runner.instance!.topics.plan),
      records: async (_, asked) => {
        const told = await readRecords(this.log, { ...asked, to: Math.min(asked.to, asked.from + portion) });
        this.read += told?.records.length ?? 0;
        return told === null ? null : recordsIn(JSON.parse(JSON.stringify(told)));
      },
    };
  }

  /** Taps of as many users as there are. */
  async taps(times: number): Promise<void> {
    const tap = (user: number) => ({ key: null, value: JSON.stringify({ user: user % 7, amount: 1 }) });
    const records = Array.from({ length: times }, (_, at) => ({ ...tap(at), timestampMs: 1_000 }));
    await this.log.append([{ topic: topicOf(0), partition: 0, records }]);
  }

  async tap({ source = 0, partition = 0, user, amount = 1, second }: {
    readonly source?: number;
    readonly partition?: number;
    readonly user: number;
    readonly amount?: number;
    readonly second: number;
  }): Promise<void> {
    const records = [{ key: null, value: JSON.stringify({ user, amount }), timestampMs: second * 1_000 }];
    await this.log.append([{ topic: topicOf(source), partition, records }]);
  }

  /** Since the epoch. */
  get second(): number {
    return Math.floor(this.#clock.nowMs() / 1_000);
  }

  pass(ms: number): Promise<void> {
    return this.#clock.pass(ms);
  }

  settled(): Promise<void> {
    return this.#run.settled();
  }

  async applied(): Promise<boolean> {
    let answer: boolean | null = null;
    const options = { ready: () => this.#run.runner.ready, deadlineMs: this.#clock.nowMs() + 60_000 };
    whenApplied(this.#run.runner.instance!, options).then((found) => answer = found);
    while (answer === null) await this.#clock.pass(10);
    return answer as boolean;
  }

  /** Turns, between which as much time passes as a round waits for the next one. */
  async turns(times: number): Promise<void> {
    for (let turn = 0; turn < times; turn++) {
      await this.prover.turn();
      await this.#clock.pass(6_000);
    }
  }

  /** What is known of the sink. */
  get report() {
    return this.prover.report().sinks[0];
  }

  /** Keys that are wrong, and how. */
  faults(): string[] {
    return this.report.keys.map(({ key, kind }) => `${Object.values(key).join("/")} ${kind}`).sort();
  }

  /** What ClickHouse has, by the texts of the keys. */
  stored(): Map<string, CanonicalRow> {
    return new Map(
      this.#warehouse.select(SINK).map((row) => {
        const canonical = this.#columns.map((column) => column.expected(row[column.name]));
        return [canonicalKey(this.#key, canonical), canonical];
      }),
    );
  }

  #shown(): ShownReader {
    const all = (): ShownRows => {
      const rows = new Map([...this.stored()].map(([key, row]) => [key, [row]] as const));
      for (const [key, row] of this.tampered) row === null ? rows.delete(key) : rows.set(key, [row]);
      return rows;
    };
    const textOf = (key: SinkKey) => canonicalKey(this.#key, key);
    const keyOf = (row: CanonicalRow) => this.#key.map((place) => row[place]);
    return {
      ...{ columns: this.#columns, names: this.#columns.map(({ name }) => name), key: this.#key, textOf, keyOf },
      range: () => Promise.resolve(all()),
      some: () => Promise.reject(new TypeError("all rows are looked at")),
      versions: (keys) =>
        Promise.resolve(new Map(keys.map((key) => [textOf(key), JSON.stringify(this.stored().get(textOf(key)))]))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop();
    await this.log.close();
  }
}

/** A topology runs while a few users tap, and ends. */
async function lived(topology: Topology, { clock, log }: { readonly clock: StepClock; readonly log: EmbeddedLog }) {
  const run = new StepRun(topology, { clock, ports: { log, warehouse: createMemoryWarehouse() } }).start();
  const records = [1, 2, 3].map((user) => ({ key: null, value: `{"user":${user},"amount":5}`, timestampMs: 99_000 }));
  await log.append([{ topic: topicOf(0), partition: 0, records }]);
  await run.settled();
  await run.stop();
}

const NOTHING_UNSENT = { unsent: () => Promise.resolve(null), close: () => Promise.resolve() };
