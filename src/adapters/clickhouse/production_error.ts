import { ClickHouseError } from "@clickhouse/client";
import { LATE_MESSAGE } from "./append_sql.ts";
import { ProductionError, type ProductionReason } from "../../record/errors.ts";

/**
 * Codes that speak of a row's content, and of nothing else: this value cannot be read as its column's type, is out of
 * its range, or breaks a constraint. Only they may set a row aside. A code that is not here is about the server, the
 * table or the user, so every row would get it: it waits, and a code of a later version of ClickHouse waits, too.
 *
 * TYPE_MISMATCH (53) and BAD_ARGUMENTS (36) are not here: with the format and the settings of our INSERTs they come
 * from a table that was changed by hand. Numbers: `SELECT errorCodeToName(number)` on ClickHouse 26.7.
 */
const CONTENT_CODES = new Set([
  ...[6, 25, 26, 27, 38, 41, 72, 130, 376, 441, 467, 563, 632, 675, 676], // CANNOT_PARSE_*, CANNOT_READ_*_FROM_TEXT
  ...[69, 70, 321, 407], // out of range, cannot be converted, DECIMAL_OVERFLOW
  ...[117, 190, 645, 691], // INCORRECT_DATA, sizes and dimensions of arrays, UNKNOWN_ELEMENT_OF_ENUM
  ...[19, 128, 131, 306], // too long, too large, nested too deep
  ...[349, 469], // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN, VIOLATED_CONSTRAINT
]);
/** The table or its database is gone: UNKNOWN_TABLE, UNKNOWN_DATABASE, TABLE_IS_DROPPED. */
const MISSING_CODES = new Set([60, 81, 218]);
/** FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: also what others throw in tables that rows go on to. */
const THROWN_CODE = 395;
/** Users, passwords and rights. */
const DENIED_CODES = new Set([192, 193, 194, 195, 291, 481, 497, 511, 516, 720, 767]);
/** A statement, a type or a setting that ClickHouse does not know or allow. */
const STATEMENT_CODES = new Set([
  ...[1, 2, 8, 15, 16, 34, 35, 36, 37, 42, 43, 44, 46, 47, 48, 50, 52, 53, 54, 55, 56, 57, 62, 63, 67, 80, 115, 119],
  ...[133, 134, 169, 170, 205, 207, 223, 262, 344, 370, 377, 378, 431, 432, 433, 438, 450, 452, 455, 471, 478, 479],
  ...[524, 549, 583, 703, 721, 727, 728],
]);
/** What a person does about it. Nothing is lost meanwhile: the rows wait, and are tried again. */
const ADVICE: readonly (readonly [ReadonlySet<number>, string])[] = [
  [new Set([497, 291]), "Give the user this right again; what waits is then written by itself"],
  [DENIED_CODES, "Check user and password; what waits is written as soon as they are right"],
  [new Set([75, 243]), "Free space on ClickHouse's disk; what waits is then written by itself"],
  [new Set([201]), "Raise the user's quota, or wait until its interval is over"],
  [new Set([164, 242, 774]), "Make the table and the user's profile writable; what waits is then written by itself"],
];
const CONTENT_ADVICE = "Declare a column that takes the value, or map the value to one that it takes";
/** Longest part of ClickHouse's message that is kept: it quotes the row that it cannot read. */
const MESSAGE_LENGTH_MAX = 2_000;

interface Judgement {
  readonly retriable: boolean;
  readonly reason?: ProductionReason;
  readonly text: string;
  /** What a person does about it; empty if there is nothing to do. */
  readonly advice?: string;
}

/**
 * The port's error for whatever the client threw. An answer of ClickHouse is judged by its code: only a row's content
 * is refused for good. Everything else is an outage of network, proxy or server, except what only the operator can
 * change: certificates and permissions of this process.
 */
export function productionError(action: string, error: unknown): ProductionError {
  if (error instanceof ProductionError) return error;
  const { retriable, reason, text, advice } = judge(error);
  const said = text.slice(0, MESSAGE_LENGTH_MAX);
  // Some of ClickHouse's messages end with a full stop, others do not.
  const messageOf = (said: string) =>
    `Cannot ${action}: ${advice === undefined ? said : `${said.replace(/\.+$/, "")}. ${advice}`}`;
  const brief = error instanceof ClickHouseError
    ? { brief: messageOf(`ClickHouse answered ${error.code} ${error.type ?? ""}`) }
    : {};
  return new ProductionError(messageOf(said), { retriable, reason, cause: error, ...brief });
}

function judge(error: unknown): Judgement {
  if (error instanceof ClickHouseError) {
    const text = `ClickHouse answered ${error.code} ${error.type ?? ""}: ${error.message.trim()}`;
    const code = Number(error.code);
    if (CONTENT_CODES.has(code)) return { retriable: false, reason: "content", text, advice: CONTENT_ADVICE };
    if (code === THROWN_CODE && text.includes(LATE_MESSAGE)) return { retriable: false, reason: "late", text };
    const advice = ADVICE.find(([codes]) => codes.has(code))?.[1];
    if (MISSING_CODES.has(code)) return { retriable: true, reason: "missing", text, advice };
    const setup = DENIED_CODES.has(code) || STATEMENT_CODES.has(code);
    return { retriable: true, reason: setup ? "setup" : undefined, text, advice };
  }
  if (!(error instanceof Error)) return { retriable: true, text: String(error) };
  const code = "code" in error ? String(error.code) : "";
  const operator = /CERT|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code) || error.name === "NotCapable" ||
    error.name === "PermissionDenied";
  // A connection refused on several addresses has no message of its own.
  const text = error.message || (error instanceof AggregateError ? error.errors.map(String).join("; ") : "") ||
    code || error.name;
  return {
    retriable: !operator,
    reason: operator ? "setup" : undefined,
    text: code && !text.includes(code) ? `${text} (${code})` : text,
  };
}
