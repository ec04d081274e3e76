import { DeserializationError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import type { Decoded } from "./decoder.ts";

/**
 * The row with the columns that were not sent taken from the row held.
 * @throws DeserializationError `unavailable` when no row is held
 */
export function repairUnavailable(decoded: Decoded & { kind: "upsert" }, held: Row | null): Row {
  if (decoded.unavailable === null) return decoded.row;
  if (held === null) {
    throw new DeserializationError(
      "unavailable",
      `Cannot read the record as a row: column(s) ${
        decoded.unavailable.join(", ")
      } were not sent (unchanged TOAST) and no ` +
        `earlier row is known. Set REPLICA IDENTITY FULL on the table, then update the row`,
    );
  }
  const row: Record<string, unknown> = { ...decoded.row };
  for (const column of decoded.unavailable) row[column] = held[column];
  return row;
}
