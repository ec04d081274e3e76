import type { StoreQuery } from "../../runtime/stores/store_query.ts";

/** Rows of an answer, unless another number is asked for. */
export const LIMIT_DEFAULT = 100;
/** Rows of one answer at most: who wants more goes on behind the last one. */
export const LIMIT_MAX = 10_000;

/** Parameters that are passed on as they are. */
export const KEY_PARAMETERS = ["key", "prefix", "from", "to", "after"] as const;

/** What a request asks of a store. */
export interface StoreQuestion {
  readonly query: StoreQuery;
  /** Only what the asked instance has itself, as instances tell each other. */
  readonly local: boolean;
  /** As instances tell each other. */
  readonly wire: boolean;
}

/** @throws TypeError for parameters that there are not */
export function storeQuestion(parameters: URLSearchParams): StoreQuestion {
  const known: readonly string[] = [...KEY_PARAMETERS, "limit", "local", "wire"];
  for (const name of parameters.keys()) {
    if (known.includes(name)) continue;
    throw new TypeError(`Cannot use "${name}" as a parameter: there are ${known.slice(0, -2).join(", ")}`);
  }
  const given = KEY_PARAMETERS.flatMap((name) => {
    const value = parameters.get(name);
    return value === null ? [] : [[name, value]];
  });
  const limit = parameters.get("limit");
  return {
    query: { ...Object.fromEntries(given), limit: limit === null ? LIMIT_DEFAULT : limitOf(limit) },
    local: parameters.get("local") === "true",
    wire: parameters.get("wire") === "true",
  };
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new TypeError(`Cannot use limit as a number of rows from 1 to ${LIMIT_MAX}: current value is "${text}"`);
}

/** Where a store, or the list of them, is asked for. */
export function storePath(topology: string, store?: string): string {
  return ["/store", topology, ...store === undefined ? [] : [store]].map((part, index) =>
    index === 0 ? part : encodeURIComponent(part)
  ).join("/");
}
