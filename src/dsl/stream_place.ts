import type { Graph } from "./graph.ts";

/** The operators of stream number `node`; its name is what all of its operators begin with. */
export interface StreamPlace {
  readonly graph: Graph;
  readonly node: number;
  readonly root: string;
}

/** Kept beside the streams and not in them: topology files see operators only. */
const places = new WeakMap<object, StreamPlace>();

/** Gives a new stream its place. */
export function placed(stream: object, place: StreamPlace): void {
  places.set(stream, place);
}

/** Where a stream stands. */
export function inside(stream: object): StreamPlace {
  return places.get(stream)!;
}

/** Whether it is a stream, and not a table. */
export function isStream(handle: object): boolean {
  return places.has(handle);
}
