/**
 * One thing that a stateful operator of a stream keeps of a key: the totals of a window, an event that waits for a
 * partner. Times are microseconds since the epoch.
 */
export interface Element {
  /** Where its window begins, or when its event was: the elements of a key are in this order. */
  readonly start: number;
  /** Where its window ends. */
  readonly end: number;
  /** Tells apart what begins and ends alike; 0 where nothing does. */
  readonly seq: number;
  /** When its newest event was. */
  readonly timestampUs: number;
  /** A wire value, which nobody changes. */
  readonly state: unknown;
  /** Whether it is a result that readers see. */
  readonly shown: boolean;
}

/** What puts an element in its place among those of its key. */
type Borders = Pick<Element, "start" | "end" | "seq">;

/** The order of a key's elements: by start, end, seq. */
export function compareElements(a: Borders, b: Borders): number {
  return a.start - b.start || a.end - b.end || a.seq - b.seq;
}

/** Where an element is, or belongs, among those of its key. */
export function placeOf(elements: readonly Element[], element: Borders): number {
  // The first one is the next to go, and most that come are behind all others.
  const { length } = elements;
  if (length === 0 || elements[0] === element) return 0;
  if (compareElements(elements[length - 1], element) < 0) return length;
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareElements(elements[middle], element) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place of the first of a key's elements that begins at `startUs` or later. */
export function firstFrom(elements: readonly Element[], startUs: number): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (elements[middle].start < startUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether there is an element, and begins and ends as another one. */
export function isSame(element: Element | undefined, other: Element): boolean {
  return element !== undefined && compareElements(element, other) === 0;
}
