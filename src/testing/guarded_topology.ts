import type { Topology } from "../dsl/topology.ts";

/** Callbacks of operators and aggregates: which of their arguments are rows, events or keys, from the first one on. */
const GIVEN: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(
    ["predicate", "predicates", "mapper", "action", "selector", "groupBy", "groupBys", "foreignKey", "time", "headers"]
      .map((name) => [name, [0, 1]]),
  ),
  ...{ value: [0], by: [0], process: [0] },
  // The first one is a state, which is the callback's own.
  ...{ add: [1], subtract: [1] },
};

/** What is no operator's: others know it by its identity. */
const KEPT: ReadonlySet<string> = new Set(["source", "sink", "stores", "samples"]);

/**
 * The same topology, whose callbacks throw when they change what they are given. They get copies, which are compared
 * with the rows and events afterwards, so nobody else sees the change. To freeze what they get would be simpler, but
 * joins add their columns to rows that are nobody else's.
 */
export function guardedTopology({ name, nodes, streams }: Topology): Topology {
  return { name, nodes: guardedIn(nodes, ""), streams: guardedIn(streams, "") };
}

function guardedIn<T>(part: T, name: string): T;
function guardedIn(part: unknown, name: string): unknown {
  if (typeof part === "function") return name in GIVEN ? guarded(part as Callback, GIVEN[name]) : part;
  if (Array.isArray(part)) return part.map((one) => guardedIn(one, name));
  if (!isPlain(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([field, value]) => [field, KEPT.has(field) ? value : guardedIn(value, field)]),
  );
}

type Callback = (...given: unknown[]) => unknown;

function guarded(callback: Callback, places: readonly number[]): Callback {
  return (...given) => {
    const seen = given.map((value, place) => places.includes(place) ? copyOf(value) : value);
    const returned = callback(...seen);
    // What is made on the way is made now, as it would be a moment later.
    const result = isGenerator(returned) ? [...returned] : returned;
    for (const place of places) {
      const change = changeOf({ before: given[place], after: seen[place] }, "");
      if (change !== null) {
        throw new TypeError(
          `Cannot change what a callback is given, as others are given it, too: ${change}. Return a new object, such ` +
            "as { ...row, total: 1 }",
        );
      }
    }
    const same = seen.indexOf(result);
    return same < 0 ? result : given[same];
  };
}

function isGenerator(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && "next" in value && Symbol.iterator in value;
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyOf(part)])) : value;
}

/** What is different, in words; null if nothing is. */
function changeOf(
  { before, after }: { readonly before: unknown; readonly after: unknown },
  path: string,
): string | null {
  if (!isPlain(before) && !Array.isArray(before)) {
    return Object.is(before, after) ? null : `${path} was ${shown(before)}, and is ${shown(after)} now`;
  }
  if (typeof after !== "object" || after === null) return `${path} was an object, and is ${shown(after)} now`;
  const [was, is] = [before, after] as Readonly<Record<string, unknown>>[];
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const change = changeOf({ before: was[name], after: is[name] }, path === "" ? name : `${path}.${name}`);
    if (change !== null) return change;
  }
  return null;
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
