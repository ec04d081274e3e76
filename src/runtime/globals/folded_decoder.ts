import { readChangelog } from "../../formats/changelog_fact.ts";
import type { Decoder } from "../../formats/decoder.ts";
import { FOLDED_SHOWN, FOLDED_TO } from "../../plan/folded_row.ts";
import type { Member } from "../../plan/physical.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import { resultRows } from "../../processor/stateful/stream_aggregate.ts";
import { DeserializationError } from "../../record/errors.ts";
import { keyOf } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import type { Row } from "../../record/row.ts";

/** Reads the results of an aggregate over a stream from its changelog. */
export interface FoldedDecoder extends Decoder {
  /** The key columns in the order of the key: those of the group and the window; null before the first row. */
  readonly keyColumns: readonly KeyColumn[] | null;
}

/** Column of a result that tells where its window begins: part of its key. */
const WINDOW_START = "window_start";
/** Column of a result that tells where its window ends. */
export const WINDOW_END = "window_end";

/** Whether a decoder reads results of a stream. */
export function isFolded(decoder: Decoder | null): decoder is FoldedDecoder {
  return decoder !== null && "keyColumns" in decoder;
}

/** @throws DeserializationError for a state of which a callback makes no result */
function shownRow(name: string, make: () => Row): Row {
  try {
    return make();
  } catch (cause) {
    throw new DeserializationError("not_a_row_value", `Cannot show a result of "${name}": ${cause}`, { cause });
  }
}

/**
 * Makes the decoder of an aggregate's results. Its rows have two columns more: up to where their events are in them,
 * and whether they are results.
 */
export function foldedDecoder({ name, topic, node }: Extract<Member, { kind: "folded" }>): FoldedDecoder {
  const rowOf = resultRows(node);
  let keyColumns: readonly KeyColumn[] | null = null;
  return {
    get keyColumns() {
      return keyColumns;
    },
    decode(message) {
      const read = readChangelog(topic, message);
      // What has a number besides is no result, but what results are made of.
      if (read.kind !== "fact" || read.fact.seq > 0) return { kind: "skip", reason: "changelog" };
      const { columns, start, seq, to, element } = read.fact;
      const key: Row = node.window === null ? columns : { ...columns, [WINDOW_START]: start };
      keyColumns = groupColumns(keyColumns, key);
      const shown = element === null || !element.shown
        ? null
        : shownRow(name, () => rowOf(columns, { ...element, start, seq }));
      return {
        kind: "upsert",
        key: keyOf(keyColumns.map((column) => key[column.name])),
        row: shown === null ? { ...key, [FOLDED_TO]: to } : { ...shown, [FOLDED_TO]: to, [FOLDED_SHOWN]: true },
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
