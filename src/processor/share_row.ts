import type { AggregatePlan, SinkPlan } from "../plan/physical.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { formatScaled } from "../record/decimal_text.ts";
import { digestOf } from "../record/digest.ts";
import type { Row } from "../record/row.ts";
import { literal } from "../record/specialised.ts";
import type { SharePart } from "./aggregate.ts";
import { mixedKinds } from "./algebra.ts";
import { type CellWriter, cellWriter, textWriter } from "./cell_writer.ts";
import type { SumPart } from "./exact_sum.ts";
import { lineWriter } from "./line_writer.ts";
import { type ColumnEncoder, columnEncoder } from "./sink_row.ts";

/**
 * Digits of a share that is added up, in units of its last fraction digit. ClickHouse adds in 128 or 256 bits, which
 * hold 38 or 76 digits, and wraps around beyond without a word. A million tasks with six digits less stay below that.
 */
const SHARE_DIGITS_MAX = { narrow: 32, wide: 70 } as const;

/** How one home's shares become rows of a table of shares. */
export interface ShareEncoder {
  /**
   * JSON array, without its closing bracket, of a group's columns and shares.
   * @throws TypeError | RangeError naming the column when a share cannot be written
   */
  line(columns: Row, parts: readonly SharePart[]): string;
  /**
   * The same as bytes: gives their digest, and {@link encodedLine} the bytes.
   * @throws TypeError | RangeError naming the column when a share cannot be written
   */
  write(columns: Row, parts: readonly SharePart[]): number;
  /**
   * The line of a share that cannot be written: the view sets its group aside.
   * @throws TypeError | RangeError when the group's columns cannot be written
   */
  refusedLine(columns: Row): string;
  /**
   * The same as bytes, as {@link ShareEncoder.write}.
   * @throws TypeError | RangeError when the group's columns cannot be written
   */
  writeRefused(columns: Row): number;
  /** Digest of the share, or of what stands for one that cannot be written, as earlier versions took it of the text. */
  textDigest(columns: Row, parts: readonly SharePart[]): number;
}

type TableSpec = SinkPlan["table"];
type ViewColumn = NonNullable<TableSpec["view"]>[number];

/** One cell of a line. */
interface Cell {
  /** Where its value is: `["columns", "city"]`, `["parts", 2]`, or within that, `["parts", 2, 0]`. */
  readonly path: readonly [from: "columns" | "parts", ...(string | number)[]];
  readonly encode: ColumnEncoder;
  /** The same as bytes. */
  readonly write: CellWriter;
}

const encoders = new WeakMap<TableSpec, WeakMap<AggregatePlan, ShareEncoder>>();

/**
 * The encoder of a table of shares. `aggregate`: the order of the parts. All tasks of a table have one, as it keeps
 * nothing of a share.
 */
export function shareEncoder(table: TableSpec, aggregate: AggregatePlan): ShareEncoder {
  let ofTable = encoders.get(table);
  if (ofTable === undefined) encoders.set(table, ofTable = new WeakMap());
  let encoder = ofTable.get(aggregate);
  if (encoder === undefined) ofTable.set(aggregate, encoder = compiledEncoder(table, aggregate));
  return encoder;
}

/** Compiled as `rowWriter` is: with three totals a loop over the cells takes 1.3 times as long. */
function compiledEncoder(table: TableSpec, aggregate: AggregatePlan): ShareEncoder {
  const cells = table.columns.map(({ name, type }): { written: Cell; refused: Cell } => {
    if (name === table.refused) return { written: constant("0"), refused: constant("1") };
    const total = table.view?.find(({ shares }) => Object.values(shares).includes(name));
    if (total === undefined) {
      const encode = columnEncoder(name, type);
      const cell = { path: ["columns", name] as const, encode, write: cellWriter(type, encode) };
      return { written: cell, refused: cell };
    }
    const index = aggregate.columns.findIndex((column) => column.name === total.name);
    const value = parseClickHouseType(table.columns.find((column) => column.name === total.shares.value)!.type);
    const part = partCell(total, { name, type, scale: value.name === "Decimal" ? value.scale : 0 });
    const nothing = parseClickHouseType(type).nullable ? "null" : "0";
    return { written: { ...part, path: ["parts", index, ...part.within] }, refused: constant(nothing) };
  });
  const written = cells.map((cell) => cell.written);
  const refused = cells.map((cell) => cell.refused);
  const line = textLine(written);
  const refusedLine = textLine(refused);
  const writeRefused = bytesLine(refused);
  return {
    line,
    write: bytesLine(written),
    refusedLine: (columns) => refusedLine(columns, []),
    writeRefused: (columns) => writeRefused(columns, []),
    textDigest(columns, parts) {
      try {
        return digestOf(line(columns, parts));
      } catch {
        // Why it cannot be written is told where the bytes are made.
        return digestOf(refusedLine(columns, []));
      }
    },
  };
}

function constant(text: string): Cell {
  const encode = () => text;
  return { path: ["columns"], encode, write: textWriter(encode) };
}

/** The cells as one line of text: what the bytes of {@link bytesLine} are. */
function textLine(cells: readonly Cell[]): ShareEncoder["line"] {
  return (columns, parts) => {
    const texts = cells.map(({ path: [from, ...steps], encode }) => {
      let value: unknown = from === "columns" ? columns : parts;
      for (const step of steps) value = (value as Record<string | number, unknown>)[step];
      return encode(value);
    });
    return `[${texts.join(",")}`;
  };
}

function bytesLine(cells: readonly Cell[]): ShareEncoder["write"] {
  const step = (name: string | number) => `[${typeof name === "number" ? name : literal(name)}]`;
  return lineWriter(
    ["columns", "parts"],
    cells.map(({ path: [from, ...steps], write }) => ({ value: from + steps.map(step).join(""), write })),
  );
}

/**
 * A cell of a total, and where its value is within the total's part. `scale`: fraction digits of the column of what is
 * added up or compared.
 */
function partCell(
  { name, kind, shares }: ViewColumn,
  column: { readonly name: string; readonly type: string; readonly scale: number },
): Omit<Cell, "path"> & { readonly within: readonly number[] } {
  const type = parseClickHouseType(column.type);
  if (kind === "min" || kind === "max") {
    const compare = type.name === "Decimal" ? comparedEncoder(name, type) : columnEncoder(name, column.type);
    const encode: ColumnEncoder = (part) => {
      if (Array.isArray(part)) throw mixedKinds(name, kind);
      return part === null ? "null" : compare(part);
    };
    // A decimal is written without trailing zeros.
    return {
      within: [],
      encode,
      write: type.name === "Decimal" ? textWriter(encode) : cellWriter(column.type, encode),
    };
  }
  if (column.name === shares.count) return { within: [1], encode: String, write: cellWriter(column.type, String) };
  const within = kind === "avg" ? [0] : [];
  if (column.name === shares.rest) {
    const encode = restEncoder(name, column.scale);
    return { within, encode, write: textWriter(encode) };
  }
  const encode = type.name === "Decimal" ? summedEncoder(name, type) : integerEncoder(name, column.type);
  return { within, encode, write: cellWriter(column.type, encode) };
}

type DecimalType = Pick<Extract<ClickHouseType, { name: "Decimal" }>, "precision" | "scale">;

function integerEncoder(name: string, type: string): ColumnEncoder {
  const encode = columnEncoder(name, type);
  const digits = type === "Int256" ? SHARE_DIGITS_MAX.wide : SHARE_DIGITS_MAX.narrow;
  const limit = 10n ** BigInt(digits);
  return (part) => {
    if (typeof part === "bigint" && (part >= limit || part <= -limit)) throw tooLong(name, { text: `${part}`, digits });
    return encode(part);
  };
}

/**
 * The part of a decimal that has no more fraction digits than its total, with as many as that: equal shares have one
 * text and one digest.
 */
function summedEncoder(name: string, { precision, scale }: DecimalType): ColumnEncoder {
  const digits = precision > 38 ? SHARE_DIGITS_MAX.wide : SHARE_DIGITS_MAX.narrow;
  const limit = 10n ** BigInt(digits);
  return (value) => {
    // A number has 16 digits at most.
    if (value instanceof Decimal && value.scale === scale && typeof value.units === "number") return `"${value}"`;
    const [units, own] = unitsOf(name, value as SumPart);
    const whole = own <= scale ? BigInt(units) * power(scale - own) : BigInt(units) / power(own - scale);
    if (whole >= limit || whole <= -limit) throw tooLong(name, { text: formatScaled(units, own), digits });
    return `"${formatScaled(whole, scale)}"`;
  };
}

/** What {@link summedEncoder} leaves out. */
function restEncoder(name: string, scale: number): ColumnEncoder {
  return (value) => {
    if (value instanceof Decimal && value.scale <= scale) return "0";
    const [units, own] = unitsOf(name, value as SumPart);
    const rest = own <= scale ? 0n : BigInt(units) % power(own - scale);
    return rest === 0n ? "0" : textOf(rest, own);
  };
}

function comparedEncoder(name: string, { precision, scale }: DecimalType): ColumnEncoder {
  const limit = 10n ** BigInt(precision);
  return (value) => {
    const [units, own] = unitsOf(name, value as SumPart);
    const text = textOf(units, own);
    const exact = own <= scale || BigInt(units) % power(own - scale) === 0n;
    if (!exact) throw tooFine(name, { text, scale });
    if (typeof units === "number" && own <= scale && scale - own + 16 <= precision) return text;
    const raised = own <= scale ? BigInt(units) * power(scale - own) : BigInt(units) / power(own - scale);
    if (raised >= limit || raised <= -limit) throw tooLong(name, { text, digits: precision });
    return text;
  };
}

/** Without trailing zeros: one text for equal values. */
function textOf(units: number | bigint, scale: number): string {
  let digits = scale;
  let rest = units;
  if (typeof rest === "number") { for (; digits > 0 && rest % 10 === 0; digits--) rest /= 10; }
  else for (; digits > 0 && rest % 10n === 0n; digits--) rest /= 10n;
  return `"${formatScaled(rest, digits)}"`;
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

function unitsOf(name: string, value: SumPart): readonly [units: number | bigint, scale: number] {
  if (value instanceof Decimal) return [value.units, value.scale];
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return [value as number | bigint, 0];
  if (Array.isArray(value)) return value as readonly [bigint, number];
  throw new TypeError(
    `Cannot write the share of "${name}" as a Decimal: current value is ${typeof value} ${String(value)}. ` +
      "Return an integer or a Decimal",
  );
}

function tooFine(name: string, { text, scale }: { readonly text: string; readonly scale: number }): RangeError {
  return new RangeError(
    `Cannot write the share of "${name}" with ${scale} fraction digits: current value is ${text}. ` +
      "Round the values, or declare more fraction digits",
  );
}

function tooLong(name: string, { text, digits }: { readonly text: string; readonly digits: number }): RangeError {
  return new RangeError(
    `Cannot write the share of "${name}" in ${digits} digits: current value is ${text}. ` +
      "Look for a wrong value among the group's rows",
  );
}
