import type { TableStorage } from "../../record/table_storage.ts";
import { literal, quoted } from "../../record/clickhouse_names.ts";

/**
 * Parts that are merged have projections made anew, as rows are replaced. A person may still delete rows by hand:
 * DELETE FROM refuses tables with projections otherwise. Not 'rebuild' there, after which they still have them (26.7).
 */
const PROJECTION_SETTINGS = {
  deduplicate_merge_projection_mode: "rebuild",
  lightweight_mutation_projection_mode: "drop",
};

/** ` CODEC(...)` behind the type of a column; empty if none is declared. */
export function codecClause(storage: TableStorage | undefined, column: string): string {
  const codecs = storage?.codecs?.[column];
  return codecs === undefined ? "" : ` CODEC(${codecs})`;
}

/** As CREATE TABLE lists them among the columns. */
export function projectionClauses(storage: TableStorage | undefined): string[] {
  return Object.entries(storage?.projections ?? {}).map(([name, select]) => projectionClause(name, select));
}

export function projectionClause(name: string, select: string): string {
  return `PROJECTION ${quoted(name)} (${select})`;
}

/** `name = value` of what a table with rows that are replaced needs for its projections. */
export function projectionSettings(storage: TableStorage | undefined): string[] {
  return Object.keys(storage?.projections ?? {}).length === 0 ? [] : settingClauses({ settings: PROJECTION_SETTINGS });
}

/** `name = value` of the declared settings. */
export function settingClauses(storage: TableStorage | undefined): string[] {
  return Object.entries(storage?.settings ?? {}).map(([name, value]) => {
    const text = typeof value === "string" ? literal(value) : String(Number(value));
    return `${name} = ${text}`;
  });
}
