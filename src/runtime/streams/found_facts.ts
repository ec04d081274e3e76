import { type BundleSummary, readBundle } from "../../formats/changelog_bundle.ts";
import {
  type FactElement,
  type FactHead,
  factName,
  type FormerElement,
  headKey,
  readFact,
  readWhatItIs,
  type UnreadFact,
} from "../../formats/changelog_fact.ts";
import type { Horizon } from "../../formats/changelog_horizon.ts";
import type { MessageBytes } from "../../formats/message_text.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { neededAtHead } from "../../processor/stateful/operators.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { ageOf, isResult } from "../../processor/stateful/result_of.ts";
import { RecordCounts } from "./record_counts.ts";
import { isGone, StoredBundles } from "./stored_bundles.ts";

/** So many facts, or elements of bundles, are read in one turn of the event loop. */
const TURN_ELEMENTS = 2_000;

/** What became of a changelog that was read back. */
export interface LoadedFacts {
  /** Its bundles that are not gone. */
  readonly bundles: StoredBundles;
  /** Of so many facts, and elements of bundles, all was read: what a start costs. */
  readonly elementsRead: number;
  /** It takes so many records to say the same as all facts and heads. */
  readonly needed: number;
}

interface UnreadBundle extends BundleSummary {
  readonly name: string;
  readonly value: MessageBytes;
}

/**
 * The greatest facts of a changelog, as text. Most of what a changelog holds is said again further on, or has ended, or
 * is gone by the time of the head; so nothing is read before that is known, and of most records nothing ever is.
 */
export class FoundFacts {
  readonly #plan: StagePlan;
  readonly #neededAtHead: ReturnType<typeof neededAtHead>;
  readonly #facts = new Map<string, UnreadFact>();
  /** Of those: what another owner says as well, with the same position. */
  readonly #saidAgain = new Set<string>();
  readonly #counts = new RecordCounts();
  readonly #bundles = new Map<string, UnreadBundle>();
  /** Of elements that are needed as they were at the head: the last fact of each owner. */
  readonly #atHead = new Map<string, Map<string, UnreadFact>>();
  #head: FactHead | null = null;
  #horizon: Horizon | null = null;
  #to = 0;

  constructor(plan: StagePlan) {
    this.#plan = plan;
    this.#neededAtHead = neededAtHead(plan.node);
  }

  /** The greatest of all owners; null if there is none. */
  get head(): FactHead | null {
    return this.#head;
  }

  /** The greatest: of windows that began until then nothing is needed. Null if none was told. */
  get horizon(): Horizon | null {
    return this.#horizon;
  }

  /** The greatest position that any record has. */
  get to(): number {
    return this.#to;
  }

  /** How many facts and heads there are, of all owners. */
  get records(): number {
    return this.#counts.total;
  }

  /** @throws DeserializationError */
  take(record: LogRecord): void {
    const read = readWhatItIs(this.#plan.changelog, record);
    switch (read.kind) {
      case "head":
        this.#counts.add(headKey(read.head.owner), read.head.owner);
        if (this.#head === null || read.head.to > this.#head.to) this.#head = read.head;
        this.#to = Math.max(this.#to, read.head.to);
        break;
      case "fact":
        this.#takeFact(read.fact);
        break;
      case "bundle": {
        const { name, summary, value } = read;
        this.#to = Math.max(this.#to, summary.to);
        this.#bundles.set(name, { ...summary, name, value: typeof value === "string" ? value : value.slice() });
        break;
      }
      case "horizon":
        if (read.horizon.atUs > (this.#horizon?.atUs ?? -Infinity)) this.#horizon = read.horizon;
        break;
      case "removed":
        // Another one says as much, or it is behind its owner's head, by whose time it is gone. Others' facts of it are
        // judged by that, too.
        this.#counts.remove(read.name, read.owner);
        this.#bundles.delete(read.name);
        this.#atHead.get(read.name)?.delete(read.owner);
        if (this.#saidAgain.has(read.name)) return;
        if (this.#facts.get(read.name)?.owner === read.owner) this.#facts.delete(read.name);
    }
  }

  #takeFact(fact: UnreadFact): void {
    const { name, owner, to, seq } = fact;
    this.#to = Math.max(this.#to, to);
    this.#counts.add(name, owner);
    const known = this.#facts.get(name);
    if (known === undefined || to > known.to) {
      this.#facts.set(name, fact);
      this.#saidAgain.delete(name);
    } else if (to === known.to && owner !== known.owner) this.#saidAgain.add(name);
    if (this.#neededAtHead?.({ seq }) !== true) return;
    this.#atHead.getOrInsertComputed(name, () => new Map<string, UnreadFact>()).set(owner, fact);
  }

  /**
   * Puts all of it into an operator that is new, in turns between which `breathe` lets others go on. What it puts there
   * it lets go here: to be called once. @throws DeserializationError
   */
  async into(operator: StatefulOperator, breathe: () => Promise<void>): Promise<LoadedFacts> {
    if (this.#head !== null) operator.load(this.#head.saved);
    const at = { to: this.#head?.to ?? 0, clocksUs: operator.ending?.clocksUs() ?? [] };
    const bundles = new StoredBundles();
    let elementsRead = 0;
    let needed = 1;
    let turnEnd = TURN_ELEMENTS;
    // Of an element that is in several the greatest comes last.
    for (const bundle of [...this.#bundles.values()].sort((a, b) => a.to - b.to)) {
      const { name, to, goneFromUs } = bundle;
      bundles.add({ to, goneFromUs, keys: [name] });
      // Without its clocks nobody can say what is gone.
      if (operator.ending !== undefined && isGone(bundle, at)) continue;
      elementsRead += this.#loadBundle(operator, bundle);
      if (elementsRead < turnEnd) continue;
      await breathe();
      turnEnd = elementsRead + TURN_ELEMENTS;
    }
    this.#bundles.clear();
    for (const [name, fact] of this.#facts) {
      elementsRead++;
      if (this.#loadFact(operator, fact)) needed++;
      this.#facts.delete(name);
      if (elementsRead < turnEnd) continue;
      await breathe();
      turnEnd = elementsRead + TURN_ELEMENTS;
    }
    return { bundles, elementsRead, needed };
  }

  #loadBundle(operator: StatefulOperator, { to, value }: UnreadBundle): number {
    let elements = 0;
    for (const { key, columns, elements: ofKey } of readBundle(this.#plan.changelog, value)) {
      for (const { start, seq, state } of ofKey) {
        elements++;
        if (this.#facts.size > 0 && this.#isGreater({ key, start, seq, to })) continue;
        const element = { end: start, timestampUs: start, state, shown: false };
        this.#put(operator, { key, columns, to, start, seq, element });
      }
    }
    return elements;
  }

  /** Whether a fact of its own says more of an element than a bundle; the bundle's counts otherwise. */
  #isGreater({ to, ...element }: { readonly key: Key; start: number; seq: number; to: number }): boolean {
    const name = factName(element);
    const fact = this.#facts.get(name);
    if (fact === undefined) return false;
    if (fact.to > to) return true;
    this.#facts.delete(name);
    return false;
  }

  /** Gives back whether it is needed: it is a result, or time alone does not say that it is over. */
  #loadFact(operator: StatefulOperator, unread: UnreadFact): boolean {
    const fact = readFact(this.#plan.changelog, unread);
    const ofOwners = this.#atHead.get(unread.name);
    const whole = ofOwners === undefined ? fact : { ...fact, element: this.#elementAtHead(ofOwners.values()) };
    return !this.#put(operator, whole) ||
      (isResult(this.#plan.node, fact) && ageOf(this.#plan.node, fact) > this.#horizonUs);
  }

  get #horizonUs(): number {
    return this.#horizon?.atUs ?? -Infinity;
  }

  /** Gives back whether it is over, by time. */
  #put(
    operator: StatefulOperator,
    { key, columns, to, start, seq, element }: {
      readonly key: Key;
      readonly columns: Row;
      readonly to: number;
      readonly start: number;
      readonly seq: number;
      readonly element: FactElement | null;
    },
  ): boolean {
    // No event below the head comes again.
    const position = to > (this.#head?.to ?? 0) ? to : 0;
    const whole = element === null ? null : wholeOf(element, { start, seq });
    const due = whole === null ? null : operator.dueOf(whole);
    const isThere = whole !== null && due !== "drop";
    if (isThere) operator.elements.load({ key, columns, position }, { element: whole, dueUs: due });
    else if (position > 0) operator.elements.load({ key, columns, position }, { element: null, dueUs: null });
    return due === "drop";
  }

  /**
   * What an element was when the events below the head were in it. Of the owner that changed it last before the head
   * there is a fact that says so: that change itself, or a later one of the same owner with what was there before.
   */
  #elementAtHead(facts: Iterable<UnreadFact>): FactElement | null {
    const headTo = this.#head?.to ?? 0;
    let newest: FormerElement = { to: -1, element: null };
    for (const unread of facts) {
      const { former, ...fact } = readFact(this.#plan.changelog, unread);
      const known = fact.to <= headTo ? fact : { ...former!, to: Math.min(former!.to, headTo) };
      if (known.to > newest.to) newest = known;
    }
    return newest.element;
  }
}

/** With its properties in the order that operators write them in, as code that meets two orders is slower. */
function wholeOf(
  { end, timestampUs, state, shown }: FactElement,
  { start, seq }: { readonly start: number; readonly seq: number },
) {
  return { start, end, seq, timestampUs, state, shown };
}
