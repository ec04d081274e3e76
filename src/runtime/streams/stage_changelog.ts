import {
  elementName,
  type Fact,
  type FactElement,
  type FactHead,
  type FormerElement,
  readChangelog,
} from "../../formats/changelog_fact.ts";
import { isResult } from "../../processor/stateful/result_of.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { Log, LogRecord, Reader } from "../../ports/log.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { RecordCounts } from "./record_counts.ts";

const POLL_MS = 500;

/** What a changelog has of one partition of a stage. */
export interface LoadedStage {
  /** The greatest of all owners; null if there is none. */
  readonly head: FactHead | null;
  /** How the operator folds. */
  readonly print: string;
  /** The greatest position that any fact has. */
  readonly to: number;
  /** Puts all of it into an operator that is new. Returns how many records it takes to say so. */
  readonly into: (operator: StatefulOperator) => number;
  /** How many records there are, of all owners. */
  readonly records: number;
}

/** Where an operator stands in its topology, or when time passes: not what it makes of events. */
const PLACE: ReadonlySet<string> = new Set([
  ...["id", "inputs", "right", "idleUs"],
  // Of what waits: how long and how much of it makes no difference to what is kept.
  ...["limitUs", "recordsMax", "bytesMax", "whenFull"],
]);

/** How a stage's operator folds, as far as it can be told: with other facts than its own it would be wrong. */
function foldPrint({ node }: StagePlan): string {
  return JSON.stringify(node, (name, value) => PLACE.has(name) ? undefined : typeof value === "function" ? "" : value);
}

/**
 * Reads a partition of a stage's changelog to the end that it has then: of each element the fact of the greatest
 * position, whoever wrote it. Resolves to null if it was stopped.
 * @throws ProductionError, or ConfigError if these are facts of an operator that folds otherwise
 */
export async function loadStage(
  plan: StagePlan,
  { partition, log, stopped }: {
    readonly partition: number;
    readonly log: Pick<Log, "reader" | "offsets">;
    readonly stopped: () => boolean;
  },
): Promise<LoadedStage | null> {
  const found = new FoundFacts(plan);
  const reader = log.reader();
  try {
    const { start, end } = await log.offsets(plan.changelog);
    let [position, target] = [start[partition], end[partition]];
    reader.seek(plan.changelog, partition, position);
    while (position < target) {
      if (stopped()) return null;
      position = await take(reader, { position, found });
      // What was compacted away below the end of before may stand behind it.
      if (position >= target) target = (await log.offsets(plan.changelog)).end[partition];
    }
  } finally {
    await reader.close();
  }
  return found.loaded();
}

async function take(
  reader: Reader,
  { position, found }: { readonly position: number; readonly found: FoundFacts },
): Promise<number> {
  let next = position;
  for (const part of await reader.poll(POLL_MS)) {
    if (part.outOfRange !== undefined) {
      throw new ProductionError(`Cannot read changelog "${part.topic}": its records were deleted meanwhile`, {
        retriable: true,
      });
    }
    if (part.problem !== undefined) throw new ProductionError(part.problem, { retriable: true });
    for (const record of part.records) found.take(record);
    next = part.nextOffset;
  }
  return next;
}

/** The greatest facts of a changelog. */
class FoundFacts {
  readonly #plan: StagePlan;
  readonly #facts = new Map<string, Fact>();
  /** Of elements that are gone: what tells whether time alone says so. */
  readonly #before = new Map<string, FactElement>();
  readonly #counts = new RecordCounts();
  /** Of elements that are needed as they were at the head: the last fact of each owner. */
  readonly #atHead = new Map<string, Fact[]>();
  #head: FactHead | null = null;

  constructor(plan: StagePlan) {
    this.#plan = plan;
  }

  take(record: LogRecord): void {
    const read = readChangelog(this.#plan.changelog, record);
    if (read.kind === "removed") {
      this.#counts.remove(read.name, read.owner);
    } else if (read.kind === "head") {
      this.#counts.add(null, read.head.owner);
      if (this.#head === null || read.head.to > this.#head.to) this.#head = read.head;
    } else {
      const { fact } = read;
      const name = elementName(fact);
      this.#counts.add(name, fact.owner);
      const known = this.#facts.get(name);
      const there = known?.element ?? null;
      if (fact.element === null && there !== null) this.#before.set(name, there);
      if (known === undefined || fact.to > known.to) this.#facts.set(name, fact);
      if (fact.former === undefined) return;
      const ofOwners = this.#atHead.getOrInsertComputed(name, () => []);
      const own = ofOwners.findIndex(({ owner }) => owner === fact.owner);
      if (own < 0) ofOwners.push(fact);
      else ofOwners[own] = fact;
    }
  }

  /**
   * What an element was when the events below the head were in it. Of the owner that changed it last before the head
   * there is a fact that says so: that change itself, or a later one of the same owner with what was there before.
   */
  #elementAtHead(facts: readonly Fact[]): FactElement | null {
    const headTo = this.#head?.to ?? 0;
    let newest: FormerElement = { to: -1, element: null };
    for (const { former, ...fact } of facts) {
      const known = fact.to <= headTo ? fact : { ...former!, to: Math.min(former!.to, headTo) };
      if (known.to > newest.to) newest = known;
    }
    return newest.element;
  }

  /** @throws ConfigError */
  loaded(): LoadedStage {
    const print = foldPrint(this.#plan);
    const [head, facts] = [this.#head, this.#facts];
    if (head !== null && head.print !== print) {
      const { name } = this.#plan.node;
      throw new ConfigError([
        `Cannot go on with "${name}": it was declared otherwise when its results were made, and these events are not ` +
        `kept. Give it another name, and it begins anew with the events that come; or declare it as it was: ` +
        head.print,
      ]);
    }
    return {
      head,
      print,
      to: facts.values().reduce((greatest, { to }) => Math.max(greatest, to), head?.to ?? 0),
      records: this.#counts.total,
      into: (operator) => {
        let needed = 1;
        if (head !== null) operator.load(head.saved);
        for (const [name, { key, columns, to, start, seq, element: greatest }] of facts) {
          const ofOwners = this.#atHead.get(name);
          const element = ofOwners === undefined ? greatest : this.#elementAtHead(ofOwners);
          const whole = element === null ? null : { ...element, start, seq };
          const due = whole === null ? null : operator.dueOf(whole);
          const kept = due === "drop" ? { element: null, dueUs: null } : { element: whole, dueUs: due };
          operator.elements.load({ key, columns, position: to }, kept);
          const before = whole === null ? this.#before.get(name) : undefined;
          const isOver = due === "drop" || (before && operator.dueOf({ ...before, start, seq })) === "drop";
          if (!isOver || isResult(this.#plan.node, { seq })) needed++;
        }
        return needed;
      },
    };
  }
}
