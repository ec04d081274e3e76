import { type Duration, durationUs } from "./time.ts";

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

/**
 * What a processor keeps of one key under times: microseconds since the epoch, such as the starts of windows. A value
 * is there until stream time has come to its time and the retention. Values are as those of {@link KeyValueStore}.
 */
export interface WindowStore<V> {
  /** The value of a time; undefined if there is none, or none any more. */
  fetch(timeUs: number): V | undefined;
  /** The values of all times from one to another, both included, the earliest first. */
  fetch(fromUs: number, toUs: number): [timeUs: number, value: V][];
  /** The same, the latest first. */
  backwardFetch(fromUs: number, toUs: number): [timeUs: number, value: V][];
  /**
   * Keeps a copy of the value. What would be gone already changes nothing, and is counted (`late`).
   * @throws TypeError for what is no plain data, or a time that is no whole number
   */
  put(timeUs: number, value: V): void;
  /** Keeps nothing under the time any more. */
  delete(timeUs: number): void;
}

/** From when to when something went on: microseconds since the epoch, both included. */
export interface Session {
  /** When it began. */
  readonly startUs: number;
  /** When it ended, as far as is known. */
  readonly endUs: number;
}

/**
 * What a processor keeps of one key under sessions, of which several may overlap. A value is there until stream time
 * has come to the session's end and the retention. Values are as those of {@link KeyValueStore}.
 */
export interface SessionStore<V> {
  /** The value of a session; undefined if there is none, or none any more. */
  fetchSession(session: Session): V | undefined;
  /** Sessions that end then or later, and begin then or earlier: by their ends, of one end by their starts. */
  findSessions(earliestEndUs: number, latestStartUs: number): [session: Session, value: V][];
  /** The same, the last one first. */
  backwardFindSessions(earliestEndUs: number, latestStartUs: number): [session: Session, value: V][];
  /** All sessions, in the same order. */
  fetch(): [session: Session, value: V][];
  /** The same, the last one first. */
  backwardFetch(): [session: Session, value: V][];
  /**
   * Keeps a copy of the value. What would be gone already changes nothing, and is counted (`late`).
   * @throws TypeError for what is no plain data, times that are no whole numbers, or an end before the start
   */
  put(session: Session, value: V): void;
  /** Keeps nothing under the session any more. A session that grows is removed, and put with its new end. */
  remove(session: Session): void;
}

/** A store of a processor. `V`: the type of its values. */
export class Store<V> {
  /** @ignore Carries a type. */
  declare readonly "~value": V;
}

/** A store of a processor by times. `V`: the type of its values; `K`: what the times are. */
export class TimedStore<V, K extends "window" | "session"> {
  /** @ignore Carries a type. */
  declare readonly "~value": V;
  /** @ignore */
  readonly kind: K;
  /** @ignore */
  readonly retentionUs: number;

  /** @ignore Made by {@link windowStore} and {@link sessionStore}. */
  constructor(kind: K, { retention }: RetentionOptions) {
    this.kind = kind;
    this.retentionUs = durationUs(retention);
    if (this.retentionUs > 0) return;
    throw new TypeError(`Cannot keep a ${kind} for ${JSON.stringify(retention)}: give more than nothing`);
  }
}

/** How long a store keeps what it has. */
export interface RetentionOptions {
  /** Until stream time is so much later than the time, or than the session's end. */
  readonly retention: Duration;
}

/** A store of a processor: texts to plain data. */
export function store<V>(): Store<V> {
  return new Store();
}

/** A store of a processor: times to plain data, for a while. @throws TypeError for a retention of nothing */
export function windowStore<V>(options: RetentionOptions): TimedStore<V, "window"> {
  return new TimedStore("window", options);
}

/** A store of a processor: sessions to plain data, for a while. @throws TypeError for a retention of nothing */
export function sessionStore<V>(options: RetentionOptions): TimedStore<V, "session"> {
  return new TimedStore("session", options);
}

/** The stores of a processor as it declares them. */
export type Stores = Readonly<Record<string, Store<unknown> | TimedStore<unknown, "window" | "session">>>;

/** What a callback has of a store that is declared so. */
export type StoreHandle<S> = S extends TimedStore<infer V, "window"> ? WindowStore<V>
  : S extends TimedStore<infer V, "session"> ? SessionStore<V>
  : S extends Store<infer V> ? KeyValueStore<V>
  : never;

/** A store of a processor as plain data. */
export type StoreSpec =
  | { readonly name: string; readonly kind: "key-value" }
  | { readonly name: string; readonly kind: "window" | "session"; readonly retentionUs: number };

/** The stores of a processor as plain data, in the order in which they are declared. */
export function storeSpecs(stores: Stores): StoreSpec[] {
  return Object.entries(stores).map(([name, store]) =>
    store instanceof TimedStore
      ? { name, kind: store.kind, retentionUs: store.retentionUs }
      : { name, kind: "key-value" }
  );
}
