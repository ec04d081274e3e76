/**
 * Lexical elements of ClickHouse's SQL. There is no library for it; what must be known of a statement before the engine
 * parses it is where its words stand, and what is quoted.
 */
export interface Token {
  /**
   * `word`: a keyword or an identifier, as it is written. `name`: a quoted identifier. `text`: a string. `sign`: a
   * number, or a single character; a comma of a list may stand for the literals and commas before it.
   */
  readonly kind: "word" | "name" | "text" | "sign";
  readonly text: string;
  /** Where it ends. */
  readonly end: number;
}

const LITERAL = /-?\d[\w.]*|'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'/.source;
const LITERALS = `(?:${LITERAL})(?:\\s*,\\s*(?:${LITERAL}))*`;
/** Numbers and strings of a list, and tuples of them, each with its comma: lists of keys have thousands. */
const RUN = new RegExp(`(?:(?:${LITERAL}|\\(\\s*${LITERALS}\\s*\\))\\s*,\\s*){2,500}`, "y");

/**
 * One lexical element at the cursor, over text in which every character stands for one byte. Quotes are those of
 * ClickHouse's lexer, the typographic ones (three UTF-8 bytes each) included.
 */
const ELEMENT = new RegExp(
  [
    /\s+|--[^\n]*|#[ !][^\n]*|\/\*[^]*?\*\//,
    /'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[^]|"")[^"\\]*)*"|`[^`\\]*(?:(?:\\[^]|``)[^`\\]*)*`/,
    /\xe2\x80\x98[^]*?\xe2\x80\x99|\xe2\x80\x9c[^]*?\xe2\x80\x9d|\$(\w*)\$[^]*?\$\1\$/,
    /[A-Za-z_$][\w$]*|\d[\w.]*|[^]/,
  ].map((part) => part.source).join("|"),
  "gy",
);

const HEREDOC = /^\$(\w*)\$[^]*\$\1\$$/;
const TYPOGRAPHIC_NAME = "\xe2\x80\x9c";
const TYPOGRAPHIC_LENGTH = TYPOGRAPHIC_NAME.length;
const ESCAPE = /\\x([0-9A-Fa-f]{2})|\\([^])|([`"])\3/g;

/** Elements of `text`, whose characters stand for one byte each; comments and white space are left out. */
export function* tokens(text: string): Generator<Token> {
  let position = 0;
  let inList = false;
  while (position < text.length) {
    if (inList) {
      RUN.lastIndex = position;
      const run = RUN.exec(text);
      if (run !== null) {
        position += run[0].length;
        yield { kind: "sign", text: ",", end: position };
        continue;
      }
    }
    ELEMENT.lastIndex = position;
    const element = ELEMENT.exec(text)![0];
    position += element.length;
    const kind = kindOf(element);
    if (kind === null) continue;
    yield { kind, text: element, end: position };
    inList = element === "(" || element === ",";
  }
}

function kindOf(element: string): Token["kind"] | null {
  const first = element[0];
  if (element.trim() === "") return null;
  if (HEREDOC.test(element)) return "text";
  if (/^[A-Za-z_$]/.test(first)) return "word";
  if (element.length === 1 || /^\d/.test(element)) return "sign";
  if (element.startsWith("--") || first === "#" || element.startsWith("/*")) return null;
  return first === "`" || first === '"' || element.startsWith(TYPOGRAPHIC_NAME) ? "name" : "text";
}

/** The identifier that a token of the kind `word` or `name` is. */
export function identifierOf({ kind, text }: Token): string {
  if (kind === "word") return text;
  const typographic = text.startsWith(TYPOGRAPHIC_NAME);
  const inside = typographic ? text.slice(TYPOGRAPHIC_LENGTH, -TYPOGRAPHIC_LENGTH) : text.slice(1, -1);
  return inside.replace(
    ESCAPE,
    (_, hex, escaped, doubled) =>
      hex === undefined ? escaped ?? doubled : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
