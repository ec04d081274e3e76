import { deletingElements, elementsOf, type TableStorage, withoutQuoted } from "../../record/table_storage.ts";
import type { Connection } from "./connection.ts";
import { literal, literalArray, quoted } from "../../record/clickhouse_names.ts";
import { projectionClause, projectionSettings, settingClauses } from "./storage_sql.ts";
import type { ActualTable } from "./actual_table.ts";

/** A declared storage as ClickHouse spells it, and what it has for those settings that a table does not name. */
export interface SpelledStorage {
  /** Empty: one partition. */
  readonly partitionBy: string;
  /** Empty: none. */
  readonly ttl: string;
  readonly projections: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, { readonly value: string; readonly fixed: boolean }>>;
}

const NOTHING_SPELLED: SpelledStorage = { partitionBy: "", ttl: "", projections: {}, settings: {} };

/** Asks for the spelling: of an expression that ClickHouse cannot read this throws. @throws ProductionError */
export async function spelledStorage(
  connection: Connection,
  { name, storage }: { readonly name: string; readonly storage: TableStorage },
): Promise<SpelledStorage> {
  // Most tables declare nothing, and each start would ask for each of them.
  if (Object.values(storage).every((declared) => declared === undefined)) return NOTHING_SPELLED;
  const { partitionBy, ttl, projections = {}, settings = {} } = storage;
  const format = (sql: string) => `formatQuerySingleLine(${literal(sql)})`;
  const texts = [
    partitionBy === undefined ? "''" : format(`SELECT ${partitionBy}`),
    ttl === undefined ? "''" : format(`${TTL_OF} TTL ${ttl}`),
    ...Object.values(projections).map(format),
  ];
  const [row] = await connection.select(`read the storage of "${name}"`, `SELECT [${texts.join(", ")}] AS texts`);
  const [partition, times, ...selects] = row.texts as string[];
  const names = Object.keys(settings);
  const known = names.length === 0 ? [] : await connection.select(
    `read the settings of "${name}"`,
    `SELECT name, value, readonly FROM system.merge_tree_settings WHERE name IN ${literalArray(names)}`,
  );
  return {
    partitionBy: partition.replace(/^SELECT /, ""),
    ttl: times.replace(/^.*? TTL /, ""),
    projections: Object.fromEntries(Object.keys(projections).map((projection, index) => [projection, selects[index]])),
    settings: Object.fromEntries(known.map((setting) => [
      String(setting.name),
      { value: String(setting.value), fixed: Number(setting.readonly) === 1 },
    ])),
  };
}

const TTL_OF = "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY tuple()";

/** A table's storage as it is to be. */
export interface WantedStorage {
  /** Database and table, as messages name them. */
  readonly name: string;
  readonly storage: TableStorage;
  readonly spelled: SpelledStorage;
  /** What a person does about what no ALTER changes. */
  readonly rename: string;
  /** Advice to run ALTER TABLE with a clause. */
  readonly alter: (clause: string) => string;
}

/**
 * What differs, each with the statement that repairs it. Nothing of it is done here: it takes the disk's time, or
 * deletes rows. What is not declared is left as somebody has made it, but for partitions and for a TTL.
 */
export function compareStorage(wanted: WantedStorage, actual: ActualTable): string[] {
  const problems: string[] = [];
  const { name, storage, spelled, rename, alter } = wanted;
  const differs = (expected: string, { is, repair }: { readonly is: string; readonly repair: string }) =>
    problems.push(`Cannot use "${name}" as ${expected}: current value is ${is}. ${repair}`);
  const partition = (key: string) => key === "" ? "one partition" : `PARTITION BY ${key}`;
  if (plain(actual.partitionKey) !== plain(spelled.partitionBy)) {
    differs(partition(spelled.partitionBy), { is: partition(actual.partitionKey), repair: rename });
  }
  const ttl = / TTL (.*?)( SETTINGS |$)/.exec(actual.engine)?.[1] ?? "";
  if (plain(ttl) !== plain(spelled.ttl)) {
    const text = (times: string) => times === "" ? "kept for ever" : `TTL ${times}`;
    // Not done by itself: it may delete rows.
    const clause = storage.ttl === undefined ? "REMOVE TTL" : `MODIFY TTL ${storage.ttl}`;
    if (storage.ttl !== undefined || deletingElements(ttl).length > 0) {
      differs(text(spelled.ttl), { is: text(ttl), repair: `Change it with: ${alter(clause)}` });
    }
  }
  for (const column of columnsWithTtl(actual)) {
    const repair = `Change it with: ${alter(`MODIFY COLUMN ${quoted(column)} REMOVE TTL`)}`;
    differs(`values of "${column}" that stay`, { is: "a TTL of the column", repair });
  }
  for (const [column, codecs] of Object.entries(storage.codecs ?? {})) {
    const existing = actual.columns.get(column);
    if (existing === undefined || sameCodecs(existing.codec, codecs)) continue;
    const repair = `Change it with: ${alter(`MODIFY COLUMN ${quoted(column)} CODEC(${codecs})`)}`;
    differs(`column "${column}" with CODEC(${codecs})`, { is: existing.codec || "the server's codec", repair });
  }
  compareProjections(wanted, { actual, differs });
  compareSettings(wanted, { actual, differs });
  return problems;
}

interface Told {
  readonly actual: ActualTable;
  readonly differs: (expected: string, told: { readonly is: string; readonly repair: string }) => void;
}

function compareProjections({ storage, spelled, alter }: WantedStorage, { actual, differs }: Told): void {
  for (const [projection, select] of Object.entries(storage.projections ?? {})) {
    const existing = actual.projections.get(projection);
    if (existing !== undefined && plain(existing) === plain(spelled.projections[projection])) continue;
    const replacing = actual.engine.includes("ReplacingMergeTree");
    const clauses = [
      ...(replacing ? [`MODIFY SETTING ${projectionSettings(storage).join(", ")}`] : []),
      ...(existing === undefined ? [] : [`DROP PROJECTION ${quoted(projection)}`]),
      `ADD ${projectionClause(projection, select)}`,
      `MATERIALIZE PROJECTION ${quoted(projection)}`,
    ];
    const repair = `Change it with: ${clauses.map(alter).join(", then ")}`;
    differs(`projection "${projection}" (${select})`, { is: existing ?? "no such projection", repair });
  }
}

function compareSettings({ name, storage, spelled, rename, alter }: WantedStorage, { actual, differs }: Told): void {
  const named = settingsOf(actual.engine);
  for (const [setting, value] of Object.entries(storage.settings ?? {})) {
    const known = spelled.settings[setting];
    const is = named.get(setting) ?? known?.value;
    const wanted = typeof value === "string" ? value : String(Number(value));
    const clause = settingClauses({ settings: { [setting]: value } })[0];
    if (known === undefined) {
      differs(clause, { is: "no setting of MergeTree of this ClickHouse", repair: `Take it out of "${name}"` });
    } else if (is !== wanted && is !== String(value)) {
      const change = `Change it with: ${alter(`MODIFY SETTING ${clause}`)}`;
      differs(clause, { is: String(is), repair: known.fixed ? rename : change });
    }
  }
}

/** Settings that a table names. */
function settingsOf(engine: string): Map<string, string> {
  const list = / SETTINGS (.*)$/s.exec(engine)?.[1] ?? "";
  return new Map(
    elementsOf(list).filter((element) => element.includes(" = ")).map((element) => {
      const at = element.indexOf(" = ");
      const value = element.slice(at + 3);
      const text = value.startsWith("'") ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
      return [element.slice(0, at), text];
    }),
  );
}

/** Columns whose values ClickHouse lets go by age. */
function columnsWithTtl({ definition, columns }: ActualTable): string[] {
  const end = withoutQuoted(definition).indexOf(") ENGINE = ");
  if (end < 0 || !/ TTL /.test(withoutQuoted(definition).slice(0, end))) return [];
  const list = elementsOf(definition.slice(definition.indexOf("(") + 1, definition.lastIndexOf(") ENGINE = ")));
  return [...columns.keys()].filter((column) =>
    list.some((element) => element.startsWith(`${quoted(column)} `) && / TTL /.test(withoutQuoted(element)))
  );
}

/**
 * ClickHouse writes parameters that nobody gave: levels, and widths that follow from the column's type. A codec that is
 * declared without any is the same as one that has these.
 */
function sameCodecs(existing: string, declared: string): boolean {
  const listOf = (text: string) => elementsOf(text).map((codec) => plain(codec));
  const is = listOf(/^CODEC\((.*)\)$/s.exec(existing)?.[1] ?? "");
  const wanted = listOf(declared);
  return is.length === wanted.length && is.every((codec, index) => {
    if (codec === wanted[index]) return true;
    const added = codec.startsWith(wanted[index]) ? codec.slice(wanted[index].length) : "";
    if (wanted[index] === "ZSTD") return added === "1";
    if (wanted[index] === "LZ4HC") return added === "0";
    return /^(Delta|DoubleDelta|Gorilla|FPC)$/.test(wanted[index]) && /^[\d,]+$/.test(added);
  });
}

/** Without what ClickHouse writes in one way and people in another. */
export function plain(sql: string): string {
  return sql.replaceAll(/[`\s()]/g, "");
}
