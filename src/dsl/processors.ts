import type { EventCallback } from "./events.ts";
import type { StoreHandle, Stores } from "./processor_stores.ts";
import type { RowOf } from "./source.ts";

/** What a processor sees beside an event. */
export interface ProcessorContext<G extends RowOf, S> {
  /** The columns of the key. */
  readonly key: G;
  /**
   * Of the event; or of a call that was scheduled: the time that was asked for, or, where that was over already, the
   * one that took its place ({@link schedule}). Microseconds since the epoch.
   */
  readonly timestampUs: number;
  /** The newest time of all events of the partition so far. */
  readonly streamTimeUs: number;
  /**
   * When the event was written into the internal topic; in `punctuateWallClock` when it was written there that the time
   * has come: by the clock of the instance that wrote it, and never earlier than at a call by the wall clock before.
   * The same when the call is repeated after a crash. Microseconds since the epoch.
   */
  readonly wallClockUs: number;
  /** What is kept of this key, and of no other one. */
  readonly stores: { readonly [N in keyof S]: StoreHandle<S[N]> };
  /**
   * Lets `punctuate` be called for this key once stream time has come to `timestampUs`. A time that is over becomes the
   * next microsecond of stream time: the call comes when stream time moves on, and has that time. Of several calls for
   * one time it is called once, so also for several times that are over: a processor that schedules its next call from
   * the time of one is not called for each interval that was missed.
   * @throws TypeError for what is no whole number, and if the processor has no `punctuate`
   */
  schedule(timestampUs: number): void;
  /**
   * Lets `punctuateWallClock` be called for this key once the wall clock has come to `wallClockUs`, or at the next call
   * of its kind if it has already, under a time of its own as with {@link schedule}:
   * `scheduleWallClock(wallClockUs + 60_000_000)` in a minute. Of several calls for one time it is called once, never
   * before that time, and a second later or so; if no instance was running then, when the next one is.
   * @throws TypeError for what is no whole number, and if the processor has no `punctuateWallClock`
   */
  scheduleWallClock(wallClockUs: number): void;
}

/** A processor of one's own. `R`: what it makes of events. */
export interface ProcessOptions<K, V, G extends RowOf, S extends Stores, R> {
  /** The columns of an event by which it is keyed; null leaves the event out, and counts it. */
  readonly on: EventCallback<K, V, G | null>;
  /** What it keeps of each key. */
  readonly stores?: S;
  /**
   * What becomes of an event: none, one or several results, which have its time, and the columns of its key as key.
   * Must depend on nothing but what it is given and what it has kept. If it throws, nothing of the event is kept.
   */
  readonly process: (value: Readonly<V>, context: ProcessorContext<G, S>) => Iterable<R>;
  /**
   * What is due at a time that was scheduled. Called before the event that moves stream time there: by time, of one
   * time by key. Results have that time.
   */
  readonly punctuate?: (context: ProcessorContext<G, S>) => Iterable<R>;
  /**
   * What is due at a time of the wall clock that was scheduled, also while no event comes: by time, of one time by key.
   * Results have that time. Whoever has the task writes into the internal topic that the time has come, by its own
   * clock, and the call is made from that record: so it is the same again after a crash.
   */
  readonly punctuateWallClock?: (context: ProcessorContext<G, S>) => Iterable<R>;
}
