import type { FactHead } from "../../formats/changelog_fact.ts";
import { type EventOrigin, isRepeat, type LastOrigin } from "../../record/event_origin.ts";
import type { Pack, PackedEvent } from "./pack.ts";
import { isEarlier, type SourcedEvent } from "./source_time.ts";

/** By source and partition: the last event that came. */
export type LastOrigins = ReadonlyMap<string, readonly [offset: number, index: number]>;

/** Where the events of a stage come from, so that each counts once. */
export class StageOrigins {
  readonly #last: Map<string, readonly [number, number]>;
  /** By source, partition, input, and what its records say that they come from: the last one that was given. */
  readonly #repeats: Map<string, LastOrigin>;

  constructor(head: Pick<FactHead, "origins" | "repeats"> | null) {
    this.#last = new Map(Object.entries(head?.origins ?? {}));
    this.#repeats = new Map(Object.entries(head?.repeats ?? {}));
  }

  /** The events of a pack that have not come before. */
  fresh({ source, partition, events }: Pack): readonly PackedEvent[] {
    if (events.length === 0) return events;
    const name = originName(source, partition);
    const [offset, index] = this.#last.get(name) ?? NOTHING;
    const fresh = events.filter((event) => isEarlier({ offset, index }, event));
    const last = fresh.at(-1);
    if (last !== undefined) this.#last.set(name, [last.offset, last.index]);
    return fresh;
  }

  /** Judged when an event is given, so that what waits at the end of one start is judged by the next. */
  isRepeat(via: EventOrigin, { source, partition, event: { offset: at, input } }: SourcedEvent): boolean {
    const name = `${originName(source, partition)} ${input} ${via.source}`;
    if (isRepeat(via, { last: this.#repeats.get(name), at })) return true;
    this.#repeats.set(name, [via.offset, via.index, at]);
    return false;
  }

  get last(): LastOrigins {
    return this.#last;
  }

  /** As a head has them. */
  save(): Pick<FactHead, "origins" | "repeats"> {
    return {
      origins: Object.fromEntries(this.#last),
      ...this.#repeats.size === 0 ? {} : { repeats: Object.fromEntries(this.#repeats) },
    };
  }
}

export function originName(source: string, partition: number): string {
  return `${source}/${partition}`;
}

const NOTHING = [-1, -1] as const;
