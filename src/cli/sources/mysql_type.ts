import { quotedText } from "./quoted_text.ts";
import type { Declared } from "./postgres_type.ts";

/** A column's type as `information_schema.columns` has it. */
export interface MysqlType {
  /** In lower case: `bigint`. */
  readonly name: string;
  /** Whole, in lower case but for texts in quotes: `enum('a','B')`, `bigint(20) unsigned`. */
  readonly full: string;
  /** Digits of numbers, bits of BIT. */
  readonly precision: number | null;
  readonly scale: number | null;
  /** Fraction digits of times. */
  readonly fraction: number | null;
  /** MariaDB's JSON is a LONGTEXT with a check. */
  readonly json: boolean;
}

/** Digits of a decimal with a fraction that is exact, and of one without. */
const DECIMAL_DIGITS_MAX = 38;

/** Types that are declared without anything more. */
const PLAIN: Readonly<Record<string, string>> = {
  smallint: "mysql.smallint()",
  mediumint: "mysql.mediumint()",
  int: "mysql.int()",
  double: "mysql.double()",
  binary: "mysql.binary()",
  varbinary: "mysql.varbinary()",
  tinyblob: "mysql.blob()",
  blob: "mysql.blob()",
  mediumblob: "mysql.blob()",
  longblob: "mysql.blob()",
  char: "z.string()",
  varchar: "z.string()",
  tinytext: "z.string()",
  text: "z.string()",
  mediumtext: "z.string()",
  // MariaDB's, which has no more to say.
  uuid: "z.string()",
  date: "mysql.date()",
  time: "mysql.time()",
  year: "mysql.year()",
  json: "mysql.json()",
};

/** How a column of the type is declared, or why it cannot be: by the types of `./mysql`. */
export function declaredMysqlType(type: MysqlType): Declared {
  const { name, full, precision, scale, fraction } = type;
  if (Object.hasOwn(PLAIN, name)) return { expression: PLAIN[name] };
  switch (name) {
    case "tinyint":
      return /^tinyint\(1\)(?! unsigned)/.test(full)
        ? { expression: "mysql.bool()", comment: "TINYINT(1): if it holds more than 0 and 1, declare mysql.tinyint()." }
        : { expression: "mysql.tinyint()" };
    case "bigint":
      return full.includes("unsigned") ? unsignedBigint() : { expression: "mysql.bigint()" };
    case "decimal":
      return declaredDecimal(precision ?? 10, scale ?? 0);
    case "float":
      return { expression: scale === null ? "mysql.float()" : `mysql.float(${scale})` };
    case "bit":
      return { expression: precision === null || precision === 1 ? "mysql.bit()" : `mysql.bit(${precision})` };
    case "longtext":
      return { expression: type.json ? "mysql.json()" : "z.string()" };
    case "enum":
      return { expression: `z.enum([${members(full)}])` };
    case "set":
      return { expression: `mysql.set(${members(full)})` };
    case "datetime":
    case "timestamp":
      return { expression: `mysql.${name}(${fraction === null || fraction === 0 ? "" : fraction})` };
  }
  return { refused: `${name} has no type in Weir` };
}

function unsignedBigint(): Declared {
  return {
    expression: 'mysql.bigint("unsigned")',
    comment:
      "Beyond 9223372036854775807: bigint.unsigned.handling.mode=precise of the connector, and without schemas " +
      'format: { unsignedBigints: "precise" }.',
  };
}

function declaredDecimal(precision: number, scale: number): Declared {
  if (precision <= DECIMAL_DIGITS_MAX || scale === 0) {
    return { expression: `mysql.decimal(${precision}${scale === 0 ? "" : `, ${scale}`})` };
  }
  return {
    expression: "z.string()",
    comment:
      `decimal(${precision}, ${scale}): more than ${DECIMAL_DIGITS_MAX} digits are a text, with the connector's ` +
      "decimal.handling.mode=string.",
  };
}

/** `enum('a','it''s')`, as texts of source code. MySQL doubles a quote within, and escapes nothing else. */
function members(full: string): string {
  const inner = [...full.slice(full.indexOf("(")).matchAll(/'((?:[^']|'')*)'/g)];
  return inner.map(([, text]) => quotedText(text.replaceAll("''", "'"))).join(", ");
}
