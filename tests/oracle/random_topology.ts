import { z } from "zod";
import {
  avg,
  clickhouse,
  count,
  debezium,
  Decimal,
  int8,
  max,
  min,
  numeric,
  type Source,
  sum,
  type Topology,
  topology,
  type TopologyBuilder,
  TopologyError,
} from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import type { Choices } from "./random.ts";

/** The row of every random table. */
export interface Plain {
  readonly [column: string]: unknown;
  readonly id: number;
  readonly fk1: number | null;
  readonly fk2: number | null;
  readonly num: number;
  readonly dec: Decimal;
  readonly tag: string;
}

function plainSource(name: string): Source<{ id: number | bigint }, Plain> {
  return debezium(`random.public.${name}`, {
    key: ["id"],
    row: z.object({
      id: int8(),
      fk1: int8().nullable(),
      fk2: int8().nullable(),
      num: z.int(),
      dec: numeric(10, 2),
      tag: z.string(),
    }),
  }) as unknown as Source<{ id: number | bigint }, Plain>;
}

/** Sources of all random topologies; `c` has another number of partitions than `a` and `b`. */
export const SOURCES = ["a", "b", "c", "g", "h"].map(plainSource);
/** Partitions of the sources by name. */
export const PARTITIONS = { a: 3, b: 3, c: 2, g: 2, h: 1 };

/** What a random table is keyed by; tables can be joined on their key if this is equal. */
type Shape = "id" | "n" | "n,tag";

// The types of a random topology are not known to the compiler; every row has the columns of Plain.
// deno-lint-ignore no-explicit-any
type Untyped = any;

interface Table {
  readonly shape: Shape;
  readonly global: boolean;
  /** The handle, a KTable or GlobalKTable. */
  readonly handle: Untyped;
  /** Source it begins with, for the partitioning of its keys. */
  readonly root: string;
}

const AGGREGATES = {
  rows: count<Plain>(),
  num_sum: sum((row: Plain) => row.num),
  dec_sum: sum((row: Plain) => row.dec),
  dec_avg: avg((row: Plain) => row.dec, 4),
  num_min: min((row: Plain) => row.num),
  tag_max: max((row: Plain) => row.tag),
};

const TOTALS = {
  rows: "UInt64",
  num_sum: "Int64",
  dec_sum: "Decimal(18, 2)",
  dec_avg: "Decimal(18, 4)",
  num_min: "Int64",
  tag_max: "String",
};

const PLAIN = { num: "Int64", dec: "Decimal(18, 2)", tag: "String", fk1: "Nullable(Int64)", fk2: "Nullable(Int64)" };
const KEYS = {
  "id": { id: "Int64" },
  "n": { n: "Int64" },
  "n,tag": { n: "Int64", tag: "String" },
};

/**
 * Builds a topology of 3 to 9 random operators over the sources, and writes several of its tables. Now and then an outer join comes out
 * that cannot be: then it is another one.
 */
export function randomTopology(choices: Choices): Topology {
  for (;;) {
    const random = topology("random", (builder) => {
      const builds = new Builds(builder, choices);
      const steps = 3 + choices.int(7);
      for (let step = 0; step < steps; step++) builds.grow();
      builds.finish();
    });
    try {
      compile(random, (topic) => PARTITIONS[topic.split(".")[2] as keyof typeof PARTITIONS]);
      return random;
    } catch (error) {
      if (!(error instanceof TopologyError) || !error.message.includes("as outer join")) throw error;
    }
  }
}

class Builds {
  readonly #choices: Choices;
  readonly #tables: Table[] = [];
  #names = 0;
  #sinks = 0;

  constructor(builder: TopologyBuilder, choices: Choices) {
    this.#choices = choices;
    for (const source of SOURCES.slice(0, 3)) {
      this.#tables.push({ shape: "id", global: false, handle: builder.table(source), root: source.spec.name });
    }
    for (const source of SOURCES.slice(3)) {
      this.#tables.push({ shape: "id", global: true, handle: builder.globalTable(source), root: source.spec.name });
    }
  }

  /** One operator more. */
  grow(): void {
    const { int } = this.#choices;
    const grown = [
      () => this.#filter(),
      () => this.#foreignKeyJoin(),
      () => this.#foreignKeyJoin(),
      () => this.#foreignKeyJoin(),
      () => this.#keyJoin(),
      () => this.#keyJoin(),
      () => this.#aggregate(),
    ][int(7)]();
    if (grown !== null) this.#tables.push(grown);
  }

  /** Writes the last partitioned tables, and some totals directly. */
  finish(): void {
    const partitioned = this.#tables.filter((table) => !table.global);
    for (const { shape, handle } of partitioned.slice(-3)) {
      const key = KEYS[shape];
      const columns = { ...key, ...PLAIN };
      handle.to(clickhouse(`rows_${this.#sinks++}`, { key: Object.keys(key) as never, columns }));
    }
    if (this.#choices.chance(0.6)) {
      const { shape, group } = this.#group();
      const columns = { ...KEYS[shape], ...TOTALS };
      const sink = clickhouse(`totals_${this.#sinks++}`, { key: Object.keys(KEYS[shape]) as never, columns });
      this.#choices.of(partitioned).handle.groupBy(group).aggregate(this.#name(), AGGREGATES).to(sink);
    }
  }

  #name(): string {
    return `op${this.#names++}`;
  }

  /** Later tables are likelier, so that operators stand on each other. */
  #pick(wanted: (table: Table) => boolean): Table | null {
    const candidates = this.#tables.filter(wanted);
    if (candidates.length === 0) return null;
    const late = candidates.slice(-3);
    return this.#choices.of(this.#choices.chance(0.5) ? late : candidates);
  }

  #filter(): Table | null {
    const table = this.#pick(() => true)!;
    const rest = this.#choices.int(3);
    const numberOf = this.#choices.of([
      (row: Plain) => row.num,
      (_row: Plain, key: Untyped) => typeof key === "object" ? key.n + key.tag.length : key,
    ]);
    return {
      ...table,
      handle: table.handle.filter((row: Plain, key: unknown) => Math.abs(numberOf(row, key)) % 3 !== rest),
    };
  }

  #foreignKeyJoin(): Table | null {
    const global = this.#choices.chance(0.2);
    const left = this.#pick((table) => table.global === global);
    const right = this.#pick((table) => table.global || !global);
    if (left === null || right === null) return null;
    const column = this.#choices.of(["fk1", "fk2"] as const);
    const foreignKey = right.shape === "n,tag"
      ? (row: Plain) => row[column] === null ? null : { tag: row.tag, n: row[column] }
      : (row: Plain) => row[column];
    const kind = this.#choices.of(["join", "leftJoin"]);
    const name = this.#name();
    const joined = left.handle[kind](name, right.handle, foreignKey);
    return { ...left, handle: joined.mapValues((row: Untyped) => blended(row, row[name])) };
  }

  #keyJoin(): Table | null {
    const left = this.#pick((table) => !table.global);
    const right = this.#pick((table) => !table.global && table.shape === left?.shape);
    if (left === null || right === null) return null;
    const name = this.#name();
    const sameCount = left.shape !== "id" || (left.root === "c") === (right.root === "c");
    const kind = this.#choices.of(sameCount ? ["join", "leftJoin", "outerJoin"] : ["join", "leftJoin"]);
    if (kind !== "outerJoin") {
      const joined = left.handle[kind](name, right.handle);
      return { ...left, handle: joined.mapValues((row: Untyped) => blended(row, row[name])) };
    }
    const joined = left.handle.outerJoin({ left: `${name}_left`, right: name }, right.handle);
    return {
      ...left,
      handle: joined.mapValues((row: Untyped) =>
        row[`${name}_left`] === null ? row[name] : blended(row[`${name}_left`], row[name])
      ),
    };
  }

  #group(): { shape: "n" | "n,tag"; group: (row: Plain) => Readonly<Record<string, unknown>> | null } {
    const column = this.#choices.of(["num", "fk1", "fk2"] as const);
    const numberOf = (row: Plain) => row[column] === null ? null : Math.abs(row[column]) % 7;
    return this.#choices.of([
      { shape: "n" as const, group: (row: Plain) => numberOf(row) === null ? null : { n: numberOf(row) } },
      {
        shape: "n,tag" as const,
        group: (row: Plain) => numberOf(row) === null ? null : { tag: row.tag, n: numberOf(row) },
      },
    ]);
  }

  #aggregate(): Table | null {
    const input = this.#pick((table) => !table.global);
    if (input === null) return null;
    const { shape, group } = this.#group();
    const totals = input.handle.groupBy(group).aggregate(this.#name(), AGGREGATES);
    const handle = totals.mapValues((row: Untyped) => ({
      n: row.n,
      tag: shape === "n,tag" ? row.tag : row.tag_max,
      num: row.num_sum % 1_000,
      dec: row.dec_sum,
      fk1: row.rows,
      fk2: row.num_min === null ? null : row.n,
    }));
    return { shape, global: false, handle, root: `aggregate ${shape}` };
  }
}

/** A plain row out of a row and its partner, in which everything of both can be seen. */
function blended(row: Untyped, partner: Plain | null): Untyped {
  if (partner === null) return { ...row, num: row.num + 1, dec: row.dec.negate() };
  return {
    ...row,
    fk1: partner.fk2,
    fk2: row.fk1,
    num: (row.num + partner.num * 2) % 1_000,
    dec: partner.dec,
  };
}
