import { z } from "zod";
import { clickhouse, count, debezium, int8, max, min, sum, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriverOptions } from "../../src/testing/mod.ts";
import type { Choices } from "../oracle/random.ts";
import { type ColumnKind, KINDS } from "./columns.ts";
import { type DebeziumMode, type WireForm, wireForm } from "./debezium_mode.ts";
import type { PostgresServer } from "./postgres_server.ts";

/** One life of two tables: `rights` with a key of some type, and `lefts` that refer to it and hold a value. */
export interface ValueCase {
  readonly key: ColumnKind;
  readonly value: ColumnKind;
  readonly mode: DebeziumMode;
  readonly partitions: number;
  readonly changes: readonly Change[];
}

/** What is done to a table; `rest`: everything is compared. */
type Change =
  | { readonly do: "right"; readonly key: string; readonly name: string | null }
  | { readonly do: "left"; readonly id: number; readonly key: string | null; readonly value: string | null }
  | { readonly do: "no left"; readonly id: number }
  | { readonly do: "rest" };

const IDS = 12;

export function randomCase(choices: Choices): ValueCase {
  const { of, int, chance } = choices;
  const mode: DebeziumMode = {
    decimals: of(["string", "precise", "double"] as const),
    times: of(["adaptive", "microseconds", "connect", "isostring"] as const),
    schemas: chance(0.5),
  };
  const exact = KINDS.filter(({ wire }) => mode.times !== "connect" || !("precision" in wire) || wire.precision <= 3);
  const key = of(exact.filter((kind) => kind.key));
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

/** A sink's rows in a form that can be compared, in order. */
export type Shown = Readonly<Record<string, readonly string[]>>;

/** Lives the case; `compare` is given at every rest what PostgreSQL answers and what ClickHouse shows. */
export async function live(
  life: ValueCase,
  { server, warehouse, compare }: {
    readonly server: PostgresServer;
    readonly warehouse: TopologyTestDriverOptions["warehouse"];
    readonly compare: (expected: Shown, shown: Shown, letters: readonly string[]) => void;
  },
): Promise<void> {
  const tables = new Tables(life, server);
  await tables.create();
  const { made, sinks } = topologyOf(life);
  const { partitions } = life;
  await using driver = createTopologyTestDriver(made, { partitions, warehouse });
  for (const change of life.changes) {
    if (change.do !== "rest") {
      for (const { source, records } of await tables.apply(change)) {
        for (const record of records) driver.raw(source === "rights" ? sinks.rightSource : sinks.leftSource, record);
      }
      continue;
    }
    await driver.settle();
    const shown = Object.fromEntries(
      Object.entries(sinks.sinks).map(([name, { sink, columns }]) => [
        name,
        driver.select(sink as never).map((row) => line(columns, row)).sort(),
      ]),
    );
    compare(await tables.answers(), shown, driver.deadLetters().map((letter) => JSON.stringify(letter)));
  }
}

type Columns = readonly (readonly [name: string, same: (value: unknown) => string])[];

function line(columns: Columns, row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(columns.map(([name, same]) => row[name] === null ? null : same(row[name])));
}

const text = (value: unknown) => String(value);

function columnsOf({ key, value }: ValueCase): Readonly<Record<"joined" | "rights" | "groups", Columns>> {
  return {
    joined: [["id", text], ["value", value.same], ["name", text]],
    rights: [["code", key.same], ["name", text]],
    groups: [
      ["code", key.same],
      ["rows", text],
      ...(value.total === null ? [] : [["total", value.same] as const]),
      ...(value.ordered ? [["least", value.same], ["greatest", value.same]] as const : []),
    ],
  };
}

function topologyOf(life: ValueCase) {
  const { key, value, mode } = life;
  const columns = columnsOf(life);
  const nullable = (type: string) =>
    type.startsWith("LowCardinality") ? `LowCardinality(Nullable(String))` : `Nullable(${type})`;
  const rights = debezium("shop.public.rights", {
    key: ["code"],
    row: z.object({ code: key.declared(mode), name: z.string().nullable() }),
    ...keyFormat(life),
  });
  const lefts = debezium("shop.public.lefts", {
    key: ["id"],
    row: z.object({ id: int8(), code: key.declared(mode).nullable(), value: value.declared(mode).nullable() }),
    ...keyFormat(life),
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
    const right = builder.table(rights);
    const left = builder.table(lefts);
    right.to(mirror);
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
    sinks: {
      rightSource: rights,
      leftSource: lefts,
      sinks: {
        joined: { sink: joined, columns: columns.joined },
        rights: { sink: mirror, columns: columns.rights },
        groups: { sink: groups, columns: columns.groups },
      },
    },
  };
}

function keyFormat({ mode }: ValueCase): Record<string, unknown> {
  return { keyFormat: { decimals: mode.decimals, times: mode.times, schemas: mode.schemas } };
}

interface Records {
  readonly source: "rights" | "lefts";
  readonly records: readonly { readonly key: string; readonly value: string | null }[];
}

interface Column {
  readonly name: string;
  readonly form: WireForm;
}

/** The two tables in PostgreSQL, and the records that Debezium would write of what is done to them. */
class Tables {
  readonly #life: ValueCase;
  readonly #server: PostgresServer;
  readonly #columns: Readonly<Record<"rights" | "lefts", readonly Column[]>>;

  constructor(life: ValueCase, server: PostgresServer) {
    this.#life = life;
    this.#server = server;
    const form = (kind: ColumnKind) => wireForm(kind.wire, life.mode);
    const id = wireForm({ is: "integer", bits: 64 }, life.mode);
    const name = wireForm({ is: "text" }, life.mode);
    this.#columns = {
      rights: [{ name: "code", form: form(life.key) }, { name: "name", form: name }],
      lefts: [{ name: "id", form: id }, { name: "code", form: form(life.key) }, {
        name: "value",
        form: form(life.value),
      }],
    };
  }

  async create(): Promise<void> {
    const { key, value } = this.#life;
    await this.#server.query(`DROP TABLE IF EXISTS rights, lefts; DROP TYPE IF EXISTS mood;
      CREATE TYPE mood AS ENUM ('sad', 'so,so', 'it''s "ok"');
      CREATE TABLE rights (code ${key.sql} PRIMARY KEY, name text);
      CREATE TABLE lefts (id bigint PRIMARY KEY, code ${key.sql}, value ${value.sql})`);
  }

  async apply(change: Exclude<Change, { do: "rest" }>): Promise<Records[]> {
    const { key, value } = this.#life;
    const cast = (text: string | null, kind: ColumnKind) => text === null ? "NULL" : `'${text}'::${kind.sql}`;
    if (change.do === "right") {
      const code = cast(change.key, key);
      const name = change.name === null ? null : `'${change.name}'`;
      return await this.#write("rights", { where: `code = ${code}`, row: name === null ? null : `${code}, ${name}` });
    }
    const row = change.do === "left" ? `${change.id}, ${cast(change.key, key)}, ${cast(change.value, value)}` : null;
    return await this.#write("lefts", { where: `id = ${change.id}`, row });
  }

  /** The row is there with these values afterwards, or (null) is not. */
  async #write(
    source: "rights" | "lefts",
    { where, row }: { readonly where: string; readonly row: string | null },
  ): Promise<Records[]> {
    const names = this.#columns[source].map(({ name }) => name);
    const [before] = await this.#server.query(`SELECT * FROM ${source} WHERE ${where}`);
    if (row === null) {
      if (before === undefined) return [];
      await this.#server.query(`DELETE FROM ${source} WHERE ${where}`);
      const key = this.#keyJson(source, before);
      const value = this.#envelope(source, { op: "d", before, after: null });
      return [{ source, records: [{ key, value }, { key, value: null }] }];
    }
    const sets = names.slice(1).map((name) => `${name} = EXCLUDED.${name}`).join(", ");
    const [after] = await this.#server.query(
      `INSERT INTO ${source} VALUES (${row}) ON CONFLICT (${names[0]}) DO UPDATE SET ${sets} RETURNING *`,
    );
    const value = this.#envelope(source, { op: before === undefined ? "c" : "u", before: before ?? null, after });
    return [{ source, records: [{ key: this.#keyJson(source, after), value }] }];
  }

  #keyJson(source: "rights" | "lefts", row: Readonly<Record<string, string | null>>): string {
    const [{ name, form }] = this.#columns[source];
    const payload = `{${JSON.stringify(name)}:${form.json(row[name]!)}}`;
    if (!this.#life.mode.schemas) return payload;
    const field = { ...ordered(form.schema, false), field: name };
    const schema = {
      type: "struct",
      fields: [field],
      optional: false,
      name: `shop.public.${source}.Key`,
    };
    return `{"schema":${JSON.stringify(schema)},"payload":${payload}}`;
  }

  #envelope(
    source: "rights" | "lefts",
    { op, before, after }: {
      readonly op: string;
      readonly before: Readonly<Record<string, string | null>> | null;
      readonly after: Readonly<Record<string, string | null>> | null;
    },
  ): string {
    const columns = this.#columns[source];
    const rowText = (row: Readonly<Record<string, string | null>> | null) =>
      row === null
        ? "null"
        : `{${
          columns.map(({ name, form }) => `"${name}":${row[name] === null ? "null" : form.json(row[name]!)}`).join(",")
        }}`;
    const payload = `{"before":${rowText(before)},"after":${rowText(after)},"source":{"version":"3.6.3.Final",` +
      `"connector":"postgresql","name":"shop","ts_ms":1718454896123,"snapshot":"false","db":"shop",` +
      `"schema":"public","table":"${source}"},"transaction":null,"op":"${op}","ts_ms":1718454896123}`;
    if (!this.#life.mode.schemas) return payload;
    const fields = columns.map(({ name, form }, index) => ({ ...ordered(form.schema, index > 0), field: name }));
    const row = (field: string) => ({
      type: "struct",
      fields,
      optional: true,
      name: `shop.public.${source}.Value`,
      field,
    });
    const schema = {
      type: "struct",
      fields: [row("before"), row("after"), { type: "string", optional: false, field: "op" }],
      optional: false,
      name: `shop.public.${source}.Envelope`,
    };
    return `{"schema":${JSON.stringify(schema)},"payload":${payload}}`;
  }

  /** What PostgreSQL computes from its tables, in the form of what is shown. */
  async answers(): Promise<Shown> {
    const columns = columnsOf(this.#life);
    const { value } = this.#life;
    const totals = [
      "code",
      "count(*) AS rows",
      ...(value.total === null ? [] : ["coalesce(sum(value), 0) AS total"]),
      ...(value.ordered ? ["min(value) AS least", "max(value) AS greatest"] : []),
    ];
    const ask = async (name: "joined" | "rights" | "groups", sql: string) =>
      [name, (await this.#server.query(sql)).map((row) => line(columns[name], row)).sort()] as const;
    return Object.fromEntries([
      await ask("joined", "SELECT l.id, l.value, r.name FROM lefts l LEFT JOIN rights r ON l.code = r.code"),
      await ask("rights", "SELECT code, name FROM rights"),
      await ask("groups", `SELECT ${totals.join(", ")} FROM lefts WHERE code IS NOT NULL GROUP BY code`),
    ]);
  }
}

/** Members in the order in which JsonConverter writes them. */
function ordered({ type, ...rest }: WireForm["schema"], optional: boolean): Record<string, unknown> {
  const { fields, ...named } = rest;
  return { type, ...(fields === undefined ? {} : { fields }), optional, ...named };
}
