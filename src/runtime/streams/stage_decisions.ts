import { topicOf } from "../../record/source_name.ts";
import type { DroppedEvent, SourceEvent, StageDecision } from "../lifecycle/stage_view.ts";
import type { Origin } from "./pack.ts";
import { isEarlier, type SourcedEvent } from "./source_time.ts";
import { type LastOrigins, originName } from "./stage_origins.ts";

/** So many events that changed nothing are known by themselves: the newest ones. */
const DROPPED_MAX = 1_000;

interface Dropped extends Omit<DroppedEvent, "kind"> {
  readonly source: string;
  readonly origin: Origin;
}

/**
 * What a stage's operator has decided of its events since its task began. Most are taken, and cost nothing: those that
 * were dropped are kept, so whatever came since and is not among these was taken.
 */
export class StageDecisions {
  readonly #known: LastOrigins;
  readonly #dropped: Dropped[] = [];
  /** By source: of the events up to there it is not known. */
  readonly #unknown: Map<string, Origin>;

  /** `known`: where the events that come stand; as it is now, everything was decided before. */
  constructor(known: LastOrigins) {
    this.#known = known;
    this.#unknown = new Map([...known].map(([name, [offset, index]]) => [name, { offset, index }]));
  }

  dropped(
    { source, partition, event: { offset, index } }: SourcedEvent,
    { reason, atUs }: Pick<Dropped, "reason" | "atUs">,
  ): void {
    this.#dropped.push({ source: originName(source, partition), origin: { offset, index }, reason, atUs });
    if (this.#dropped.length <= DROPPED_MAX) return;
    const first = this.#dropped.shift()!;
    this.#forget(first.source, first.origin);
  }

  /** The event was in what was read back: what was decided of it another owner knew. */
  decidedBefore({ source, partition, event: { offset, index } }: SourcedEvent): void {
    this.#forget(originName(source, partition), { offset, index });
  }

  #forget(name: string, origin: Origin): void {
    const known = this.#unknown.get(name);
    if (known === undefined || isEarlier(known, origin)) this.#unknown.set(name, origin);
  }

  /** What was decided of an event that does not wait for those of other sources. */
  of({ topic, partition, offset, index }: SourceEvent): StageDecision {
    const origin = { offset, index };
    const isSource = (name: string) => topicOf(name.slice(0, name.lastIndexOf("/"))) === topic;
    const names = [...this.#known.keys()].filter((name) => isSource(name) && name.endsWith(`/${partition}`));
    const [name = null] = names;
    // Of a topic that was made again it is not known which of them is meant.
    if (names.length > 1) return { kind: "not kept" };
    if (name === null) return { kind: "not given" };
    const [lastOffset, lastIndex] = this.#known.get(name)!;
    if (isEarlier({ offset: lastOffset, index: lastIndex }, origin)) return { kind: "not given" };
    const isThis = (one: Dropped) => one.source === name && one.origin.offset === offset && one.origin.index === index;
    const found = this.#dropped.findLast(isThis);
    if (found !== undefined) return { kind: "dropped", reason: found.reason, atUs: found.atUs };
    const before = this.#unknown.get(name);
    return before === undefined || isEarlier(before, origin) ? { kind: "taken" } : { kind: "not kept" };
  }
}
