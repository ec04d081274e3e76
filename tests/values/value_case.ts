import { z } from "zod";
import { clickhouse, count, debezium, int8, max, min, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriverOptions } from "../../src/testing/mod.ts";
import type { Choices } from "../oracle/random.ts";
import { KINDS } from "./columns.ts";
import type { DebeziumMode } from "./debezium_mode.ts";
import { type Change, columnsOf, line, type Shown, type ValueCase } from "./life.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { Tables } from "./tables.ts";

const IDS = 12;

/** A case that the choices decide. */
export function randomCase(choices: Choices): ValueCase {
  const { of, int, chance } = choices;
  const mode: DebeziumMode = {
    decimals: of(["string", "precise", "double"] as const),
    times: of(["adaptive", "microseconds", "connect", "isostring"] as const),
    schemas: chance(0.5),
  };
  const exact = KINDS.filter(({ wire }) => mode.times !== "connect" || !("precision" in wire) || wire.precision <= 3);
  const key = of(exact);
  const value = of(exact);
  const change = (): Change => {
    const roll = int(10);
    if (roll < 3) return { do: "right", key: key.value(choices), name: chance(0.8) ? of(["n", "m", "ö"]) : null };
    if (roll < 4) return { do: "no left", id: int(IDS) };
    if (roll < 5) return { do: "rest" };
    const [fk, held] = [chance(0.9) ? key.value(choices) : null, chance(0.9) ? value.value(choices) : null];
    return { do: "left", id: int(IDS), key: fk, value: held };
  };
  const changes = [...Array.from({ length: 30 }, change), { do: "rest" } as const];
  return { key, value, mode, partitions: of([1, 2, 5]), changes };
}

/** In words, for a failure. */
export function caseName({ key, value, mode, partitions }: ValueCase): string {
  const { decimals, times, schemas } = mode;
  return `key ${key.sql}, value ${value.sql}, decimals ${decimals}, times ${times}, ` +
    `${schemas ? "with" : "without"} schemas, ${partitions} partitions`;
}

/** What PostgreSQL answers, what ClickHouse shows, and the dead letters. */
export interface Found {
  readonly expected: Shown;
  readonly shown: Shown;
  readonly letters: readonly string[];
}

/** Lives the case; `compare` is given at every rest what PostgreSQL answers and what ClickHouse shows. */
export async function live(
  life: ValueCase,
  { server, warehouse, compare }: {
    readonly server: PostgresServer;
    readonly warehouse: TopologyTestDriverOptions["warehouse"];
    readonly compare: (found: Found) => void;
  },
): Promise<void> {
  const tables = new Tables(life, server);
  await tables.create();
  const { made, sinks, ...sources } = topologyOf(life);
  const { partitions } = life;
  await using driver = createTopologyTestDriver(made, { partitions, warehouse });
  for (const change of life.changes) {
    if (change.do !== "rest") {
      const { source, records } = await tables.apply(change);
      for (const record of records) driver.raw(sources[source], record);
      continue;
    }
    await driver.settle();
    const shown = Object.fromEntries(
      Object.entries(sinks).map(([name, { sink, columns }]) => [
        name,
        driver.select(sink as never).map((row) => line(columns, row)).sort(),
      ]),
    );
    const answers = await tables.answers();
    const expected = Object.fromEntries(Object.entries(answers).filter(([name]) => name in sinks));
    const letters = driver.deadLetters().map((letter) => JSON.stringify(letter));
    compare({ expected, shown, letters });
  }
}

function topologyOf(life: ValueCase) {
  const { key, value, mode } = life;
  const columns = columnsOf(life);
  const nullable = (type: string) =>
    type.startsWith("LowCardinality") ? `LowCardinality(Nullable(String))` : `Nullable(${type})`;
  const rights = debezium("shop.public.rights", {
    key: ["code"],
    row: z.object({ code: key.declared(mode), name: z.string().nullable() }),
    format: life.mode,
  });
  const lefts = debezium("shop.public.lefts", {
    key: ["id"],
    row: z.object({ id: int8(), code: key.declared(mode).nullable(), value: value.declared(mode).nullable() }),
    format: life.mode,
  });
  const joined = clickhouse("joined", {
    key: ["id"],
    columns: { id: "Int64", value: nullable(value.clickhouse), name: "Nullable(String)" },
  });
  const mirror = clickhouse("rights", { key: ["code"], columns: { code: key.clickhouse, name: "Nullable(String)" } });
  const groups = clickhouse("groups", {
    key: ["code"],
    columns: {
      code: key.clickhouse,
      rows: "UInt64",
      ...(value.total === null ? {} : { total: value.total }),
      ...(value.ordered ? { least: nullable(value.clickhouse), greatest: nullable(value.clickhouse) } : {}),
    },
  });
  // deno-lint-ignore no-explicit-any -- the types of key and value are only known when the test runs
  const made = topology("values", (builder: any) => {
    const right = isPlaced(life) ? builder.table(rights) : builder.globalTable(rights);
    const left = builder.table(lefts);
    if (isMirrored(life)) builder.table(rights).to(mirror);
    // deno-lint-ignore no-explicit-any -- see above
    left.leftJoin("right", right, (row: any) => row.code)
      // deno-lint-ignore no-explicit-any -- see above
      .mapValues((row: any) => ({ id: row.id, value: row.value, name: row.right?.name ?? null })).to(joined);
    // deno-lint-ignore no-explicit-any -- see above
    left.groupBy((row: any) => row.code === null ? null : { code: row.code }).aggregate("by-code", {
      rows: count(),
      // deno-lint-ignore no-explicit-any -- see above
      ...(value.total === null ? {} : { total: sum((row: any) => row.value) }),
      // deno-lint-ignore no-explicit-any -- see above
      ...(value.ordered ? { least: min((row: any) => row.value), greatest: max((row: any) => row.value) } : {}),
    }).to(groups);
  });
  return {
    made,
    rights,
    lefts,
    sinks: {
      joined: { sink: joined, columns: columns.joined },
      ...(isMirrored(life) ? { rights: { sink: mirror, columns: columns.rights } } : {}),
      groups: { sink: groups, columns: columns.groups },
    },
  };
}

/**
 * Whether other tasks can compute in which partition a key lies. If not, such a join in several partitions is refused
 * at the start, or its records are set aside with the advice to use a global table, as is done here then.
 */
function isPlaced({ key: { wire }, mode, partitions }: ValueCase): boolean {
  if (partitions === 1) return true;
  if (mode.schemas) return false;
  if (wire.is === "numeric") return wire.scale !== null && mode.decimals !== "double";
  if (wire.is === "time" || wire.is === "timestamp") return mode.times !== "isostring";
  return wire.is !== "float8";
}

/** Whether the table may be written from so many partitions: not if 1.5 and 1.50 are one key in two of them. */
function isMirrored({ key: { wire }, partitions }: ValueCase): boolean {
  return partitions === 1 || (wire.is !== "float8" && (wire.is !== "numeric" || wire.scale !== null));
}
