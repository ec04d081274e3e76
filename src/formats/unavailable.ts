import { hexOfBase64, urlSafeBase64 } from "../record/producer_key.ts";
import { createHash } from "node:crypto";

/** Debezium's default `unavailable.value.placeholder`. */
export const UNAVAILABLE_DEFAULT = "__debezium_unavailable_value";

/**
 * Makes the test for "an unchanged TOAST value, not in the message": PostgreSQL does not log it, and Debezium writes a
 * placeholder whose form depends on the column's type:
 *
 * | type | form |
 * |---|---|
 * | text, json, numeric | the placeholder |
 * | bytea | the placeholder's bytes, base64 or hexadecimal |
 * | hstore | the JSON text, or the object, `{placeholder: placeholder}` |
 * | text[] | an array of the placeholder |
 * | int[], bigint[] | an array of the values of its bytes |
 * | uuid[] | an array of the name-based UUID of its bytes |
 *
 * @param placeholder as configured in the connector; `hex:` and hexadecimal digits stand for bytes
 */
export function unavailableTest(placeholder: string): (wire: unknown) => boolean {
  const bytes = placeholder.startsWith("hex:") ? hexBytes(placeholder.slice(4)) : new TextEncoder().encode(placeholder);
  const text = new TextDecoder().decode(bytes);
  const base64 = btoa(String.fromCharCode(...bytes));
  const texts = [text, base64, urlSafeBase64(base64), hexOfBase64(base64), JSON.stringify({ [text]: text })];
  // By length, so that a column's value is compared with at most one or two candidates.
  const byLength: string[][] = [];
  for (const form of texts) (byLength[form.length] ??= []).push(form);
  const uuid = nameUuid(bytes);
  return (wire) => {
    if (typeof wire === "string") {
      return wire.length < byLength.length && (byLength[wire.length]?.includes(wire) ?? false);
    }
    if (typeof wire !== "object" || wire === null) return false;
    if (!Array.isArray(wire)) return (wire as Record<string, unknown>)[text] === text;
    if (wire.length === 1 && (wire[0] === text || wire[0] === uuid)) return true;
    return wire.length === bytes.length && wire.every((element, index) => element === bytes[index]);
  };
}

/** Java's `UUID.nameUUIDFromBytes`: MD5 with version 3 and the IETF variant. */
function nameUuid(bytes: Uint8Array): string {
  const digest = createHash("md5").update(bytes).digest();
  digest[6] = (digest[6] & 0x0f) | 0x30;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function hexBytes(digits: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) {
    throw new RangeError(`Cannot use "hex:${digits}" as the placeholder: use pairs of hexadecimal digits after "hex:"`);
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
