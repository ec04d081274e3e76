const GRAMMAR = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** True if `text` is base64 with padding. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && GRAMMAR.test(text);
}

/** The base64 of hexadecimal text; null if it is none. */
export function base64OfHex(text: string): string | null {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return null;
  return btoa((text.match(/../g) ?? []).map((pair) => String.fromCharCode(parseInt(pair, 16))).join(""));
}

/**
 * The integer whose two's complement, most significant byte first, `text` holds in base64: how Kafka Connect's Decimal
 * writes its unscaled value. `null` if `text` is not base64 or holds no byte.
 */
export function integerOfBase64(text: string): number | bigint | null {
  if (text.length === 0 || !isBase64(text)) return null;
  const bytes = atob(text);
  const negative = bytes.charCodeAt(0) >= 128;
  if (bytes.length <= 6) {
    let value = 0;
    for (let index = 0; index < bytes.length; index++) value = value * 256 + bytes.charCodeAt(index);
    return negative ? value - 256 ** bytes.length : value;
  }
  let hex = "0x";
  for (let index = 0; index < bytes.length; index++) hex += bytes.charCodeAt(index).toString(16).padStart(2, "0");
  return BigInt.asIntN(8 * bytes.length, BigInt(hex));
}
