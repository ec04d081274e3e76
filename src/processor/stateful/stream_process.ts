import type { ProcessNode } from "../../dsl/stream_nodes.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import { KeyStores } from "./key_stores.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** What a processor is made of. */
export type ProcessSpec = Pick<ProcessNode, "stores" | "process" | "punctuate">;

/** A call of one of the callbacks. */
interface Call {
  readonly key: Key;
  readonly columns: Row;
  readonly timestampUs: number;
}

/**
 * A processor of one's own: a callback for each event, and one for each time that it has scheduled, with stores that
 * belong to the event's key.
 *
 * Law: a call sees what the calls of its key before it have kept, and counts wholly or, if it throws, not at all.
 * Stores belong to one key, unlike those of Kafka Streams, which belong to a partition: what becomes of a key is a
 * function of its own events and of the time, wherever other keys are.
 */
export class StreamProcess implements StatefulOperator {
  readonly elements: KeyedElements = new KeyedElements();
  readonly #spec: ProcessSpec;
  readonly #ports: StatefulPorts;
  #streamUs = -Infinity;

  constructor(spec: ProcessSpec, ports: StatefulPorts) {
    this.#spec = spec;
    this.#ports = ports;
  }

  take(input: number, event: KeyedEvent): void {
    this.pass(input, event);
    this.#call(event, (context) => this.#spec.process(event.value, context));
  }

  pass(_: number, { timestampUs }: KeyedEvent): void {
    this.#streamUs = Math.max(this.#streamUs, timestampUs);
    for (const { key, element } of this.elements.due(this.#streamUs)) this.#punctuate(key, element);
  }

  save(): unknown {
    return this.#streamUs === -Infinity ? null : this.#streamUs;
  }

  load(saved: unknown): void {
    this.#streamUs = saved as number | null ?? -Infinity;
  }

  dueOf(element: Element): number | "drop" | null {
    if (!isTimer(element)) return null;
    return element.start <= this.#streamUs ? "drop" : element.start;
  }

  #punctuate(key: Key, timer: Element): void {
    const columns = this.elements.columnsOf(key)!;
    this.elements.drop(key, timer);
    const { punctuate } = this.#spec;
    if (punctuate === null) return;
    try {
      this.#call({ key, columns, timestampUs: timer.start }, punctuate);
    } catch (cause) {
      if (this.#ports.onFailed === undefined) throw cause;
      this.#ports.onFailed(columns, cause);
    }
  }

  #call({ key, columns, timestampUs }: Call, callback: ProcessNode["punctuate"] & object): void {
    const stores = new KeyStores(this.elements.of(key).filter((element) => !isTimer(element)));
    const timers = new Set<number>();
    const results = all(callback({
      key: columns,
      timestampUs,
      streamTimeUs: this.#streamUs,
      stores: Object.fromEntries(this.#spec.stores.map((name) => [name, stores.store(name)])),
      schedule: (atUs) => void timers.add(Math.max(whole(atUs), this.#streamUs + 1)),
    }));
    for (const { element, entry } of stores.changes()) {
      if (entry === null) this.elements.remove(key, element!);
      else {
        const seq = element?.seq ?? nextSeq(this.elements.of(key));
        const put = { start: 0, end: 0, seq, timestampUs, state: entry, shown: false };
        this.elements.put({ key, columns }, { element: put, dueUs: null });
      }
    }
    for (const start of timers) {
      const timer = { start, end: start, seq: 0, timestampUs, state: null, shown: false };
      this.elements.put({ key, columns }, { element: timer, dueUs: start });
    }
    for (const value of results) this.#ports.forward({ key: columns, value: value as Row, timestampUs });
  }
}

/** Entries of stores are beside the times that are scheduled, which have the number 0. */
function isTimer({ seq }: Element): boolean {
  return seq === 0;
}

function nextSeq(elements: readonly Element[]): number {
  return elements.reduce((seq, element) => Math.max(seq, element.seq), 0) + 1;
}

/** All at once, so that a callback that throws on its way has given nothing. */
function all(given: Iterable<unknown>): unknown[] {
  if (typeof given !== "string" && typeof given?.[Symbol.iterator] === "function") return [...given];
  throw new TypeError(`Cannot take ${String(given).slice(0, 60)} as results: return an array, or be a generator`);
}

function whole(atUs: number): number {
  if (Number.isSafeInteger(atUs)) return atUs;
  throw new TypeError(`Cannot schedule a call for ${String(atUs)}: give microseconds since the epoch, a whole number`);
}
