/** First code unit of a surrogate, of which two make a character beyond U+FFFF. */
const SURROGATE_FIRST = 0xd800;
/** First code unit after them: a character that UTF-16 orders after those beyond U+FFFF, though it is less. */
const AFTER_SURROGATES = 0xe000;

/**
 * -1, 0 or 1 in the order of code points, which is that of the UTF-8 bytes: how ClickHouse orders a String, and
 * PostgreSQL a text of collation "C". JavaScript's own `<` goes by UTF-16 and puts an emoji before U+FF5E.
 */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    if (left < SURROGATE_FIRST || right < SURROGATE_FIRST) return left < right ? -1 : 1;
    // Both are at the end of UTF-16: there the surrogates are the greatest.
    return rank(left) < rank(right) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

function rank(unit: number): number {
  return unit >= AFTER_SURROGATES ? unit : unit + AFTER_SURROGATES;
}
