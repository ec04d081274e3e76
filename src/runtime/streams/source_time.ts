import type { PackedEvent } from "./pack.ts";

/** Where an event stands in its source. */
type Place = Pick<PackedEvent, "offset" | "index">;

/** An event, and whose it is. */
export interface SourcedEvent {
  readonly source: string;
  readonly partition: number;
  readonly event: PackedEvent;
}

/** An event that waits. */
export interface Held extends SourcedEvent {
  /** In which record it came. */
  readonly at: number;
  /** It is given when no source can have one of an earlier time. Microseconds since the epoch. */
  readonly readyUs: number;
  /** Of equal ones the one that came first is given first. */
  readonly order: number;
}

/** One partition of a source. */
export class SourceTime {
  /** Its topic and partition, as people read it. */
  readonly name: string;
  /** It holds nobody back until then, by the order's own time. Milliseconds. */
  liveUntilMs = -Infinity;
  /** The newest time that is known of it. Microseconds. */
  clockUs = -Infinity;
  /** The newest time of its events. Microseconds. */
  lastUs = -Infinity;
  /** Its events that wait, in their order. */
  held: Held[] = [];
  /** Where it is read again: no event before this one waits. */
  from: (Place & { readonly source: string; readonly readyUs: number }) | null = null;
  /** By source: the last event that was read again. One that was made again has other ids, and begins anew. */
  readonly again = new Map<string, Place>();

  constructor(name: string) {
    this.name = name;
  }
}

/** Whether `a` is given before `b`. */
export function isBefore(a: Held, b: Held): boolean {
  return a.readyUs < b.readyUs || (a.readyUs === b.readyUs && a.order < b.order);
}

/** Whether `a` is before `b` in their source. */
export function isEarlier(a: Place, b: Place): boolean {
  return a.offset < b.offset || (a.offset === b.offset && a.index < b.index);
}
