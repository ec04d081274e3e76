import type { AnyKey, AnyRow } from "./logical.ts";
import { storeSpecs } from "./processor_stores.ts";
import type { ProcessOptions } from "./processors.ts";
import { inside, type StreamPlace } from "./stream_place.ts";

/** Adds a processor behind a stream. */
export function processed(
  stream: object,
  { name, options }: {
    readonly name: string;
    readonly options: ProcessOptions<AnyKey, AnyRow, AnyRow, AnyRow, unknown>;
  },
): StreamPlace {
  const { graph, node } = inside(stream);
  const { on, stores = {}, process, punctuate = null, punctuateWallClock = null } = options;
  graph.claim(name, "Give one of the processors another name");
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    graph.problems.push(
      `Cannot use "${name}" as a processor's name: it names a topic. Use letters, digits, "-" and "_"`,
    );
  }
  const id = graph.addStream({
    op: "process",
    name,
    inputs: [node],
    groupBy: on,
    stores: storeSpecs(stores),
    process,
    punctuate,
    punctuateWallClock,
  });
  return { graph, node: id, root: name };
}
