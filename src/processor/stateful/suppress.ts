import { Buffer } from "node:buffer";
import type { SuppressionSpec } from "../../dsl/suppression.ts";
import { LimitError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { compareText } from "../../record/text_order.ts";
import { encodeWire } from "../../record/wire.ts";
import { type Element, KeyedElements } from "../../state/keyed_elements.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** A key of which a change waits. */
interface Waiting {
  readonly key: Key;
  readonly columns: Row;
  /** When the first change was that was not told. */
  readonly atUs: number;
  /** Its number, which no other has that ever waits: the seq of its element. */
  readonly seq: number;
  readonly bytes: number;
}

/** The machine that lets changes of a table wait. Values of events are rows; null: the row is gone. */
export function suppress(spec: SuppressionSpec, ports: Pick<StatefulPorts, "forward">): StatefulOperator {
  return new Suppress(spec, ports);
}

/**
 * Kafka Streams' `suppress(untilTimeLimit(...))`. What is told, and when, depends on how much waits of all keys, so
 * which keys wait is counted beside the elements, from events alone: also from those that are in the elements of their
 * key already. So it is the same again when elements of some keys are ahead of others'.
 */
class Suppress implements StatefulOperator {
  readonly elements = new KeyedElements();
  readonly #spec: SuppressionSpec;
  readonly #ports: Pick<StatefulPorts, "forward">;
  readonly #byKey = new Map<Key, Waiting>();
  /** The same in the order in which they are told. */
  #waiting: Waiting[] = [];
  #bytes = 0;
  #nextSeq = 1;
  #streamTimeUs = -Infinity;

  constructor(spec: SuppressionSpec, ports: Pick<StatefulPorts, "forward">) {
    this.#spec = spec;
    this.#ports = ports;
  }

  /** @throws LimitError if too much waits, and that is to be refused */
  take(_: number, event: KeyedEvent): void {
    if (!this.#wait(event, (waiting) => this.#keep(event, waiting))) throw this.#full();
  }

  pass(_: number, event: KeyedEvent): void {
    this.#wait(event, () => {});
  }

  save(): unknown {
    if (this.#streamTimeUs === -Infinity) return null;
    const waiting = this.#waiting.map(({ key, columns, atUs, seq, bytes }) => [key, columns, atUs, seq, bytes]);
    return [this.#streamTimeUs, this.#nextSeq, waiting];
  }

  load(saved: unknown): void {
    if (saved === null) return;
    const [streamTimeUs, nextSeq, waiting] = saved as [number, number, [Key, Row, number, number, number][]];
    this.#streamTimeUs = streamTimeUs;
    this.#nextSeq = nextSeq;
    for (const [key, columns, atUs, seq, bytes] of waiting) this.#add({ key, columns, atUs, seq, bytes });
  }

  /** What waits is found by itself, not by its time. */
  dueOf(): null {
    return null;
  }

  /** Whether there was room. `keep`: of what waits now, before anything of it is told. */
  #wait(event: KeyedEvent, keep: (waiting: Waiting) => void): boolean {
    const { key, columns, value, timestampUs } = event;
    this.#streamTimeUs = Math.max(this.#streamTimeUs, timestampUs);
    const known = this.#byKey.get(key);
    const first = known ?? { key, columns, atUs: timestampUs, seq: this.#nextSeq };
    const next = { ...first, bytes: Buffer.byteLength(encodeWire([columns, value])) };
    if (this.#spec.whenFull === "refuse" && !this.#hasRoomFor(next)) {
      this.#tellDue();
      return false;
    }
    if (known === undefined) this.#nextSeq++;
    else this.#end(known);
    this.#add(next);
    keep(next);
    this.#tellDue();
    while (this.#isOver(this.#waiting.length, this.#bytes)) this.#tell(this.#waiting[0]);
    return true;
  }

  #keep({ key, columns, value, timestampUs }: KeyedEvent, { seq, atUs }: Waiting): void {
    const element = { start: 0, end: atUs, seq, timestampUs, state: [value], shown: false };
    this.elements.put({ key, columns }, { element, dueUs: null });
  }

  #elementOf(key: Key, seq: number): Element | undefined {
    return this.elements.of(key).find((element) => element.seq === seq);
  }

  /** Whether it may wait, if all are told whose time has come. */
  #hasRoomFor(next: Waiting): boolean {
    if (this.#isDue(next)) return true;
    const others = this.#waiting.filter((waiting) => waiting.key !== next.key && !this.#isDue(waiting));
    return !this.#isOver(others.length + 1, others.reduce((sum, { bytes }) => sum + bytes, next.bytes));
  }

  #isOver(records: number, bytes: number): boolean {
    const { recordsMax, bytesMax } = this.#spec;
    return records > recordsMax || (bytesMax !== null && bytes > bytesMax);
  }

  #isDue({ atUs }: Waiting): boolean {
    return atUs + this.#spec.limitUs <= this.#streamTimeUs;
  }

  #tellDue(): void {
    while (this.#waiting.length > 0 && this.#isDue(this.#waiting[0])) this.#tell(this.#waiting[0]);
  }

  #tell(waiting: Waiting): void {
    this.#end(waiting);
    const { key, columns, seq } = waiting;
    const element = this.#elementOf(key, seq);
    // Elements that are ahead know already that it was told.
    if (element === undefined) return;
    const { timestampUs, state } = element;
    const [value] = state as readonly [Row | null];
    const shown = this.#elementOf(key, 0);
    this.elements.drop(key, element);
    if (value !== null) {
      const result = { start: 0, end: 0, seq: 0, timestampUs, state, shown: true };
      this.elements.put({ key, columns }, { element: result, dueUs: null });
    } else if (shown !== undefined) this.elements.remove(key, shown);
    this.#ports.forward({ key: columns, value, timestampUs });
  }

  #add(waiting: Waiting): void {
    const at = this.#waiting.findIndex((other) => compareWaiting(other, waiting) > 0);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting);
    this.#byKey.set(waiting.key, waiting);
    this.#bytes += waiting.bytes;
  }

  #end(waiting: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#byKey.delete(waiting.key);
    this.#bytes -= waiting.bytes;
  }

  #full(): LimitError {
    const { recordsMax, bytesMax } = this.#spec;
    return new LimitError(
      "suppress",
      `Cannot let another change wait: current values are ${this.#waiting.length} of ${recordsMax} keys and ` +
        `${this.#bytes} of ${bytesMax ?? "any number of"} bytes. Raise the limit, or let the oldest be told early`,
    );
  }
}

/** The oldest first, of one time in the order of keys. */
function compareWaiting(a: Waiting, b: Waiting): number {
  return a.atUs - b.atUs || compareText(keyText(a.key), keyText(b.key));
}
