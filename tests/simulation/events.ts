import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, sum, type TopologyBuilder, tumbling } from "../../src/mod.ts";
import { keyOf, keyText } from "../../src/record/key.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import type { Choices } from "./choices.ts";
import { adderTo, type Counted } from "./places.ts";
import { countJoins, declareJoins } from "./event_joins.ts";
import type { Profile } from "./profile.ts";
import { AGED_TABLES, agedPlace, agedRows, declareAged, visitProblems } from "./aged_events.ts";
import { declareKept, declareWoken, processed, setWokenClock } from "./processed_events.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import type { SimulatedWarehouse } from "./simulated_warehouse.ts";
import { type Counts, declareSuppressed, SUPPRESSED_TABLES, suppressedProblems } from "./suppressed_events.ts";
import { CHANGES_TABLE, changesProblems } from "./table_changes.ts";
import { blockedIn, growthOnce, readOnce, readTold, told, toldGrowth, toldOnce } from "./told_events.ts";

const clicks = events("sim.clicks", { row: z.object({ n: z.int() }) });
const visits = clickhouseAppend("visits", { columns: { n: "Int64", part: "UInt8" }, orderBy: ["n"] });
const rests = clickhouse("rests", { columns: { rest: "Int64", n: "UInt64", s: "Int64" }, key: ["rest"] });
const times = clickhouse("times", {
  columns: { rest: "Int64", window_start: "Int64", n: "UInt64" },
  key: ["rest", "window_start"],
});
const latest = clickhouse("latest", { columns: { part: "Int64", n: "Int64" }, key: ["part"] });
const growth = clickhouseAppend("growth", { columns: { rest: "Int64", n: "UInt64" }, orderBy: ["rest", "n"] });
const moved = clickhouseAppend("moved", { columns: { rest: "Int64", n: "Int64" }, orderBy: ["rest", "n"] });

/** Topic of the events that the simulated world writes. */
export const CLICKS = clicks.spec.topic;

/** Tables whose rows are totals of events. */
export const EVENT_TABLES: ReadonlySet<string> = new Set([
  ...[rests, times, latest].map(({ spec }) => spec.name),
  ...SUPPRESSED_TABLES,
  CHANGES_TABLE,
  ...AGED_TABLES,
]);

const RESTS = 5;
/** So many events leave a partition one without a newest row. */
const NONE = 4;
const WINDOW_MS = 20_000;
const SPAN_MS = 2_000;

/** How many rows each event makes: none, one or two. */
function partsOf(n: number): number {
  return n % 5 === 0 ? 0 : n % 3 === 0 ? 2 : 1;
}

/** Adds the events to a table, and writes them to a topic, some as two, and some as none. `once`: to another, too. */
export function declareVisits(builder: TopologyBuilder, { once }: Pick<Profile, "once">): void {
  const parts = builder.stream(clicks)
    .filter(({ n }) => partsOf(n) > 0)
    .flatMapValues(({ n }) => Array.from({ length: partsOf(n) }, (_, part) => ({ n, part })));
  parts.to(visits);
  const keyed = parts.selectKey(({ n }) => n % RESTS === 0 ? null : n % RESTS);
  keyed.to(told);
  if (once) keyed.to(toldOnce);
}

/** All that keeps something of events. */
export function declareStages(
  builder: TopologyBuilder,
  { people, shape }: { readonly people: Parameters<typeof declareJoins>[1]; readonly shape: Pick<Profile, "once"> },
): void {
  declareTotals(builder, shape);
  declareJoins(builder.stream(clicks), people);
}

/**
 * Counts the events by group, and by group and window; every growth of a count is an event again. And keeps the newest
 * event of each partition, some of which delete the row; takes each event to the partition of another key; and
 * gives all to processors.
 */
function declareTotals(builder: TopologyBuilder, { once }: Pick<Profile, "once">): void {
  const grouped = builder.stream(clicks).groupBy(({ n }) => ({ rest: n % RESTS }));
  const totals = grouped.aggregate("by_rest", { n: count(), s: sum(({ n }) => n) });
  totals.to(rests);
  const grown = builder.toStream(totals).mapValues((row) => ({ rest: row!.rest, n: row!.n }));
  grown.to(growth);
  const keyed = grown.selectKey(({ rest }) => String(rest));
  keyed.to(toldGrowth);
  if (once) keyed.to(growthOnce);
  grouped.windowedBy(tumbling({ milliseconds: WINDOW_MS }, { grace: { days: 365 } }))
    .aggregate("by_time", { n: count() }).to(times);
  declareAged(grouped);
  const windows = grouped.windowedBy(tumbling({ milliseconds: SPAN_MS })).aggregate("by_span", { n: count() });
  declareSuppressed(builder, { totals, windows });
  declareWoken(builder.stream(clicks));
  declareKept(builder.stream(clicks));
  builder.stream(clicks).map(({ n }, _key, { partition }) => [{ part: partition }, n % NONE === 0 ? null : { n }])
    .toTable("newest").to(latest);
  builder.stream(clicks).selectKey(({ n }) => n % RESTS).repartition("by_key")
    .mapValues(({ n }, key) => ({ rest: key, n })).to(moved);
}

/** The events of a world: all that were written, and what must have become of them. */
export class Events {
  readonly #log: SimulatedLog;
  readonly #choices: Choices;
  readonly #stages: boolean;
  readonly #once: boolean;
  readonly #changes: boolean;
  readonly #written: { readonly n: number; readonly ms: number; readonly partition: number }[] = [];

  constructor(
    log: SimulatedLog,
    { choices, partitions, stages, once, changes }: {
      readonly choices: Choices;
      readonly partitions: number;
    } & Pick<Profile, "stages" | "once" | "changes">,
  ) {
    this.#log = log;
    this.#choices = choices;
    [this.#stages, this.#once, this.#changes] = [stages, once, changes];
    setWokenClock(() => log.scheduler.nowMs * 1_000);
    log.create({ name: CLICKS, partitions, cleanup: "delete", retentionMs: -1 });
  }

  /** Null for a profile without events. */
  static of(
    { events, stages, once, changes }: Profile,
    { log, warehouse, ...drawn }: {
      readonly log: SimulatedLog;
      readonly warehouse: Pick<SimulatedWarehouse, "setClock">;
      readonly choices: Choices;
      readonly partitions: number;
    },
  ): Events | null {
    if (!events) return null;
    warehouse.setClock();
    return new Events(log, { ...drawn, stages, once, changes });
  }

  /** Writes one more. */
  write(): void {
    const n = this.#written.length + 1;
    const { length } = this.#log.topics.get(CLICKS)!.partitions;
    const partition = this.#choices.below(length);
    if (!this.#choices.happens("event", () => `${n} into partition ${partition}`)) return;
    const ms = Math.floor(this.#log.scheduler.nowMs);
    this.#written.push({ n, ms, partition });
    this.#log.store({ topic: CLICKS, partition, records: [{ key: null, value: `{"n":${n}}` }] });
  }

  /**
   * How the rows that are stored differ from what each event once makes; null if they do not. `complete`: all of them
   * must be there.
   */
  differenceOf(memory: Stored, { complete }: { readonly complete: boolean }): string | null {
    const wanted = new Map<string, number>();
    const made = new Map<string, number>();
    const want = adderTo(wanted);
    const make = adderTo(made);
    for (const { n } of this.#written) for (let part = 0; part < partsOf(n); part++) want(`visits ${n}.${part}`);
    for (const { n, part } of memory.appendedRows(visits.spec.name)) make(`visits ${n}.${part}`);
    this.#told({ want, make });
    if (this.#once) this.#toldOnce({ want, make, complete });
    if (this.#stages) this.#totals(memory, { want, make });
    if (this.#stages && complete) this.#latest(memory, { want, make });
    if (this.#stages) countJoins(memory, { want, make, events: this.#written });
    const places = new Set([...wanted.keys(), ...made.keys()]);
    const wrong = [...places].flatMap((place) => {
      const [must, is] = [wanted.get(place) ?? 0, made.get(place) ?? 0];
      return is === must || (!complete && is < must) ? [] : [`${place}: ${is} instead of ${must}`];
    });
    if (this.#changes) wrong.push(...changesProblems(memory, this.#log, { complete }));
    if (this.#stages && complete) {
      wrong.push(...visitProblems(memory, this.#written.map(({ n, ms }) => ({ rest: n % RESTS, ms }))));
    }
    if (this.#stages) wrong.push(...suppressedProblems(memory, this.#counts(), { complete }));
    return wrong.length === 0 ? null : wrong.slice(0, 10).join("\n");
  }

  #counts(): Counts {
    const counts = new Map<number, number>();
    for (const { n } of this.#written) counts.set(n % RESTS, (counts.get(n % RESTS) ?? 0) + 1);
    const { length } = this.#log.topics.get("weir.sim.by_rest_lately.repartition")?.partitions ?? [];
    return { counts, partitionOf: (rest) => partitionOf(keyText(keyOf([rest])), length) };
  }

  #totals(memory: Stored, { want, make }: Counted): void {
    const counts = new Map<number, number>();
    for (const { n, ms } of this.#written) {
      const rest = n % RESTS;
      const count = (counts.get(rest) ?? 0) + 1;
      counts.set(rest, count);
      want(`growth ${rest}: ${count}`);
      want(`told growth {"rest":${rest},"n":${count}}`);
      want(`moved ${rest} ${n}`);
      want(`rests n ${rest}`);
      want(`rests s ${rest}`, n);
      want(`times ${rest} ${Math.floor(ms / WINDOW_MS) * WINDOW_MS * 1_000}`);
      want(agedPlace({ rest, ms }));
    }
    for (const [place, n] of agedRows(memory)) make(place, n);
    const { wanted, made } = processed(this.#written.map(({ n }) => n), memory);
    for (const place of wanted) want(place);
    for (const place of made) make(place);
    for (const { rest, n } of memory.appendedRows(growth.spec.name)) make(`growth ${rest}: ${n}`);
    for (const { rest, n } of memory.appendedRows(moved.spec.name)) make(`moved ${rest} ${n}`);
    for (const { rest, n, s } of memory.select(rests.spec.name)) {
      make(`rests n ${rest}`, Number(n));
      make(`rests s ${rest}`, Number(s));
    }
    for (const { rest, window_start, n } of memory.select(times.spec.name)) {
      make(`times ${rest} ${window_start}`, Number(n));
    }
  }

  #told({ want, make }: Counted): void {
    for (const { n } of this.#written) {
      for (let part = 0; part < partsOf(n); part++) want(`told {"n":${n},"part":${part}}`);
    }
    for (const { spec } of [told, toldGrowth]) {
      const { values, wrong } = readTold(this.#log, spec.topic);
      for (const value of values) make(`${spec === told.spec ? "told" : "told growth"} ${value}`);
      for (const problem of wrong) make(problem);
    }
  }

  /** Each record is counted as often as it is there. */
  #toldOnce({ want, make, complete }: Counted & { readonly complete: boolean }): void {
    const counts = new Map<number, number>();
    for (const { n } of this.#written) {
      for (let part = 0; part < partsOf(n); part++) want(`told once {"n":${n},"part":${part}}`);
      const count = (counts.get(n % RESTS) ?? 0) + 1;
      counts.set(n % RESTS, count);
      if (this.#stages) want(`growth once {"rest":${n % RESTS},"n":${count}}`);
    }
    for (const { spec } of [toldOnce, growthOnce]) {
      const { values, wrong } = readOnce(this.#log, spec.topic);
      for (const value of values) make(`${spec === toldOnce.spec ? "told" : "growth"} once ${value}`);
      for (const problem of wrong) make(problem);
      const blocked = complete ? blockedIn(this.#log, spec.topic) : [];
      for (const partition of blocked) make(`blocked ${spec.topic}/${partition}`);
    }
  }

  #latest(memory: Stored, { want, make }: Counted): void {
    const newest = new Map(this.#written.map(({ n, partition }) => [partition, n]));
    for (const [part, n] of newest) if (n % NONE !== 0) want(`latest ${part}: ${n}`);
    for (const { part, n } of memory.select(latest.spec.name)) make(`latest ${part}: ${n}`);
  }
}

type Stored = Pick<MemoryWarehouse, "appendedRows" | "select">;
