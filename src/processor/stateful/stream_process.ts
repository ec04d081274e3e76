import type { ProcessNode } from "../../dsl/stream_nodes.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Element, type ElementClocks, KeyedElements } from "../../state/keyed_elements.ts";
import { EntryElements } from "./entry_changes.ts";
import { KeyStores } from "./key_stores.ts";
import { overUs, storedEntry } from "./stored_entry.ts";
import { TextEntries } from "./text_entries.ts";
import { type LookedCalls, type SoughtEvent, timeOrNull } from "./sought_event.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** What a processor is made of. */
export type ProcessSpec = Pick<ProcessNode, "stores" | "process" | "punctuate" | "punctuateWallClock">;

/** A call of one of the callbacks. */
interface Call {
  readonly key: Key;
  readonly columns: Row;
  readonly timestampUs: number;
  readonly wallClockUs: number;
}

/** Numbers of elements that are scheduled times; those of entries are greater. */
const STREAM_TIMER = 0;
const WALL_TIMER = -1;
/** By stream time, and by the wall clock. */
const CLOCKS: ElementClocks = { count: 2, of: ({ seq }) => seq === WALL_TIMER ? 1 : 0 };

/**
 * A processor of one's own: a callback for each event, and one for each time that it has scheduled, with stores that
 * belong to the event's key.
 *
 * Law: a call sees what the calls of its key before it have kept, and counts wholly or, if it throws, not at all.
 * Stores belong to one key, unlike those of Kafka Streams, which belong to a partition: what becomes of a key is a
 * function of its own events and of the time, wherever other keys are.
 */
export class StreamProcess implements StatefulOperator {
  readonly elements: KeyedElements = new KeyedElements(CLOCKS);
  readonly #texts = new TextEntries();
  readonly #entries = new EntryElements(this.elements, this.#texts);
  readonly #spec: ProcessSpec;
  readonly #ports: StatefulPorts;
  #streamUs = -Infinity;
  /** How far the wall clock is, as records have said. */
  #clockUs = -Infinity;

  constructor(spec: ProcessSpec, ports: StatefulPorts) {
    this.#spec = spec;
    this.#ports = ports;
  }

  take(input: number, event: KeyedEvent): void {
    this.pass(input, event);
    this.#call({ ...event, wallClockUs: this.#writtenUs }, (context) => this.#spec.process(event.value, context));
  }

  pass(_: number, { timestampUs }: KeyedEvent): void {
    this.#streamUs = Math.max(this.#streamUs, timestampUs);
    for (const { key, element } of this.elements.due(this.#streamUs)) {
      if (isTimer(element)) {
        this.#punctuate(key, element, { callback: this.#spec.punctuate, wallClockUs: this.#writtenUs });
        // A call before may have put something else in its place.
      } else if (this.elements.holds(key, element)) this.elements.drop(key, element);
    }
  }

  look(_: number, { key }: SoughtEvent): LookedCalls {
    const elements = this.elements.of(key);
    const next = (timer: number) => elements.find(({ seq }) => seq === timer)?.start ?? null;
    return {
      kind: "process",
      entries: elements.filter((element) => storedEntry(element) !== null).length,
      ...{ nextUs: next(STREAM_TIMER), nextWallUs: next(WALL_TIMER) },
      streamTimeUs: timeOrNull(this.#streamUs),
    };
  }

  get wallDueUs(): number | null {
    return this.elements.firstDueUs(1);
  }

  wallClock(nowUs: number): void {
    this.#clockUs = Math.max(this.#clockUs, nowUs);
    for (const { key, element } of this.elements.due(this.#clockUs, 1)) {
      this.#punctuate(key, element, { callback: this.#spec.punctuateWallClock, wallClockUs: this.#clockUs });
    }
  }

  get #writtenUs(): number {
    return Math.max(this.#clockUs, this.#ports.writtenUs?.() ?? -Infinity);
  }

  save(): unknown {
    const streamUs = this.#streamUs === -Infinity ? null : this.#streamUs;
    // The clock stands beside it only where it counts: earlier versions had no clock.
    return this.#clockUs === -Infinity ? streamUs : [streamUs, this.#clockUs];
  }

  load(saved: unknown): void {
    const [streamUs, clockUs] = Array.isArray(saved) ? saved : [saved, null];
    this.#streamUs = streamUs ?? -Infinity;
    this.#clockUs = clockUs ?? -Infinity;
  }

  dueOf(element: Element): number | "drop" | null {
    const isOfWall = element.seq === WALL_TIMER;
    const dueUs = isTimer(element) ? element.start : this.#overUs(element);
    return dueUs !== null && dueUs <= (isOfWall ? this.#clockUs : this.#streamUs) ? "drop" : dueUs;
  }

  /** When an entry is over; null: never. */
  #overUs(element: Element): number | null {
    const [store] = element.state as readonly [string];
    const spec = this.#spec.stores.find(({ name }) => name === store);
    return spec === undefined ? null : overUs(spec, element);
  }

  #punctuate(
    key: Key,
    timer: Element,
    { callback, wallClockUs }: { readonly callback: ProcessSpec["punctuate"] } & Pick<Call, "wallClockUs">,
  ): void {
    const columns = this.elements.columnsOf(key)!;
    this.elements.drop(key, timer);
    if (callback === null) return;
    try {
      this.#call({ key, columns, timestampUs: timer.start, wallClockUs }, callback);
    } catch (cause) {
      if (this.#ports.onFailed === undefined) throw cause;
      this.#ports.onFailed(columns, cause);
    }
  }

  #call({ key, columns, timestampUs, wallClockUs }: Call, callback: ProcessNode["punctuate"] & object): void {
    const elements = this.elements.of(key);
    const texts = () => this.#texts.of(key, elements);
    const stores = new KeyStores({ elements, texts, streamUs: this.#streamUs });
    const timers = new Set<number>();
    const wallTimers = new Set<number>();
    const results = all(callback({
      key: columns,
      timestampUs,
      streamTimeUs: this.#streamUs,
      wallClockUs,
      stores: Object.fromEntries(this.#spec.stores.map((spec) => [spec.name, stores.store(spec)])),
      schedule: (atUs) => {
        if (this.#spec.punctuate === null) throw new TypeError(NO_PUNCTUATE);
        timers.add(Math.max(whole(atUs), this.#streamUs + 1));
      },
      scheduleWallClock: (atUs) => {
        if (this.#spec.punctuateWallClock === null) throw new TypeError(NO_WALL_CLOCK);
        wallTimers.add(Math.max(whole(atUs), this.#clockUs + 1));
      },
    }));
    this.#entries.apply(stores.changes(), { key, columns, timestampUs });
    for (let late = stores.late; late > 0; late--) this.#ports.onDropped("late");
    for (const [seq, starts] of [[STREAM_TIMER, timers], [WALL_TIMER, wallTimers]] as const) {
      for (const start of starts) {
        const timer = { start, end: start, seq, timestampUs, state: null, shown: false };
        this.elements.put({ key, columns }, { element: timer, dueUs: start });
      }
    }
    for (const value of results) this.#ports.forward({ key: columns, value: value as Row, timestampUs });
  }
}

const NO_PUNCTUATE = "Cannot schedule a call by stream time: the processor has no punctuate, which would be called. " +
  "Declare it, or leave schedule() out";
const NO_WALL_CLOCK = "Cannot schedule a call by the wall clock: the processor has no punctuateWallClock";

/** Whether it is a time that was scheduled, and no entry of a store. */
function isTimer({ seq }: Element): boolean {
  return seq <= STREAM_TIMER;
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
