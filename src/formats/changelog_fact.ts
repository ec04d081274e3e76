import { DeserializationError } from "../record/errors.ts";
import { type Key, keyText, parseKeyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { decodeWire, encodeWire } from "../record/wire.ts";
import { type MessageBytes, textOf } from "./message_text.ts";

/** Behind the values of an element. */
const FORMER_AT = 4;
const VALUE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A record of a stage's changelog: what the events below a position of its repartition topic make of one element of a
 * key. It is true whoever wrote it, so of several the one of the greatest position counts, and not the last one. Each
 * owner writes under a name of its own: one that has lost the task, and writes late, hides nothing that is newer.
 */
export interface Fact {
  readonly owner: string;
  readonly key: Key;
  /** Where the element begins (microseconds since the epoch), and what tells it apart from others that begin then. */
  readonly start: number;
  readonly seq: number;
  /** All events of the key below this offset are in it. */
  readonly to: number;
  /** The columns of the key. */
  readonly columns: Row;
  /** Null: it is no result any more. */
  readonly element: FactElement | null;
  /** What it was before, of what is needed as it was at a task's position, even where its key is further. */
  readonly former?: FormerElement;
}

/** What was kept of an element when the events below an offset were in it. */
export interface FormerElement {
  readonly to: number;
  /** Null: there was none. */
  readonly element: FactElement | null;
}

/** What is kept of one element. */
export interface FactElement {
  readonly end: number;
  readonly timestampUs: number;
  /** A wire value. */
  readonly state: unknown;
  /** Whether it is a result that readers see. */
  readonly shown: boolean;
}

/** Up to where all facts of one owner are in the changelog, and what a task knows beside them. */
export interface FactHead {
  readonly owner: string;
  /** The next offset of the repartition topic. */
  readonly to: number;
  /** By source and partition of the records that events were made of: the last place, as [offset, index]. */
  readonly origins: Readonly<Record<string, readonly [number, number]>>;
  /** Of the operator. */
  readonly saved: unknown;
  /** How the operator folds: another one must not go on with these facts. */
  readonly print: string;
  /** Events that wait for sources that are behind; null: none ever did. */
  readonly order: SavedOrder | null;
}

/** What a task knows of the sources of its events, as a wire value. */
export interface SavedOrder {
  /** What time it is, and when the topics were told. Milliseconds since the task's first record. */
  readonly now: readonly [number, number];
  /** Who has told something, by name: when it did so last, and how old it was. */
  readonly issuers: readonly (readonly [issuer: string, atMs: number, ageMs: number])[];
  /** The sources' topics, and in how many partitions they are. */
  readonly topics: readonly (readonly [source: string, partitions: number])[];
  /** Of each partition of each: until when it is live, its clock, and the time of its last event; null: none. */
  readonly times: readonly (readonly (number | null)[])[];
  /** By topic and partition: the first event that waits, as [source, offset, index], and from when it waits no more. */
  readonly held: Readonly<Record<string, readonly [string, number, number, number]>>;
  /** In which record of the repartition topic the first one is; null: none waits. */
  readonly from: number | null;
  /** To when time is to pass; null: it is. */
  readonly tickUs: number | null;
}

/** The first record of the repartition topic that a start reads. */
export function neededFrom(head: Pick<FactHead, "to" | "order"> | null): number {
  return head === null ? 0 : head.order?.from ?? head.to;
}

/** What a record of a changelog is. `removed`: an owner's record that is needed no more; `name`: as in its key. */
export type ChangelogRecord =
  | { readonly kind: "fact"; readonly fact: Fact }
  | { readonly kind: "head"; readonly head: FactHead }
  | ({ readonly kind: "removed" } & ChangelogKey);

/** What the key of a record tells. */
export interface ChangelogKey {
  readonly owner: string;
  /** Names the element, as {@link elementName} does; null: it is a head. */
  readonly name: string | null;
}

/** Names an element among all of a changelog. */
export function elementName({ key, start, seq }: Pick<Fact, "key" | "start" | "seq">): string {
  return `${start}/${seq} ${keyText(key)}`;
}

/** When an owner has begun, among all of one changelog. */
export interface OwnerPlace {
  /** The offset in the repartition topic at which its start says that it has begun. */
  readonly begun: number;
  /** Which of the names of that start it is. */
  readonly number: number;
}

/** A name under which nobody else writes. `random`: 0 to 1. */
export function ownerName({ begun, number }: OwnerPlace, random: number): string {
  return `${begun}.${number}.${Math.floor(random * 2 ** 48).toString(36)}`;
}

/** Whether an owner has begun before that place. Names of earlier versions do not tell, and are before all others. */
export function isFormerOwner(owner: string, { begun, number }: OwnerPlace): boolean {
  const parts = owner.split(".");
  if (parts.length !== 3) return true;
  const [itsBegun, itsNumber] = parts.map(Number);
  return itsBegun < begun || (itsBegun === begun && itsNumber < number);
}

/** The key of a fact's record. */
export function factKey({ owner, key, start, seq }: Pick<Fact, "owner" | "key" | "start" | "seq">): string {
  return JSON.stringify([owner, keyText(key), start, seq]);
}

/** The value of a fact's record. @throws TypeError for a state that is no wire value */
export function factValue(
  { to, columns, element, former }: Pick<Fact, "to" | "columns" | "element" | "former">,
): string {
  if (former === undefined) return encodeWire([to, columns, ...element === null ? [] : valuesOf(element)]);
  const [now, before] = [element, former.element].map((one) => one === null ? NO_ELEMENT : valuesOf(one));
  return encodeWire([to, columns, ...now, former.to, ...before]);
}

/** Where the end of an element stands: null, as there is none. */
const NO_ELEMENT: ElementValues = [null, 0, 0, null];

type ElementValues = readonly [end: number | null, timestampUs: number, shown: number, state: unknown];

function valuesOf({ end, timestampUs, shown, state }: FactElement): ElementValues {
  return [end, timestampUs, shown ? 1 : 0, state];
}

function elementOf(values: readonly unknown[]): FactElement | null {
  const [end, timestampUs, shown, state] = values as unknown as ElementValues;
  return end === undefined || end === null ? null : { end, timestampUs, state, shown: shown === 1 };
}

/** A head's record. */
export function headRecord({ owner, to, origins, saved, print, order }: FactHead): { key: string; value: string } {
  return { key: JSON.stringify([owner]), value: encodeWire([to, origins, saved, print, order]) };
}

type HeadValue = [number, FactHead["origins"], unknown, string, (SavedOrder | null)?];

type KeyValue = [owner: string, key?: string, start?: number, seq?: number];

function textIn(topic: string): (bytes: MessageBytes) => string {
  return (bytes) => textOf(bytes, `a record of changelog "${topic}"`, VALUE_BYTES_MAX);
}

function nameIn(
  ofKey: string | undefined,
  { start, seq }: { readonly start: number | undefined; readonly seq: number | undefined },
): string | null {
  return ofKey === undefined ? null : `${start}/${seq} ${ofKey}`;
}

/** What a record's key tells, without a look at its value. @throws DeserializationError as {@link readChangelog} */
export function readChangelogKey(topic: string, { key }: { readonly key: MessageBytes | null }): ChangelogKey {
  try {
    const [owner, ofKey, start, seq] = JSON.parse(textIn(topic)(key!)) as KeyValue;
    return { owner, name: nameIn(ofKey, { start, seq }) };
  } catch (cause) {
    throw new DeserializationError("not_json", `Cannot read a key of changelog "${topic}": ${cause}`, { cause });
  }
}

/** Reads a record of a changelog. @throws DeserializationError for one that no stage can have written */
export function readChangelog(
  topic: string,
  { key, value }: { readonly key: MessageBytes | null; readonly value: MessageBytes | null },
): ChangelogRecord {
  try {
    const text = textIn(topic);
    const [owner, ofKey, start, seq] = JSON.parse(text(key!)) as KeyValue;
    if (value === null) return { kind: "removed", owner, name: nameIn(ofKey, { start, seq }) };
    const read = decodeWire(text(value)) as unknown[];
    if (ofKey === undefined) {
      const [to, origins, saved, print, order = null] = read as HeadValue;
      return { kind: "head", head: { owner, to, origins, saved, print, order } };
    }
    const [to, columns, ...values] = read as [number, Row, ...unknown[]];
    const fact = { owner, key: parseKeyText(ofKey), start: start!, seq: seq!, to, columns, element: elementOf(values) };
    const formerTo = values[FORMER_AT] as number | undefined;
    if (formerTo === undefined) return { kind: "fact", fact };
    const former = { to: formerTo, element: elementOf(values.slice(FORMER_AT + 1)) };
    return { kind: "fact", fact: { ...fact, former } };
  } catch (cause) {
    throw new DeserializationError("not_json", `Cannot read a record of changelog "${topic}": ${cause}`, { cause });
  }
}
