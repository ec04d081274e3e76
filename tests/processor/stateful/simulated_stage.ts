import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { joinKeyText } from "../../../src/oracle/joined_events.ts";
import type { StatefulOperator, StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type Key, keyText } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";
import { decodeWire, encodeWire } from "../../../src/record/wire.ts";
import type { Element } from "../../../src/state/keyed_elements.ts";
import { give, machine } from "./join_run.ts";

/** What the events below `to` make of one element. */
interface Fact {
  readonly key: Key;
  readonly to: number;
  readonly columns: Row;
  readonly element: Element | null;
}

/**
 * What is durable of a stage, as its changelog has it: of each owner the facts of its elements, those of one key
 * together, and its position behind them. What an owner wrote is there until it deletes it itself; of several facts of
 * one element the one of the greatest position counts.
 */
class Changelog {
  readonly #facts = new Map<string, string>();
  readonly #heads = new Map<number, string>();

  /** `chance`: whether it goes on; a crash leaves what is written by then. Returns whether all of it is. */
  write(
    { owner, to, operator }: { readonly owner: number; readonly to: number; readonly operator: StatefulOperator },
    chance: () => boolean,
  ): boolean {
    const byKey = new Map<Key, [string, Fact][]>();
    const used: string[] = [];
    for (const { key, columns, kind, element } of operator.elements.takeChanges()) {
      if (kind !== "put" && operator.elements.find(key, element) !== undefined) continue;
      const name = `${owner} ${element.start} ${element.seq} ${keyText(key)}`;
      const fact = { key, to, columns, element: kind === "put" ? element : null };
      byKey.getOrInsertComputed(key, () => []).push([name, fact]);
      if (kind === "dropped") used.push(name);
    }
    for (const facts of byKey.values()) {
      if (!chance()) return false;
      for (const [name, fact] of facts) this.#facts.set(name, encodeWire(fact));
    }
    if (!chance()) return false;
    this.#heads.set(owner, encodeWire({ to, saved: operator.save() }));
    for (const name of used) {
      if (!chance()) return false;
      this.#facts.delete(name);
    }
    return true;
  }

  /** Puts all of it into a new operator. Returns where to go on, and up to where keys are there. */
  into(operator: StatefulOperator): { readonly position: number; readonly known: number } {
    const heads = [...this.#heads.values()].map((text) => decodeWire(text) as { to: number; saved: unknown });
    const head = heads.sort((a, b) => b.to - a.to).at(0);
    if (head !== undefined) operator.load(head.saved);
    const greatest = new Map<string, Fact>();
    for (const [name, text] of this.#facts) {
      const fact = decodeWire(text) as Fact;
      const ofAll = name.slice(name.indexOf(" "));
      if (fact.to > (greatest.get(ofAll)?.to ?? -1)) greatest.set(ofAll, fact);
    }
    for (const { key, columns, to, element } of greatest.values()) {
      const due = element === null ? null : operator.dueOf(element);
      const kept = due === "drop" ? { element: null, dueUs: null } : { element, dueUs: due };
      operator.elements.load({ key, columns, position: to }, kept);
    }
    return {
      position: head?.to ?? 0,
      known: Math.max(0, ...[...greatest.values()].map(({ to }) => to)),
    };
  }
}

/** The results of one event, by the key for which they are. */
export type Caused = ReadonlyMap<string, readonly string[]>;

export function byKey(results: readonly JoinResult[]): Caused {
  const caused = new Map<string, string[]>();
  for (const { key, value, timestampUs } of results) {
    const text = encodeWire({ value, timestampUs });
    caused.getOrInsertComputed(key === null ? "" : joinKeyText(key), () => []).push(text);
  }
  return caused;
}

/** How a run is disturbed: numbers in [0, 1). */
export interface Disturbances {
  readonly random: () => number;
  /** Of an event. */
  readonly crash: number;
  readonly write: number;
  /** Of each step of a write, that it is the last one before a crash. */
  readonly cut: number;
}

/** What one process made of the events from where it began; it brought out what it made of those below `outTo`. */
export interface ProcessRun {
  readonly from: number;
  readonly caused: readonly Caused[];
  readonly outTo: number;
}

/** Runs a stage through crashes until it has taken and written all events. */
export function runStage(
  events: readonly JoinedEvent[],
  make: (ports: StatefulPorts) => StatefulOperator,
  { random, crash, write, cut }: Disturbances,
): { readonly runs: readonly ProcessRun[]; readonly kept: number } {
  const changelog = new Changelog();
  const runs: ProcessRun[] = [];
  for (let owner = 0;; owner++) {
    const run = machine(make);
    const { position, known } = changelog.into(run.operator);
    const caused: Caused[] = [];
    const chance = () => random() >= cut;
    let [crashed, outTo] = [false, 0];
    for (let offset = position; offset < events.length && !crashed; offset++) {
      if (offset === known && random() < 0.5) run.operator.elements.forgetPositions();
      give(run, { event: events[offset], offset });
      caused.push(byKey(run.results()));
      if (random() < crash) crashed = true;
      else if (random() < write || offset + 1 === events.length) {
        // Results are out before anything of what they come from is written.
        outTo = offset + 1;
        crashed = !changelog.write({ owner: random() < 0.5 ? owner : 0, to: outTo, operator: run.operator }, chance);
      }
    }
    runs.push({ from: position, caused, outTo });
    if (!crashed) {
      const kept = [...run.operator.elements.keys()].flatMap((key) => run.operator.elements.of(key));
      return { runs, kept: kept.length };
    }
  }
}
