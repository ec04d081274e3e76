import type { EventCallback } from "./events.ts";
import type { RowOf } from "./source.ts";

/** What a processor keeps of one key under texts. */
export interface KeyValueStore<V> {
  /** Undefined if there is none. What it gives is frozen: put another value to change it. */
  get(key: string): V | undefined;
  /**
   * Keeps a copy of the value.
   * @throws TypeError for what is no plain data: not null, a boolean, a finite number, a text, a bigint, a Decimal, or
   * an array or object of these
   */
  put(key: string, value: V): void;
  /** Keeps nothing under the key any more. */
  delete(key: string): void;
  /** All of them, in the order of their keys' characters. */
  entries(): [string, V][];
}

/** A store of a processor. `V`: the type of its values. */
export class Store<V> {
  /** @ignore Carries a type. */
  declare readonly "~value": V;
}

/** A store of a processor: texts to plain data. */
export function store<V>(): Store<V> {
  return new Store();
}

/** The stores of a processor as it declares them. */
export type Stores = Readonly<Record<string, Store<unknown>>>;

/** What a processor sees beside an event. */
export interface ProcessorContext<G extends RowOf, S> {
  /** The columns of the key. */
  readonly key: G;
  /** Of the event; or the time for which the call was scheduled. Microseconds since the epoch. */
  readonly timestampUs: number;
  /** The newest time of all events of the partition so far. */
  readonly streamTimeUs: number;
  /** What is kept of this key, and of no other one. */
  readonly stores: { readonly [N in keyof S]: S[N] extends Store<infer V> ? KeyValueStore<V> : never };
  /**
   * Lets `punctuate` be called for this key once stream time has come to `timestampUs`, or moves on if it has already.
   * Of several calls for one time it is called once. @throws TypeError for what is no whole number
   */
  schedule(timestampUs: number): void;
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
  readonly process: (value: V, context: ProcessorContext<G, S>) => Iterable<R>;
  /**
   * What is due at a time that was scheduled. Called before the event that moves stream time there: by time, of one
   * time by key. Results have that time.
   */
  readonly punctuate?: (context: ProcessorContext<G, S>) => Iterable<R>;
}
