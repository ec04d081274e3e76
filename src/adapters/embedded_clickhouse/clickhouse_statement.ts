import { Buffer } from "node:buffer";
import { Exception } from "./clickhouse_exception.ts";
import { tokens } from "./clickhouse_tokens.ts";

/** One ClickHouse statement as it came over HTTP, cut where its inline data begins. */
export interface Statement {
  /** The statement; of an INSERT with data, up to and including `VALUES` or the format's name. */
  readonly sql: string;
  /** First keyword in capitals; `(` for a parenthesised SELECT; empty when there is no statement. */
  readonly keyword: string;
  /** Rows of an INSERT in its format; `null` for everything else, also for `INSERT ... SELECT`. */
  readonly data: Uint8Array | null;
  /** Name in the statement's last FORMAT clause, `null` if there is none. */
  readonly format: string | null;
}

/** Statements that change neither data nor the session. */
const READS = new Set(["SELECT", "WITH", "FROM", "(", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"]);

export function isRead(statement: Pick<Statement, "keyword">): boolean {
  return READS.has(statement.keyword);
}

/** What may follow the word FORMAT in `INSERT ... SELECT format FROM ...` without making it a format's name. */
const NOT_A_FORMAT = new Set([
  "FROM",
  "AS",
  "WHERE",
  "GROUP",
  "ORDER",
  "LIMIT",
  "SETTINGS",
  "UNION",
  "AND",
  "OR",
  "IN",
  "IS",
  "NOT",
]);

interface Word {
  readonly text: string;
  readonly end: number;
}

/**
 * Reads one statement. The engine parses it again: what is decided here is only where data begin, which format is asked
 * for, and what an HTTP interface must not do.
 * @throws Exception for several statements in one request, `INTO OUTFILE` and `FROM INFILE`
 */
export function parseStatement(bytes: Uint8Array): Statement {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("latin1");
  const sqlUntil = (end: number) => buffer.toString("utf8", 0, end).trim();
  let keyword = "";
  let format: string | null = null;
  let previous: Word = { text: "", end: 0 };
  let depth = 0;
  let selects = false;
  for (const word of words(text)) {
    if (keyword === "") keyword = word.text;
    if (word.text === "(") depth++;
    else if (word.text === ")") depth--;
    else if (word.text === ";") {
      refuseMore(text, word.end);
      return { sql: sqlUntil(word.end - 1), keyword, data: null, format };
    } else if (
      word.text === "OUTFILE" && previous.text === "INTO" || word.text === "INFILE" && previous.text === "FROM"
    ) {
      throw new Exception(
        { code: 358, codeName: "INTO_OUTFILE_NOT_ALLOWED" },
        `${previous.text} ${word.text} is not allowed over HTTP`,
      );
    } else if (depth === 0) {
      const inserts = keyword === "INSERT" && previous.text !== "INTO" && previous.text !== "TABLE" &&
        previous.text !== ".";
      if (word.text === "SELECT") selects = true;
      if (inserts && !selects && word.text === "VALUES") {
        return { sql: sqlUntil(word.end), keyword, data: buffer.subarray(word.end), format };
      }
      if (previous.text === "FORMAT" && /^\w/.test(word.text) && !NOT_A_FORMAT.has(word.text)) {
        format = text.slice(word.end - word.text.length, word.end);
        if (inserts) {
          return { sql: sqlUntil(word.end), keyword, data: buffer.subarray(dataStart(text, word.end)), format };
        }
      }
    }
    previous = word;
  }
  return { sql: sqlUntil(buffer.length), keyword, data: null, format };
}

/** Several statements, one after the other, with semicolons between them; those that are empty are left out. */
export function splitStatements(text: string): { readonly sql: string; readonly keyword: string }[] {
  const buffer = Buffer.from(text);
  const statements: { sql: string; keyword: string }[] = [];
  let from = 0;
  let keyword = "";
  const end = (at: number) => {
    if (keyword !== "") statements.push({ sql: buffer.toString("utf8", from, at).trim(), keyword });
    keyword = "";
  };
  for (const word of words(buffer.toString("latin1"))) {
    if (word.text === ";") {
      end(word.end - 1);
      from = word.end;
    } else if (keyword === "") keyword = word.text;
  }
  end(buffer.length);
  return statements;
}

/** Words in capitals and single characters; comments and white space are left out, quoted text counts as one `'`. */
function* words(text: string): Generator<Word> {
  for (const { kind, text: token, end } of tokens(text)) {
    yield { text: kind === "name" || kind === "text" ? "'" : token.toUpperCase(), end };
  }
}

function refuseMore(text: string, from: number): void {
  for (const word of words(text.slice(from))) {
    if (word.text !== ";") {
      throw new Exception({ code: 62, codeName: "SYNTAX_ERROR" }, "Multi-statements are not allowed");
    }
  }
}

/** Data begin after the blanks and at most one line end behind the format's name, as in ClickHouse's parser. */
function dataStart(text: string, end: number): number {
  let at = end;
  while (text[at] === " " || text[at] === "\t" || text[at] === "\f") at++;
  if (text[at] === "\r") at++;
  if (text[at] === "\n") at++;
  return at;
}
