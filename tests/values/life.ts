import type { ColumnKind } from "./columns.ts";
import type { DebeziumMode } from "./debezium_mode.ts";

/** One life of two tables: `rights` with a key of some type, and `lefts` that refer to it and hold a value. */
export interface ValueCase {
  readonly key: ColumnKind;
  readonly value: ColumnKind;
  readonly mode: DebeziumMode;
  readonly partitions: number;
  readonly changes: readonly Change[];
}

/** What is done to a table; `rest`: everything is compared. */
export type Change =
  | { readonly do: "right"; readonly key: string; readonly name: string | null }
  | { readonly do: "left"; readonly id: number; readonly key: string | null; readonly value: string | null }
  | { readonly do: "no left"; readonly id: number }
  | { readonly do: "rest" };

/** A sink's rows in a form that can be compared, in order. */
export type Shown = Readonly<Record<string, readonly string[]>>;

export type Columns = readonly (readonly [name: string, same: (value: unknown) => string])[];

/** One row as text. */
export function line(columns: Columns, row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(columns.map(([name, same]) => row[name] === null ? null : same(row[name])));
}

const text = (value: unknown) => String(value);

/** The columns of each sink, and how their values are compared. */
export function columnsOf({ key, value }: ValueCase): Readonly<Record<"joined" | "rights" | "groups", Columns>> {
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
