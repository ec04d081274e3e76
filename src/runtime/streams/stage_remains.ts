import {
  type FactElement,
  type FactHead,
  isFormerOwner,
  type OwnerPlace,
  readFact,
  readWhatItIs,
  type UnreadFact,
} from "../../formats/changelog_fact.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { LogRecord, NewRecord } from "../../ports/log.ts";
import { statefulOperator } from "../../processor/stateful/operators.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import { ageOf, isResult } from "../../processor/stateful/result_of.ts";

/** Bounds of what is held at a time: elements, and characters of what is known of them. */
const ELEMENTS_MAX = 50_000;
const CHARS_MAX = 32 * 1024 * 1024;
/** Records that are deleted at a time. */
const PORTION = 500;

/** A fact as the changelog has it. */
interface FoundFact {
  readonly to: number;
  readonly start: number;
  readonly seq: number;
  readonly key: string;
  readonly value: string;
  readonly element: FactElement | null;
  readonly ageUs?: number;
}

/** What a changelog has of one element of which former owners have written. */
interface Remains {
  greatest: FoundFact | null;
  /** The greatest of those that say that it is there. */
  there: FoundFact | null;
  /** By owner: the keys of former ones' records. */
  readonly former: Map<string, string>;
  /** By owner: how far others have it. */
  readonly kept: Map<string, number>;
}

/** What is to be done with some of what former owners have left. */
export interface CleaningStep {
  /** Written first, under the name that was given. */
  readonly copies: readonly NewRecord[];
  /** Written when the copies are durable. */
  readonly tombstones: readonly NewRecord[];
}

const decoder = new TextDecoder();

function textOf(bytes: string | Uint8Array): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}

/**
 * A part of what former owners have left in a partition of a changelog, as it is read from an offset to its end: of the
 * first elements that are met, all that is known of them. Pure; what is read is given with {@link StageRemains.take}.
 */
export class StageRemains {
  readonly #plan: StagePlan;
  /** Those before it are former owners. */
  readonly #present: OwnerPlace;
  readonly #elements = new Map<string, Remains>();
  readonly #formerHeads = new Map<string, string>();
  /** Of those that stay, and of all. */
  #keptHead: FactHead | null = null;
  #greatestTo = -1;
  #horizonUs = -Infinity;
  #next: number | null = null;
  #chars = 0;
  #operator: StatefulOperator | null = null;

  constructor(plan: StagePlan, present: OwnerPlace) {
    this.#plan = plan;
    this.#present = present;
  }

  /** The next record. @throws DeserializationError */
  take(record: LogRecord): void {
    const read = readWhatItIs(this.#plan.changelog, record);
    switch (read.kind) {
      case "head":
        return this.#takeHead(record, read.head);
      case "fact":
        return this.#takeFact(record, read.fact);
      case "removed": {
        const { owner, name } = read;
        if (this.#formerHeads.get(owner) === name) this.#formerHeads.delete(owner);
        const known = this.#elements.get(name);
        known?.former.delete(owner);
        known?.kept.delete(owner);
        return;
      }
      case "horizon":
        this.#horizonUs = Math.max(this.#horizonUs, read.horizon.atUs);
        return;
      case "bundle":
        // Whoever has the task removes bundles, whoever wrote them, when all that they hold is over.
    }
  }

  #takeHead(record: LogRecord, head: FactHead): void {
    this.#greatestTo = Math.max(this.#greatestTo, head.to);
    if (isFormerOwner(head.owner, this.#present)) this.#formerHeads.set(head.owner, textOf(record.key!));
    else if (head.to > (this.#keptHead?.to ?? -1)) this.#keptHead = head;
  }

  #takeFact(record: LogRecord, unread: UnreadFact): void {
    const { name, owner, to } = unread;
    const isFormer = isFormerOwner(owner, this.#present);
    const known = this.#elements.get(name);
    if (known === undefined && !isFormer) return;
    if (known === undefined && (this.#elements.size >= ELEMENTS_MAX || this.#chars >= CHARS_MAX)) {
      this.#next ??= record.offset;
      return;
    }
    const of: Remains = known ?? { greatest: null, there: null, former: new Map(), kept: new Map() };
    this.#elements.set(name, of);
    const key = textOf(record.key!);
    if (isFormer) of.former.set(owner, key);
    else of.kept.set(owner, to);
    const { start, seq, element, ageUs } = readFact(this.#plan.changelog, unread);
    const fact = { to, start, seq, element, ageUs, key, value: unread.value };
    if (element !== null && to > (of.there?.to ?? -1)) of.there = fact;
    if (to <= (of.greatest?.to ?? -1)) return;
    this.#chars += fact.value.length - (of.greatest?.value.length ?? 0);
    of.greatest = fact;
  }

  /**
   * Whether anything may be deleted, when all was read. A former owner may have been further than what is durable of
   * the present one, which must be behind the record by which it has begun: none of the others has folded anything
   * behind that.
   */
  get mayGo(): boolean {
    const { to } = this.#keptHead ?? { to: -1 };
    return to > this.#present.begun && to >= this.#greatestTo;
  }

  /** From this offset on there may be more of theirs; null: there is no more. */
  get next(): number | null {
    return this.#next;
  }

  /** What is to be done next, of a few elements; null: nothing more. `copyName`: nobody has written under it. */
  portion(copyName: string): CleaningStep | null {
    this.#operator ??= this.#operatorAtHead();
    const copies: NewRecord[] = [];
    const tombstones: NewRecord[] = [];
    for (const [name, remains] of this.#elements) {
      this.#elements.delete(name);
      for (const key of remains.former.values()) tombstones.push({ key, value: null });
      if (remains.former.size > 0 && this.#isNeeded(remains)) copies.push(copyOf(remains, copyName));
      if (tombstones.length >= PORTION) return { copies, tombstones };
    }
    for (const key of this.#formerHeads.values()) tombstones.push({ key, value: null });
    this.#formerHeads.clear();
    return tombstones.length === 0 ? null : { copies, tombstones };
  }

  /** As any start would have it. */
  #operatorAtHead(): StatefulOperator {
    const operator = statefulOperator(this.#plan.node, { forward: () => {}, onDropped: () => {} });
    operator.load(this.#keptHead!.saved);
    return operator;
  }

  /** Whether nobody else says what former owners say, and time alone does not, either. */
  #isNeeded({ greatest, there, kept }: Remains): boolean {
    // What was removed before is as good a fact as any, but its copy may be what is deleted now.
    if (Math.max(-1, ...kept.values()) >= greatest!.to) return false;
    if (isResult(this.#plan.node, greatest!) && ageOf(this.#plan.node, greatest!) <= this.#horizonUs) return false;
    if (there === null || isResult(this.#plan.node, there)) return true;
    return this.#operator!.dueOf({ ...there.element!, start: there.start, seq: there.seq }) !== "drop";
  }
}

function copyOf({ greatest }: Remains, copyName: string): NewRecord {
  const { key, value } = greatest!;
  const [, ...ofElement] = JSON.parse(key) as unknown[];
  return { key: JSON.stringify([copyName, ...ofElement]), value };
}
