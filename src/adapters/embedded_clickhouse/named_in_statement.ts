import { Buffer } from "node:buffer";
import { identifierOf, type Token, tokens } from "./clickhouse_tokens.ts";

/** What a statement names. */
export interface Named {
  /** Identifiers with a bracket behind them. */
  readonly called: ReadonlySet<string>;
  /** Identifiers that stand where a function may stand without brackets: `arrayMap(upper, ...)`, `APPLY upper`. */
  readonly passed: ReadonlySet<string>;
  /** All identifiers, keywords among them. */
  readonly all: ReadonlySet<string>;
  /** Tables of the database `system`. */
  readonly ofSystem: ReadonlySet<string>;
  /** Identifiers in the place of a table that are paths or addresses. */
  readonly paths: ReadonlySet<string>;
  /** Its first words in capitals, as far as the first that is quoted, a number or a sign. */
  readonly verbs: readonly string[];
  /** Has a clause SETTINGS, wherever. */
  readonly setsSettings: boolean;
  /** Writes its answer into a file. */
  readonly intoFile: boolean;
}

/** Functions of which the first argument may be the name of a function. */
const TAKES_FUNCTIONS = /^(array|map)/i;
/** Behind these words stands a table. */
const BEFORE_TABLES = new Set(["FROM", "JOIN", "TABLE", "VIEW", "DICTIONARY", "DESCRIBE", "DESC", "EXISTS", "IN"]);
/** Behind these none does, until one of the others comes. */
const NOT_BEFORE_TABLES = new Set([
  ...["SELECT", "WHERE", "PREWHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "ON", "USING", "WITH", "BY", "SETTINGS"],
  ...["WINDOW", "QUALIFY", "FORMAT", "AND", "OR"],
]);

/**
 * Names in a statement, however they are quoted. `parameters` are values of `{name:Identifier}`, which are names of the
 * statement as well.
 */
export function namedIn(sql: string, parameters: ReadonlyMap<string, string> = new Map()): Named {
  const items = withParameters([...tokens(Buffer.from(sql).toString("latin1"))], parameters);
  const called = new Set<string>();
  const passed = new Set<string>();
  const all = new Set<string>();
  const ofSystem = new Set<string>();
  let setsSettings = false;
  let intoFile = false;
  for (const [at, token] of items.entries()) {
    if (!isIdentifier(token)) continue;
    const [before, next, afterNext] = [items[at - 1], items[at + 1], items[at + 2]];
    const name = nameOf(token);
    all.add(name);
    if (isSign(next, "(")) called.add(name);
    if (isPassed(items, at)) passed.add(name);
    const isDatabase = isSign(next, ".") && !isSign(before, ".");
    if (name === "system" && isDatabase && isIdentifier(afterNext)) ofSystem.add(nameOf(afterNext));
    if (isWord(token, "SETTINGS") && isIdentifier(next) && isSign(afterNext, "=")) setsSettings = true;
    if (isWord(token, "OUTFILE") && isWord(before, "INTO")) intoFile = true;
  }
  return { called, passed, all, ofSystem, paths: pathsOf(items), verbs: verbsOf(items), setsSettings, intoFile };
}

function isPassed(items: readonly Token[], at: number): boolean {
  const before = items[at - 1];
  if (isWord(before, "APPLY")) return true;
  if (!isSign(before, "(")) return false;
  const caller = items[at - 2];
  if (isWord(caller, "APPLY")) return true;
  return isIdentifier(caller) && TAKES_FUNCTIONS.test(nameOf(caller)) && isSign(items[at + 1], ",");
}

/** Values of `{name:Identifier}` in their places. */
function withParameters(all: readonly Token[], parameters: ReadonlyMap<string, string>): Token[] {
  const items: Token[] = [];
  for (let at = 0; at < all.length; at++) {
    const [open, name, colon, type, close] = all.slice(at, at + 5);
    const value = isSign(open, "{") && isSign(colon, ":") && isWord(type, "IDENTIFIER") && isSign(close, "}")
      ? parameters.get(nameOf(name))
      : undefined;
    if (value === undefined) items.push(open);
    else {
      items.push({ kind: "name", text: `"${Buffer.from(value).toString("latin1")}"`, end: close.end });
      at += 4;
    }
  }
  return items;
}

function pathsOf(items: readonly Token[]): Set<string> {
  const paths = new Set<string>();
  /** For each bracket that is open: whether a table may stand here. */
  const places = [false];
  for (const [at, token] of items.entries()) {
    const word = token.kind === "word" ? token.text.toUpperCase() : "";
    if (isSign(token, "(")) places.push(isWord(items[at - 1], "IN"));
    else if (isSign(token, ")") && places.length > 1) places.pop();
    else if (BEFORE_TABLES.has(word)) places[places.length - 1] = true;
    else if (NOT_BEFORE_TABLES.has(word)) places[places.length - 1] = false;
    if (token.kind !== "name" || !places.at(-1) || isWord(items[at - 1], "AS")) continue;
    const name = nameOf(token);
    if (name.includes("/")) paths.add(name);
  }
  return paths;
}

function verbsOf(items: readonly Token[]): string[] {
  const end = items.findIndex(({ kind }) => kind !== "word");
  return items.slice(0, end < 0 ? items.length : end).map(({ text }) => text.toUpperCase());
}

function isIdentifier(token: Token | undefined): token is Token {
  return token?.kind === "word" || token?.kind === "name";
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toUpperCase() === word;
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === "sign" && token.text === sign;
}

function nameOf(token: Token): string {
  return Buffer.from(identifierOf(token), "latin1").toString();
}
