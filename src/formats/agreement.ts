import { DeserializationError } from "../record/errors.ts";
import { type Key, keyOf, keyOfOne, keyParts, keyValueText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import type { ReadyColumn } from "./row_reader.ts";

/**
 * Makes the check that key columns which are also in the row agree with the message's key: with a key of other columns
 * than declared (`message.key.columns`), rows would overwrite each other silently.
 */
export function agreementCheck(
  source: string,
  { columns, key }: { readonly columns: readonly ReadyColumn[]; readonly key: readonly string[] },
): (key: Key, row: Row) => void {
  const read = key.map((name) => columns.some((column) => column.name === name));
  const complete = read.every((known) => known);
  const only = key.length === 1 ? key[0] : null;
  return (actual, row) => {
    if (complete) {
      const same = only === null ? keyOf(key.map((name) => row[name])) : keyOfOne(row[only]);
      if (same === actual) return;
    }
    const parts = keyParts(actual);
    for (const [index, name] of key.entries()) {
      if (!read[index] || keyValueText(row[name]) === parts[index]) continue;
      throw new DeserializationError(
        "bad_key",
        `Cannot read a record of "${source}" as a row: its key says ${name} = ${parts[index].slice(0, 60)}, ` +
          `its row ${keyValueText(row[name]).slice(0, 60)}. Declare the key columns as Debezium writes them`,
      );
    }
  };
}
