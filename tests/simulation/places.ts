/** Adds to what there is of a place: 1, or so many. */
export type Adder = (place: string, more?: number) => void;

/** What must be there, and what is. */
export interface Counted {
  readonly want: Adder;
  readonly make: Adder;
}

export function adderTo(places: Map<string, number>): Adder {
  return (place, more = 1) => void places.set(place, (places.get(place) ?? 0) + more);
}
