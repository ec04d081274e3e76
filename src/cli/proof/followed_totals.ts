import type { FoldedNode } from "../../dsl/logical.ts";
import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import type { FoldedRow } from "../../oracle/oracle.ts";
import { compile } from "../../plan/compile.ts";
import type { StagePlan } from "../../plan/physical.ts";
import { counted } from "../numbers.ts";
import { ChangelogResults } from "../verify/changelog_results.ts";
import { WHY_TAKEN } from "../verify/why_taken.ts";
import { EventTotals } from "./event_totals.ts";
import { earliestOf, FollowedPartition } from "./followed_events.ts";
import { FollowedTopic, type Following, giveWay, nextPortion } from "./followed_topic.ts";
import { type ProvedTotals, provedTotals, reasonNow } from "./proved_totals.ts";
import { TooManyRows } from "./slice_rows.ts";
import type { ToldTopic } from "./told_topics.ts";

/** To read more from the beginning would take days. */
const RECORDS_MAX = 20_000_000;

/** The results of one aggregate, as its events and as its changelog have them. */
export interface FollowedResults {
  /** Null: they cannot be made again. */
  readonly made: (() => Iterable<FoldedRow>) | null;
  /** What Weir itself keeps; null: nobody need ask, what is {@link made} is right. */
  readonly kept: (() => Iterable<FoldedRow>) | null;
  /** Why a result may be right that its events do not make; null where {@link kept} is. */
  readonly reason: string | null;
  /** Windows that began then or before ClickHouse alone has. Microseconds since the epoch. */
  readonly horizonUs: number;
}

/** What is known of one aggregate. */
interface Followed {
  readonly proved: ProvedTotals;
  readonly stage: StagePlan;
  made: EventTotals | null;
  reason: string | null;
  readonly kept: {
    readonly topic: FollowedTopic; /** By partition. */
    readonly results: Map<number, ChangelogResults>;
  };
}

/**
 * The results of a topology's aggregates over streams, made of all events that their topics have: read once from the
 * beginning, and followed from there on, so that a look costs what has come since the last one. Where results may be
 * right that events do not make (which were late, what was deleted), Weir's own changelog is followed, too.
 */
export class FollowedTotals {
  readonly #topology: Topology;
  readonly #following: Following;
  #followed: ReadonlyMap<number, Followed> | null = null;
  #partitions: readonly FollowedPartition[] = [];
  /** Which topics are followed, as they were made. */
  #sources = "";

  constructor(topology: Topology, following: Omit<Following, "topology">) {
    [this.#topology, this.#following] = [topology, { topology: topology.name, ...following }];
  }

  /**
   * Reads on to where the log ends now. Resolves to how many records that were. @throws NotYetRead if there are more
   * than are read at once @throws TooManyRows for more than may be held @throws Error when the log does not answer
   */
  async follow(): Promise<number> {
    const told = await this.#following.streams.topics(this.#topology.name);
    const sources = told.map(({ source, end }) => `${source}/${end.length}`).sort().join("\n");
    if (this.#followed === null || sources !== this.#sources) this.#begin(told);
    this.#sources = sources;
    await this.#findShort();
    const topics = new Map(told.map((one) => [one.topic, one]));
    const events = await this.#readEvents(topics);
    return events + await this.#readChangelogs(topics);
  }

  /** As of the last {@link follow}. */
  of({ id }: Pick<FoldedNode, "id">): FollowedResults {
    const { made, reason, kept: { results } } = this.#followed!.get(id)!;
    return {
      made: made === null ? null : () => made.rows(),
      kept: reason === null ? null : () => results.values().flatMap((one) => one.rows()),
      reason,
      horizonUs: Math.max(-Infinity, ...results.values().map((one) => one.horizonUs)),
    };
  }

  /** Begins from nothing. */
  forget(): void {
    this.#followed = null;
    this.#partitions = [];
  }

  #begin(told: readonly ToldTopic[]): void {
    const { stages } = compile(this.#topology);
    const followed = new Map<number, Followed>();
    for (const node of this.#topology.nodes) {
      if (node.op !== "folded") continue;
      const proved = provedTotals(this.#topology, node);
      const stage = stages.find((one) => one.node === proved.result)!;
      const kept = { topic: new FollowedTopic(this.#following), results: new Map<number, ChangelogResults>() };
      followed.set(node.id, { proved, stage, ...begun(proved, { stage, told }), kept });
    }
    const wanted = new Set(
      followed.values().flatMap(({ made, proved }) => made === null ? [] : proved.topics!),
    );
    this.#followed = followed;
    this.#partitions = told.filter(({ topic }) => wanted.has(topic)).flatMap(({ topic, start }) =>
      start.map((position, partition) => new FollowedPartition(this.#topology, { topic, partition, position }))
    );
  }

  /** Who begins later counts from there on, which no record of a topic tells. */
  async #findShort(): Promise<void> {
    const brought = await this.#following.streams.brought(this.#topology.name);
    const short = new Set(brought.flatMap((one) => one.short));
    for (const followed of this.#followed!.values()) {
      if (!followed.proved.stages.isDisjointFrom(short)) followed.reason ??= WHY_TAKEN.short;
    }
  }

  async #readEvents(topics: ReadonlyMap<string, ToldTopic>): Promise<number> {
    const endOf = ({ topic, partition }: FollowedPartition) => topics.get(topic)!.end[partition];
    const left = () => this.#partitions.reduce((sum, one) => sum + endOf(one) - one.position, 0);
    let read = 0;
    for (;;) {
      // Of each partition the next event is known, so that the earliest one can be given.
      for (const one of this.#partitions) {
        while (one.nextUs === null && one.position < endOf(one)) {
          giveWay(read, left);
          read += await this.#portion(one, endOf(one));
        }
      }
      if (earliestOf(this.#partitions) === null) return read;
      for (let next = earliestOf(this.#partitions); next !== null; next = earliestOf(this.#partitions)) {
        next.give();
        if (next.nextUs === null && next.position < endOf(next)) break;
      }
      this.#limit();
    }
  }

  async #portion(one: FollowedPartition, end: number): Promise<number> {
    const { topic, partition, position: from } = one;
    const { records, start, next } = await nextPortion(this.#following, { topic, partition, from, end });
    const into = [...this.#followed!.values()].filter(({ proved }) => proved.topics?.includes(topic));
    // Meanwhile they were deleted.
    if (start > from) into.forEach((followed) => followed.reason ??= WHY_TAKEN.shortened(topic));
    one.take(records, { next, into: into.flatMap(({ made }) => made ?? []) });
    return records.length;
  }

  async #readChangelogs(topics: ReadonlyMap<string, ToldTopic>): Promise<number> {
    let read = 0;
    for (const { reason, stage: { changelog: topic }, proved: { result }, kept } of this.#followed!.values()) {
      const told = topics.get(topic);
      if (reason === null || told === undefined) continue;
      read += await kept.topic.follow(told, (records, partition) => {
        kept.results.getOrInsertComputed(partition, () => new ChangelogResults(result, topic)).take(records);
        this.#limit();
      });
    }
    return read;
  }

  /** What is made anew is let go first: what is kept can still be compared. @throws TooManyRows */
  #limit(): void {
    const { pace: { rowsMax } } = this.#following;
    const all = [...this.#followed!.values()];
    const kept = all.flatMap((one) => [...one.kept.results.values()]).reduce((sum, { size }) => sum + size, 0);
    if (kept > rowsMax) throw new TooManyRows(rowsMax);
    for (;;) {
      const largest = all.filter(({ made }) => made !== null).sort((a, b) => b.made!.size - a.made!.size);
      if (kept + largest.reduce((sum, { made }) => sum + made!.size, 0) <= rowsMax) return;
      largest[0].made = null;
      largest[0].reason = `it has more than ${rowsMax} totals (WEIR_PROOF_ROWS_MAX)`;
    }
  }
}

/** What an aggregate begins with. */
function begun(
  { result, topics, reason }: ProvedTotals,
  { stage, told }: { readonly stage: StagePlan; readonly told: readonly ToldTopic[] },
): Pick<Followed, "made" | "reason"> {
  if (topics === null) return { made: null, reason };
  const partitions = told.find(({ topic }) => topic === stage.repartition)?.end.length;
  const own = told.filter(({ topic }) => topics.includes(topic));
  const records = own.reduce((sum, { start, end }) => sum + end.reduce((all, to, at) => all + to - start[at], 0), 0);
  if (records > RECORDS_MAX) {
    return { made: null, reason: `its topics have more than ${counted(RECORDS_MAX, "record")}` };
  }
  if (partitions === undefined || own.length < topics.length) {
    return { made: null, reason: "its topics were not there when it was begun to compare" };
  }
  const aggregate = result as StreamAggregateNode;
  const shortened = own.find(({ start }) => start.some((offset) => offset > 0));
  const lost = shortened === undefined ? null : WHY_TAKEN.shortened(shortened.topic);
  return { made: new EventTotals(aggregate, partitions), reason: lost ?? reasonNow(aggregate, own) };
}
