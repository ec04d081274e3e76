import { debezium, jsonTable } from "../../src/mod.ts";
import { z } from "zod";

const ROWS = {
  lines: z.object({ id: z.int(), o: z.int().nullable(), g: z.int(), q: z.int() }),
  orders: z.object({ id: z.int(), st: z.string(), u: z.int().nullable(), t: z.int().nullable() }),
  users: z.object({ id: z.int(), c: z.string() }),
  goods: z.object({ id: z.int(), sl: z.int(), pr: z.int() }),
  makers: z.object({ id: z.int(), n: z.string() }),
};
const key = ["id"] as const;

/** The tables that a connector writes, all of them. */
const DEBEZIUM = {
  lines: debezium("sim.lines", { key, row: ROWS.lines }),
  orders: debezium("sim.orders", { key, row: ROWS.orders }),
  users: debezium("sim.users", { key, row: ROWS.users }),
  goods: debezium("sim.goods", { key, row: ROWS.goods }),
  makers: debezium("sim.makers", { key, row: ROWS.makers }),
};

/** The same with some in plain JSON, under keys of each form. */
const JSON_TABLES = {
  ...DEBEZIUM,
  orders: jsonTable("sim.orders", { key, row: ROWS.orders }),
  users: jsonTable("sim.users", { key, row: ROWS.users, keys: "json" }),
  makers: jsonTable("sim.makers", { key, row: ROWS.makers, keys: "object" }),
};

/** Name of a table. */
export type SourceName = keyof typeof DEBEZIUM;
/** The tables that the simulated world writes. */
export type Sources = typeof DEBEZIUM;

/** Topics of the tables, and the names by them. */
export const TOPICS = Object.fromEntries(
  Object.entries(DEBEZIUM).map(([name, { spec }]) => [name, spec.topic]),
) as Readonly<Record<SourceName, string>>;
export const SOURCE_NAMES = Object.keys(DEBEZIUM) as readonly SourceName[];

/** The declarations. `json`: some topics are of plain JSON. */
export function sourcesOf({ json }: { readonly json: boolean }): Sources {
  return json ? JSON_TABLES : DEBEZIUM;
}

/** Whether the table's topic is of plain JSON. */
function isPlain(name: SourceName, { json }: { readonly json: boolean }): boolean {
  return sourcesOf({ json })[name].spec.format?.plain === true;
}

/** A record as its producer writes it; `after` null: the row's deletion. */
export function sourceRecord(
  name: SourceName,
  { id, after, json, op = "c" }: {
    readonly id: number;
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly json: boolean;
    readonly op?: "c" | "r";
  },
): { readonly key: string; readonly value: string | null } {
  const plain = isPlain(name, { json });
  const bare = plain && sourcesOf({ json })[name].spec.format?.key !== "object";
  const change = plain ? after : { before: null, after, source: { table: name }, op, ts_ms: 0 };
  return { key: bare ? String(id) : `{"id":${id}}`, value: after === null ? null : JSON.stringify(change) };
}

/** The key of a record, of any form. */
export function idOf(key: string): number {
  const parsed = JSON.parse(key);
  return typeof parsed === "number" ? parsed : parsed.id;
}

/** The row in a record's value, of any form. */
export function rowOf(value: string): Record<string, unknown> {
  const parsed = JSON.parse(value);
  return parsed.after ?? parsed;
}
