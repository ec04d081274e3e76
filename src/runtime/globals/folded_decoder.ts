import { readChangelog } from "../../formats/changelog_fact.ts";
import type { Decoder } from "../../formats/decoder.ts";
import { FOLDED_SHOWN, FOLDED_TO } from "../../plan/folded_row.ts";
import type { Member } from "../../plan/physical.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import { resultColumns, WINDOW_START } from "../../processor/stateful/result_row.ts";
import { DeserializationError } from "../../record/errors.ts";
import { keyOf } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import type { Row } from "../../record/row.ts";

/** Reads the results of an aggregate over a stream from its changelog. */
export interface FoldedDecoder extends Decoder {
  /** The key columns in the order of the key: those of the group and the window; null before the first row. */
  readonly keyColumns: readonly KeyColumn[] | null;
}

/** Whether a decoder reads results of a stream. */
export function isFolded(decoder: Decoder | null): decoder is FoldedDecoder {
  return decoder !== null && "keyColumns" in decoder;
}

/**
 * Makes the decoder of an aggregate's results. Its rows have two columns more: up to where their events are in them,
 * and whether they are results.
 */
export function foldedDecoder({ name, topic, node }: Extract<Member, { kind: "folded" }>): FoldedDecoder {
  const totals = resultColumns(node);
  let keyColumns: readonly KeyColumn[] | null = null;
  return {
    get keyColumns() {
      return keyColumns;
    },
    decode(message) {
      const read = readChangelog(topic, message);
      if (read.kind !== "fact") return { kind: "skip", reason: "changelog" };
      const { columns, start, to, element } = read.fact;
      const key: Row = node.window === null ? columns : { ...columns, [WINDOW_START]: start };
      keyColumns = groupColumns(keyColumns, key);
      const shown = element !== null && element.shown;
      const row = { ...key, ...(shown ? totals({ ...element, start }) : {}), [FOLDED_TO]: to };
      return {
        kind: "upsert",
        key: keyOf(keyColumns.map((column) => key[column.name])),
        row: shown ? { ...row, [FOLDED_SHOWN]: true } : row,
        unavailable: null,
        created: false,
        to,
      };
    },
    keyOf: () => null,
    details: () => {
      throw new DeserializationError("not_a_row", `A result of "${name}" has no details`);
    },
    unknownColumns: new Map(),
  };
}
