import { LIBRARY } from "../record/library.ts";

/** Under one name in all copies of Weir, so that each knows what another has declared. */
const DECLARED_BY = Symbol.for("weir.declaredBy");
const DECLARED_HERE = new WeakSet<object>();

/** Marks a topology as one that this copy of Weir has declared. */
export function declaredHere<T extends object>(topology: T): T {
  DECLARED_HERE.add(topology);
  return Object.defineProperty(topology, DECLARED_BY, { value: LIBRARY.version });
}

/**
 * Why a topology cannot run here, if another copy of Weir has declared it, be it of the same version: operators and
 * values are of that copy's classes, and may mean something else. Null if this copy has, or none that says so.
 */
export function declaredElsewhere(topology: object): string | null {
  const version = (topology as { readonly [DECLARED_BY]?: string })[DECLARED_BY];
  if (version === undefined || DECLARED_HERE.has(topology)) return null;
  const other = version === LIBRARY.version ? "another copy of it" : `version ${version}`;
  return `It is declared with ${other}, and runs with Weir ${LIBRARY.version}. ` +
    `Let deno.json name ${LIBRARY.name} once, for the topologies, the tests and the tasks: deno install`;
}
