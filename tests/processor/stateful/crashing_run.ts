import { assertEquals } from "@std/assert";
import type { Key } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import type { Element } from "../../../src/state/keyed_elements.ts";
import type { Choices } from "../../oracle/random.ts";
import { type Batch, batchOf, DurableElements, keptTexts } from "./durable_elements.ts";
import { type Arrived, keyed, type Machine } from "./machine.ts";

/** What is run. */
export interface Subject {
  /** A new one. */
  readonly machine: () => Machine;
  /** What readers see of an element. */
  readonly rowOf: (columns: Row, element: Element) => Row;
}

/** What an event causes; a refused one nothing but what its time causes. */
function take(machine: Machine, event: Arrived): string[] {
  try {
    machine.take(event).forEach((result) => machine.forwarded.push(result));
  } catch {
    // It is a dead letter.
  }
  return machine.forwarded.splice(0).map((result) => encodeWire(result));
}

/** One run without a crash: what each event caused, what is kept and what is shown at the end. */
export function undisturbed({ machine: make, rowOf }: Subject, events: readonly Arrived[]) {
  const machine = make();
  const durable = new DurableElements();
  const caused = events.map((event, index) => {
    const forwarded = take(machine, event);
    const batch = batchOf(machine.operator, index + 1);
    for (const key of batch.changes.keys()) durable.write(batch, key);
    durable.finish(batch);
    return forwarded;
  });
  return { caused, kept: keptTexts(machine.operator), shown: durable.shown(rowOf) };
}

/** A run that crashes again and again. */
export class CrashingRun {
  readonly #subject: Subject;
  readonly #events: readonly Arrived[];
  readonly #choices: Choices;
  readonly #durable = new DurableElements();
  /** What is not durable yet, or of some keys alone. */
  #pending: Batch[] = [];
  #machine: Machine;

  constructor(subject: Subject, events: readonly Arrived[], { choices }: { readonly choices: Choices }) {
    this.#subject = subject;
    this.#events = events;
    this.#choices = choices;
    this.#machine = subject.machine();
  }

  /** `caused`: what each event may cause. */
  all(caused: readonly (readonly string[])[]): { kept: string[]; shown: string[] } {
    let crashes = 4;
    for (let at = 0; at < this.#events.length; at++) {
      const forwarded = this.#event(at);
      assertEquals(caused[at].filter((text) => forwarded.includes(text)), forwarded, `event ${at}`);
      if (this.#choices.chance(0.5)) this.#pending.push(batchOf(this.#machine.operator, at + 1));
      if (this.#choices.chance(0.2)) this.#flush();
      if (crashes > 0 && this.#choices.chance(0.1)) {
        crashes--;
        at = this.#crash() - 1;
      }
    }
    this.#pending.push(batchOf(this.#machine.operator, this.#events.length));
    this.#flush();
    return { kept: keptTexts(this.#machine.operator), shown: this.#durable.shown(this.#subject.rowOf) };
  }

  #event(at: number): string[] {
    const event = this.#events[at];
    const { operator } = this.#machine;
    if (at >= operator.elements.positionOf(keyed(event).key)) return take(this.#machine, event);
    operator.pass(event.input ?? 0, keyed(event));
    return this.#machine.forwarded.splice(0).map((result) => encodeWire(result));
  }

  #flush(): void {
    for (const batch of this.#pending) {
      for (const key of batch.changes.keys()) this.#durable.write(batch, key);
      this.#durable.finish(batch);
    }
    this.#pending = [];
  }

  /** Of each key the changes of some batches are durable, from the first on. Gives where to go on. */
  #crash(): number {
    this.#pending.push(batchOf(this.#machine.operator, this.#events.length));
    const last = this.#pending.pop();
    const written = new Map<Key, number>();
    for (const [index, batch] of this.#pending.entries()) {
      for (const key of batch.changes.keys()) {
        if (!written.has(key)) written.set(key, this.#choices.int(this.#pending.length + 1));
        if (index < written.get(key)!) this.#durable.write(batch, key);
      }
    }
    assertEquals(last?.to, this.#events.length);
    this.#pending = [];
    this.#machine = this.#subject.machine();
    this.#durable.into(this.#machine.operator);
    return this.#durable.to;
  }
}
