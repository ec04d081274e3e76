import { createHash } from "node:crypto";
import type { z } from "zod";
import { columnTypeOf } from "../../formats/column_type.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";

/**
 * Names what a plan computes: two plans with one name compute the same rows, as far as it can be told. Callbacks count
 * by their text, columns by their declared types; what a callback takes from outside of its text cannot be seen here, so
 * `revision` stands for everything else that the computation depends on.
 */
export function planPrint(plan: PhysicalPlan, revision: string): string {
  const hash = createHash("sha256");
  hash.update(revision);
  addTo(hash, plan, new Map());
  return hash.digest("hex");
}

type Hash = ReturnType<typeof createHash>;

/** `seen`: objects on the way, by their number, so that what refers to itself comes to an end. */
function addTo(hash: Hash, value: unknown, seen: Map<object, number>): void {
  if (typeof value !== "object" && typeof value !== "function" || value === null) {
    return void hash.update(`${typeof value} ${typeof value === "bigint" ? `${value}n` : JSON.stringify(value)};`);
  }
  const known = seen.get(value);
  if (known !== undefined) return void hash.update(`again ${known};`);
  seen.set(value, seen.size);
  if (typeof value === "function") return void hash.update(`function ${value.toString()};`);
  if (value instanceof RegExp || value instanceof Date) return void hash.update(`${String(value)};`);
  if ("_zod" in value) return addSchema(hash, value as z.core.$ZodType, seen);
  hash.update(Array.isArray(value) ? "[" : "{");
  const members = value instanceof Map || value instanceof Set ? [...value].entries() : Object.entries(value);
  for (const [name, member] of members) {
    hash.update(`${name}:`);
    addTo(hash, member, seen);
  }
  hash.update("}");
}

function addSchema(hash: Hash, schema: z.core.$ZodType, seen: Map<object, number>): void {
  const type = columnTypeOf(schema);
  // The function of a column type is one text for all of them.
  addTo(hash, type === null ? { ...schema._zod.def } : { ...type }, seen);
}
