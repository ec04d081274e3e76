import { createHash } from "node:crypto";
import type { z } from "zod";
import type { SourceSpec } from "../../dsl/source.ts";
import { columnTypeOf } from "../../formats/column_type.ts";
import type { PhysicalPlan, TaskTable } from "../../plan/physical.ts";

/** Names a program: Weir itself, and whatever else the computation depends on besides the plan. */
export interface Revision {
  readonly weir: string;
  readonly topologies: string;
}

/**
 * Names what a plan computes: two plans with one name compute the same rows, as far as it can be told. Callbacks count
 * by their text, columns by their declared types; what a callback takes from outside of its text cannot be seen here,
 * so `revision` stands for everything else that the computation depends on.
 */
export function planPrint(plan: PhysicalPlan, revision: Revision): string {
  const print = new Print();
  print.add(revision);
  print.add(plan);
  return print.end();
}

/**
 * Names how the rows of a table are read from its topics, whatever is computed of them. Null if that cannot be told: a
 * column has a rule of its own (`refine`), which may use what nobody sees here.
 */
export function rowsPrint(
  { members, keyColumns }: TaskTable,
  { weir, partitions }: { readonly weir: string; readonly partitions: number },
): string | null {
  const print = new Print();
  print.add([weir, partitions]);
  print.add(
    members.map((member) =>
      member.kind === "source" ? unmasked(member.source) : member.kind === "folded" ? member.node : member.name
    ),
  );
  print.add(keyColumns);
  return print.functions === 0 ? print.end() : null;
}

/** What people are shown changes nothing of what is read. */
function unmasked({ mask: _, ...source }: SourceSpec): Omit<SourceSpec, "mask"> {
  return source;
}

class Print {
  /** How many functions were added. */
  functions = 0;
  readonly #hash = createHash("sha256");
  /** Objects on the way, by their number, so that what refers to itself comes to an end. */
  readonly #seen = new Map<object, number>();

  add(value: unknown): void {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
      const text = typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
      return void this.#hash.update(`${typeof value} ${text};`);
    }
    const known = this.#seen.get(value);
    if (known !== undefined) return void this.#hash.update(`again ${known};`);
    this.#seen.set(value, this.#seen.size);
    if (typeof value === "function") {
      this.functions++;
      return void this.#hash.update(`function ${value.toString()};`);
    }
    if (value instanceof RegExp || value instanceof Date) return void this.#hash.update(`${String(value)};`);
    if ("_zod" in value) return this.#addSchema(value as z.core.$ZodType);
    this.#hash.update(Array.isArray(value) ? "[" : "{");
    const members = value instanceof Map || value instanceof Set ? [...value].entries() : Object.entries(value);
    for (const [name, member] of members) {
      this.#hash.update(`${name}:`);
      // zod's own of a length, which says of which values it is one.
      if (name === "when" && typeof member === "function") this.#hash.update(`${member};`);
      else this.add(member);
    }
    this.#hash.update("}");
  }

  /** The function of a column type is one text for all of them. */
  #addSchema(schema: z.core.$ZodType): void {
    const type = columnTypeOf(schema);
    if (type === null) return this.add({ ...schema._zod.def });
    this.add(Object.entries(type).filter(([, value]) => typeof value !== "function"));
  }

  end(): string {
    return this.#hash.digest("hex");
  }
}
