import type { StreamNode, TableResultNode } from "./stream_nodes.ts";
import type { SuppressionSpec } from "./suppression.ts";
import { inside, type Place } from "./table_place.ts";
import { type Duration, durationUs } from "./time.ts";

/**
 * What changes of a table wait for: {@link untilTimeLimit}, {@link untilWindowCloses}. `W`: what the table's key must
 * have.
 */
export class Suppressed<in W> {
  /** @ignore Carries a type. */
  declare readonly "~key": (key: W) => void;

  /** @ignore Made by the functions of this module. */
  constructor(readonly spec: SuppressionSpec) {}
}

/** How much may wait, in each partition. Without a bound: all there is. */
export type SuppressBounds<F extends string> =
  | { readonly maxRecords?: undefined; readonly maxBytes?: undefined; readonly whenFull?: undefined }
  | (
    & (
      | { readonly maxRecords: number; readonly maxBytes?: number }
      | { readonly maxRecords?: undefined; readonly maxBytes: number }
    )
    & {
      /**
       * What happens beyond that. `"emit"`: the oldest changes are told early. `"stop"`: the topology stops and says
       * so, as a change that was left out would be missing for ever. Nothing is lost: raise the bound, and start again.
       */
      readonly whenFull: F;
    }
  );

/** What all that waits has in common. */
export interface SuppressOptions {
  /**
   * Tells all that waits in a partition when no change has come into it for so long, by the clock of whoever has it, so
   * that a quiet input does not hold the last changes back. Default: as long as the table's windows may be idle, else
   * changes wait for the times of events alone.
   */
  readonly idle?: Duration;
}

/**
 * Kafka Streams' `Suppressed.untilTimeLimit`: a change is told when stream time is `limit` behind it, and those of the
 * same row that came meanwhile are told with it, as one. `maxRecords`, `maxBytes`: of a partition; bytes are those of
 * rows as JSON. @throws TypeError
 */
export function untilTimeLimit(
  limit: Duration,
  options: SuppressBounds<"emit" | "stop"> & SuppressOptions = {},
): Suppressed<unknown> {
  return new Suppressed({ until: { kind: "limit", limitUs: durationUs(limit) }, ...bounds(options) });
}

/**
 * Kafka Streams' `Suppressed.untilWindowCloses`: each window is told once, when no event can change it any more. For
 * tables of windows that close. Nothing can be told early, so what may wait is bounded by stopping alone.
 * @throws TypeError
 */
export function untilWindowCloses(
  options: SuppressBounds<"stop"> & SuppressOptions = {},
): Suppressed<{ readonly window_start: number }> {
  return new Suppressed({ until: { kind: "close" }, ...bounds(options) });
}

/** @throws TypeError */
function bounds(
  { maxRecords, maxBytes, whenFull = "stop", idle }: SuppressBounds<"emit" | "stop"> & SuppressOptions,
): Omit<SuppressionSpec, "until"> {
  const idleUs = idle === undefined ? {} : { idleUs: durationUs(idle) };
  if (idleUs.idleUs === 0) throw new TypeError("Cannot wait for changes for no time: give idle more than nothing");
  return { recordsMax: most(maxRecords, "rows"), bytesMax: most(maxBytes, "bytes"), whenFull, ...idleUs };
}

/** @throws TypeError */
function most(count: number | undefined, what: string): number | null {
  if (count === undefined) return null;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new TypeError(`Cannot let ${count} ${what} wait: give a whole number of at least 1, or leave it out for any`);
}

/**
 * Adds an operator that lets changes of a table wait; what was told is the table there. What is wrong becomes the
 * topology's problem. @throws TypeError for a table that is no aggregate's
 */
export function suppressing(
  table: object,
  { name, until: { spec } }: { readonly name: string; readonly until: Suppressed<never> },
): Place {
  const { graph, node } = inside(table);
  const folded = graph.nodes[node];
  if (folded.op !== "folded") {
    throw new TypeError(
      `Cannot suppress changes of "${folded.name}": its rows come from a table's topic, where only the newest one of ` +
        "each key counts anyway. Suppress the result of an aggregate over a stream, before filter() and the like",
    );
  }
  graph.claimTable(name);
  const input = graph.streams[folded.stream] as TableResultNode;
  const { sides, window } = input.op === "suppress" ? input.of : input;
  if (spec.until.kind === "close") graph.problems.push(...closeProblems(name, { input, window }));
  const idleUs = spec.idleUs ?? window?.idleUs;
  const stream = graph.addStream({
    op: "suppress",
    name,
    inputs: [input.id],
    of: { sides, window },
    spec: idleUs === undefined ? spec : { ...spec, idleUs },
  });
  return { graph, node: graph.add({ op: "folded", name, stream }), root: name };
}

function closeProblems(
  name: string,
  { input, window }: { readonly input: TableResultNode } & Pick<StreamAggregate, "window">,
): string[] {
  const wait = `Table "${name}" waits until windows of "${input.name}" close, `;
  if (window === null) return [`${wait}which has none. Divide its groups with windowedBy(...), or use untilTimeLimit`];
  if (window.kind === "unlimited") return [`${wait}which they never do. Use untilTimeLimit`];
  const isOnce = input.op === "suppress" ? input.spec.until.kind === "close" : input.emit === "close";
  return isOnce ? [`${wait}and is told no sooner. Take the rows of "${input.name}" as they are`] : [];
}

type StreamAggregate = Extract<StreamNode, { op: "streamAggregate" }>;
