import type { TableSpec, ViewColumn } from "../../ports/warehouse.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";
import { literal, quoted } from "../../record/clickhouse_names.ts";
import { type FittedTotal, fittedTotal, type TotalExpression } from "./total_fits.ts";

/** Type in which sums with digits beyond their scale are divided. */
const WIDEST = "Decimal(76, 38)";
/** Sums below this are divided in it without an overflow; beyond, an average with a rest is set aside. */
const NEAR = "toDecimal256('5e38', 0)";

/**
 * The totals of a table of shares, one row for each group that is not set aside. `source`: where the shares come from,
 * ready to follow FROM.
 *
 * The shares are added up under names of their own, as a total's name beside `sum(...)` of that name would be taken for
 * the sum. A condition on key columns goes down to the rows; columns that nobody asks for are read all the same, since
 * one total that does not fit sets its group aside.
 */
export function totalsSelect(table: TableSpec, source: string): string {
  const query = queryOf(table);
  const columns = query.totals.map(({ name, value }) => `${value} AS ${quoted(name)}`);
  const conditions = [`${query.refused} = 0`, ...fitting(query)];
  return `SELECT ${[...query.key, ...columns].join(", ")} FROM (${query.added(source)}) ` +
    `WHERE ${conditions.join(" AND ")}`;
}

/**
 * The groups that {@link totalsSelect} leaves out, at most `limit`: `key`, `column`, `total`, and the `count` of all.
 */
export function setAsideSelect(table: TableSpec, { source, limit }: { source: string; limit: number }): string {
  const query = queryOf(table);
  const cases = query.totals.filter(({ fits }) => fits !== "true");
  const column = cases.map(({ fits, name }) => `NOT ${fits}, ${literal(name)}, `).join("");
  const total = cases.map(({ fits, sum }) => `NOT ${fits}, toString(${sum}), `).join("");
  const refused = `${query.refused} != 0`;
  const key = query.name("key");
  return `SELECT ${key} AS key, multiIf(${refused}, NULL, ${column}NULL) AS column, ` +
    `multiIf(${refused}, NULL, ${total}NULL) AS total, toUInt64(count() OVER ()) AS count ` +
    `FROM (${query.added(source, [`any(_key) AS ${key}`])}) ` +
    `WHERE ${[refused, ...cases.map(({ fits }) => `NOT ${fits}`)].join(" OR ")} LIMIT ${limit}`;
}

interface TotalsQuery {
  readonly key: readonly string[];
  readonly totals: readonly (FittedTotal & { readonly name: string; readonly sum: string })[];
  readonly refused: string;
  /** An identifier that no column has. */
  readonly name: (word: string) => string;
  readonly added: (source: string, more?: readonly string[]) => string;
}

function queryOf(table: TableSpec): TotalsQuery {
  const key = table.key.map(quoted);
  const view = table.view ?? [];
  const name = freeNames([...table.columns, ...view].map((column) => column.name));
  const sums: string[] = [];
  const totals = view.map((column, index) => {
    const { sql, type, lost } = addedUp(table, column);
    const [sum, gap] = [name(`${index}`), name(`${index}_lost`)];
    sums.push(`${sql} AS ${sum}`, ...(lost === null ? [] : [`${lost} AS ${gap}`]));
    return {
      name: column.name,
      sum,
      ...fittedTotal(column.type, { sql: sum, type, lost: lost === null ? null : gap }),
    };
  });
  const refused = name("refused");
  const marks = table.refused === undefined ? "0" : `max(${quoted(table.refused)})`;
  const added = (source: string, more: readonly string[] = []) =>
    `SELECT ${[...key, ...sums, `${marks} AS ${refused}`, ...more].join(", ")} FROM ${source} GROUP BY ${
      key.join(", ")
    }`;
  return { key, totals, refused, name, added };
}

function fitting({ totals }: TotalsQuery): string[] {
  return totals.map(({ fits }) => fits).filter((fits) => fits !== "true");
}

/**
 * The total of one column from the rows of its group. The rest is 0 for nearly all groups: then nothing is brought to
 * 256 bits, and an `if` evaluates only what it needs.
 */
function addedUp(table: TableSpec, { kind, shares, scale }: ViewColumn): TotalExpression {
  const { type } = table.columns.find((column) => column.name === shares.value)!;
  const value = quoted(shares.value);
  if (kind === "min" || kind === "max") return { sql: `${kind}(${value})`, type, lost: null };
  const sum = `sum(${value})`;
  const rest = shares.rest === undefined ? null : `sum(${quoted(shares.rest)})`;
  const whole = rest === null ? null : `${rest} = 0`;
  if (kind === "avg") {
    const average = `Nullable(${ofScale(type, scale)})`;
    const count = `nullIf(sum(${quoted(shares.count!)}), 0)`;
    // Both the division of a Decimal and its cast to fewer digits cut toward zero.
    const quotient = `CAST(${sum} / ${count} AS ${average})`;
    if (rest === null) return { sql: quotient, type: average, lost: null };
    const near = `(${sum} > -${NEAR} AND ${sum} < ${NEAR})`;
    const exact = `CAST((CAST(if(${near}, ${sum}, 0) AS ${WIDEST}) + ${rest}) / ${count} AS ${average})`;
    return { sql: `if(${whole}, ${quotient}, ${exact})`, type: average, lost: `(NOT ${whole} AND NOT ${near})` };
  }
  if (rest === null) return { sql: sum, type, lost: null };
  const cut = `CAST(${rest} AS ${type})`;
  return {
    sql: `if(${whole}, ${sum}, ${sum} + ${cut})`,
    type,
    lost: `(NOT ${whole} AND ${rest} != CAST(${rest} AS ${ofScale(WIDEST, decimalOf(type).scale)}))`,
  };
}

function decimalOf(type: string): { readonly precision: number; readonly scale: number } {
  const parsed = parseClickHouseType(type);
  return parsed.name === "Decimal" ? parsed : { precision: 38, scale: 0 };
}

/** The Decimal of the same width with another scale. */
function ofScale(type: string, scale: number): string {
  return `Decimal(${decimalOf(type).precision}, ${scale})`;
}

/** Makes quoted names with a beginning that none of `taken` has. */
function freeNames(taken: readonly string[]): (word: string) => string {
  let prefix = "_total_";
  while (taken.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
  return (word) => quoted(`${prefix}${word}`);
}
