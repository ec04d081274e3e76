import { type Key, keyText } from "../../record/key.ts";
import { compareText } from "../../record/text_order.ts";
import type { Element, KeyedElements } from "../../state/keyed_elements.ts";

/** Whose time an element waits for: that of input 0 or 1, or stream time, the greater of both. */
export type ClockOf = 0 | 1 | "stream";

/** An element of a key. */
export interface OfKey {
  readonly key: Key;
  readonly element: Element;
}

/** What the elements wait for: until when, by which clock. */
export type DueBy = (element: Element) => { readonly atUs: number; readonly clock: ClockOf };

interface Lagging extends OfKey {
  readonly atUs: number;
}

/**
 * The newest time of each of two inputs. An element comes up when the clock that it waits for is there; the elements
 * themselves know stream time alone, which is never behind.
 */
export class InputClocks {
  readonly #elements: KeyedElements;
  readonly #dueBy: DueBy;
  readonly #newestUs: [number, number] = [-Infinity, -Infinity];
  /** By input: what came up by stream time and waits for that input, by time. Nearly all of it comes in that order. */
  readonly #lagging: readonly [Lagging[], Lagging[]] = [[], []];

  constructor(elements: KeyedElements, dueBy: DueBy) {
    this.#elements = elements;
    this.#dueBy = dueBy;
  }

  /** Microseconds since the epoch; -Infinity before anything came. */
  read(clock: ClockOf): number {
    return clock === "stream" ? Math.max(...this.#newestUs) : this.#newestUs[clock];
  }

  /** An event of this time came. */
  advance(input: 0 | 1, timestampUs: number): void {
    this.#newestUs[input] = Math.max(this.#newestUs[input], timestampUs);
  }

  /** The elements whose time has come, each once: by start, of one start by key, of one key by seq. */
  due(): OfKey[] {
    const found: OfKey[] = [];
    for (const { key, element } of this.#elements.due(this.read("stream"))) {
      const { atUs, clock } = this.#dueBy(element);
      if (clock === "stream") found.push({ key, element });
      else insert(this.#lagging[clock], { key, element, atUs });
    }
    for (const input of [0, 1] as const) {
      const lagging = this.#lagging[input];
      const first = lagging.findIndex(({ atUs }) => atUs > this.#newestUs[input]);
      const ready = lagging.splice(0, first < 0 ? lagging.length : first);
      found.push(...ready.filter(({ key, element }) => this.#elements.holds(key, element)));
    }
    return found.sort(compare);
  }

  /** A wire value. */
  save(): unknown {
    return this.#newestUs.map((us) => us === -Infinity ? null : us);
  }

  /** What {@link save} gave. */
  load(saved: unknown): void {
    for (const input of [0, 1] as const) {
      this.#newestUs[input] = (saved as readonly (number | null)[])[input] ?? -Infinity;
    }
  }
}

function compare(a: OfKey, b: OfKey): number {
  return a.element.start - b.element.start || compareText(keyText(a.key), keyText(b.key)) ||
    a.element.seq - b.element.seq;
}

function insert(lagging: Lagging[], one: Lagging): void {
  let at = lagging.length;
  while (at > 0 && lagging[at - 1].atUs > one.atUs) at--;
  lagging.splice(at, 0, one);
}
