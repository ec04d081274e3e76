import { assertThrows } from "@std/assert";
import { z } from "zod";
import { int8, numeric } from "../../src/formats/columns.ts";
import { createDecoder, type Decoded, type DecoderOptions, type MessageBytes } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";

/** The row schema that most cases use. */
export const row = z.object({ id: int8(), name: z.string(), price: numeric(12, 2).nullable() });
export const source = '"source":{"version":"3.6.3.Final","connector":"postgresql","name":"shop","lsn":1}';
/** JSON text of the row {@link lamp}. */
export const after = '{"id":7,"name":"Lamp","price":"19.90"}';
export const lamp = { id: 7, name: "Lamp", price: "19.90" };
export const encoder = new TextEncoder();

/** An envelope as Debezium writes it. */
export function envelope(op: string, afterText: string, before = "null"): string {
  return `{"before":${before},"after":${afterText},${source},"transaction":null,"op":"${op}","ts_ms":1795322174979}`;
}

/** Options other than the usual ones. */
export type Options = Partial<DecoderOptions>;

/** Decodes one record of the table "things" with key `id`. */
export function decode(
  value: MessageBytes | null,
  key: MessageBytes | null = '{"id":7}',
  options: Options = {},
): Decoded {
  return createDecoder({ source: "things", key: ["id"], row, ...options }).decode({ key, value });
}

/** The error with which a record is refused. */
export function refusal(
  value: MessageBytes | null,
  key: MessageBytes | null = '{"id":7}',
  options: Options = {},
): DeserializationError {
  return assertThrows(() => decode(value, key, options), DeserializationError);
}

/** Kind, key, row with decimals as text, unavailable columns. */
export function told(decoded: Decoded): unknown[] {
  if (decoded.kind === "skip") return [decoded.kind, decoded.reason];
  if (decoded.kind === "delete") return [decoded.kind, decoded.key];
  const plain = Object.entries(decoded.row).map((
    [name, value],
  ) => [name, value?.constructor?.name === "Decimal" ? `${value}` : value]);
  return [decoded.kind, decoded.key, Object.fromEntries(plain), decoded.unavailable];
}
