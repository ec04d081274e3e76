import type { LastOrigin } from "../record/event_origin.ts";
import { type Key, keyText, parseKeyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { decodeWire, encodeWire } from "../record/wire.ts";
import { type BundledKey, type BundleSummary, readBundle, readingOf, readSummary } from "./changelog_bundle.ts";
import { type Horizon, isHorizonOf, readHorizon } from "./changelog_horizon.ts";
import { type MessageBytes, textOf } from "./message_text.ts";

/** Behind the values of an element. */
const FORMER_AT = 4;
/** So many values follow where there is a time of the last change: of an element, and of what is gone. */
const AGED_VALUES: ReadonlySet<number> = new Set([FORMER_AT + 1, 1]);
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
  /**
   * The operator's stream time at `to`, of what goes by when it changed last. So of two facts of one name the greater
   * one is never the older one. Microseconds since the epoch.
   */
  readonly ageUs?: number;
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
  /** As of the events that do not wait any more: the last one of each source of the topics that they were read from. */
  readonly repeats?: Readonly<Record<string, LastOrigin>>;
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

/** What a record of a changelog is. `removed`: an owner's record that is needed no more. */
export type ChangelogRecord =
  | { readonly kind: "fact"; readonly fact: Fact }
  | { readonly kind: "bundle"; readonly summary: BundleSummary; readonly keys: readonly BundledKey[] }
  | { readonly kind: "head"; readonly head: FactHead }
  | { readonly kind: "horizon"; readonly horizon: Horizon }
  | { readonly kind: "removed"; readonly owner: string };

/** A record of a changelog of which no more is read than tells what it is. */
export type UnreadChangelogRecord =
  | { readonly kind: "fact"; readonly fact: UnreadFact }
  /** `name`: its record's key. */
  | {
    readonly kind: "bundle";
    readonly name: string;
    readonly summary: BundleSummary;
    readonly value: MessageBytes;
  }
  | { readonly kind: "head"; readonly head: FactHead }
  | { readonly kind: "horizon"; readonly horizon: Horizon }
  /** A record of an owner that is needed no more; `name`: as of a fact, or the key of any other record. */
  | { readonly kind: "removed"; readonly owner: string; readonly name: string };

/** A fact as text. */
export interface UnreadFact {
  readonly owner: string;
  /** Of the element: equal for all facts of it, and for no others. */
  readonly name: string;
  readonly seq: number;
  readonly to: number;
  readonly value: string;
}

/** As {@link UnreadFact.name}. */
export function factName({ key, start, seq }: Pick<Fact, "key" | "start" | "seq">): string {
  return `${JSON.stringify(keyText(key))},${start},${seq}]`;
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

/** When the element of a fact's record begins, of its name alone. Microseconds since the epoch. */
export function startOf(name: string): number {
  const last = name.lastIndexOf(",");
  return Number(name.slice(name.lastIndexOf(",", last - 1) + 1, last));
}

/** Makes the keys of the records of facts of one key. */
export function factKeys({ owner, key }: Pick<Fact, "owner" | "key">): (of: Pick<Fact, "start" | "seq">) => string {
  const ofKey = JSON.stringify([owner, keyText(key)]).slice(0, -1);
  // Of all times, which have no beginning, it is null.
  return ({ start, seq }) => `${ofKey},${Number.isFinite(start) ? start : null},${seq}]`;
}

/** Makes the values of the records of facts of one key, of these columns. */
export function factValues(
  columns: Row,
): /** @throws TypeError for a state that is no wire value */ (
  fact: Pick<Fact, "to" | "element" | "former" | "ageUs">,
) => string {
  const ofKey = encodeWire(columns);
  return ({ to, element, former, ageUs }) => {
    const aged = ageUs === undefined ? "" : `,${ageUs}`;
    if (former === undefined) {
      return element === null ? `[${to},${ofKey}${aged}]` : `[${to},${ofKey},${valuesText(element)}${aged}]`;
    }
    const [now, before] = [element, former.element].map((one) => one === null ? NO_ELEMENT : valuesText(one));
    return `[${to},${ofKey},${now},${former.to},${before}]`;
  };
}

/** Where the end of an element stands: null, as there is none. */
const NO_ELEMENT = "null,0,0,null";

type ElementValues = readonly [end: number | null, timestampUs: number, shown: number, state: unknown];

function valuesText({ end, timestampUs, shown, state }: FactElement): string {
  return `${numberText(end)},${numberText(timestampUs)},${shown ? 1 : 0},${encodeWire(state)}`;
}

/** @throws TypeError for what is no number of JSON */
function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : encodeWire(value);
}

function elementOf(values: readonly unknown[]): FactElement | null {
  const [end, timestampUs, shown, state] = values as unknown as ElementValues;
  return end === undefined || end === null ? null : { end, timestampUs, state, shown: shown === 1 };
}

/** The key of a head's record. */
export function headKey(owner: string): string {
  return JSON.stringify([owner]);
}

/** A head's record. */
export function headRecord(head: FactHead): { key: string; value: string } {
  const { owner, to, origins, saved, print, order, repeats } = head;
  const more = repeats === undefined ? [] : [repeats];
  return { key: headKey(owner), value: encodeWire([to, origins, saved, print, order, ...more]) };
}

type HeadValue = [number, FactHead["origins"], unknown, string, (SavedOrder | null)?, FactHead["repeats"]?];

/** Reads a record of a changelog. @throws DeserializationError for one that no stage can have written */
export function readChangelog(topic: string, record: ChangelogMessage): ChangelogRecord {
  const unread = readWhatItIs(topic, record);
  switch (unread.kind) {
    case "fact":
      return { kind: "fact", fact: readFact(topic, unread.fact) };
    case "bundle":
      return { kind: "bundle", summary: unread.summary, keys: readBundle(topic, unread.value) };
    default:
      return unread;
  }
}

type ChangelogMessage = { readonly key: MessageBytes | null; readonly value: MessageBytes | null };

/**
 * Reads no more of a record than tells what it is: of most facts nothing else is asked, as others of the same elements
 * are greater. @throws DeserializationError for one that no stage can have written
 */
export function readWhatItIs(topic: string, { key, value }: ChangelogMessage): UnreadChangelogRecord {
  return readingOf(topic, () => {
    const text = (bytes: MessageBytes) => textOf(bytes, "it", VALUE_BYTES_MAX);
    const keyOfRecord = text(key!);
    // Names of owners have no character that JSON would write otherwise.
    const ownerEnd = keyOfRecord.indexOf('"', 2);
    if (!keyOfRecord.startsWith('["') || ownerEnd < 0) throw new SyntaxError(`its key is ${keyOfRecord}`);
    const owner = keyOfRecord.slice(2, ownerEnd);
    const name = keyOfRecord.slice(ownerEnd + 2);
    const isFact = name.startsWith('"');
    if (value === null) return { kind: "removed", owner, name: isFact ? name : keyOfRecord };
    if (!isFact && name !== "") return { kind: "bundle", name: keyOfRecord, summary: readSummary(value), value };
    const textOfValue = text(value);
    if (isFact) {
      const seq = Number(name.slice(name.lastIndexOf(",") + 1, -1));
      return { kind: "fact", fact: { owner, name, seq, to: numberAt(textOfValue, 1), value: textOfValue } };
    }
    if (isHorizonOf(owner)) return { kind: "horizon", horizon: readHorizon(keyOfRecord, textOfValue) };
    const [to, origins, saved, print, order = null, repeats] = decodeWire(textOfValue) as HeadValue;
    const head = { owner, to, origins, saved, print, order };
    return { kind: "head", head: repeats === undefined ? head : { ...head, repeats } };
  });
}

/** The whole number that stands there. */
function numberAt(text: string, first: number): number {
  let number = 0;
  let at = first;
  for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
    number = number * 10 + code - 48;
  }
  if (at === first) throw new SyntaxError(`no number is in ${text.slice(0, 60)}`);
  return number;
}

/** Reads all of a fact. @throws DeserializationError for one that no stage can have written */
export function readFact(topic: string, { owner, name, value }: UnreadFact): Fact {
  return readingOf(topic, () => {
    const [ofKey, start, seq] = JSON.parse(`[${name}`) as [string, number, number];
    const [to, columns, ...given] = decodeWire(value) as [number, Row, ...unknown[]];
    const isAged = AGED_VALUES.has(given.length);
    const values = isAged ? given.slice(0, -1) : given;
    const own = { owner, key: parseKeyText(ofKey), start, seq, to, columns, element: elementOf(values) };
    const fact = isAged ? { ...own, ageUs: given.at(-1) as number } : own;
    const formerTo = values[FORMER_AT] as number | undefined;
    if (formerTo === undefined) return fact;
    return { ...fact, former: { to: formerTo, element: elementOf(values.slice(FORMER_AT + 1)) } };
  });
}
