import { type ChangelogRecord, readChangelog } from "../../formats/changelog_fact.ts";
import { forgottenError, type ToldTime } from "../../formats/changelog_horizon.ts";
import type { Decoder } from "../../formats/decoder.ts";
import { aggregateOf, FOLDED_AGE, FOLDED_KEY, FOLDED_SHOWN, FOLDED_TO } from "../../plan/folded_row.ts";
import type { Member } from "../../plan/physical.ts";
import { goByChange, retentionUsOf } from "../../plan/retention.ts";
import { groupColumns } from "../../processor/group_columns.ts";
import { ageOf, type Result, resultOf } from "../../processor/stateful/result_of.ts";
import { isWholeRow } from "../../processor/stateful/whole_row.ts";
import { DeserializationError } from "../../record/errors.ts";
import { keyOf } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";

/** Reads the results of an aggregate over a stream from its changelog. */
export interface FoldedDecoder extends Decoder {
  /** The key columns in the order of the key: those of the group and the window; null before the first row. */
  readonly keyColumns: readonly KeyColumn[] | null;
}

/** Whether a decoder reads results of a stream. */
export function isFolded(decoder: Decoder | null): decoder is FoldedDecoder {
  return decoder !== null && "keyColumns" in decoder;
}

/** @throws DeserializationError for a state of which a callback makes no result */
function shownResult(name: string, make: () => Result | null): Result | null {
  try {
    return make();
  } catch (cause) {
    throw new DeserializationError("not_a_row_value", `Cannot show a result of "${name}": ${cause}`, { cause });
  }
}

type FoldedMember = Extract<Member, { kind: "folded" }>;

/** What results that go by age are told. @throws ConfigError if they went by age before, and do not any more */
function timeOf(
  read: Extract<ChangelogRecord, { readonly kind: "head" | "horizon" }>,
  { name, node }: Pick<FoldedMember, "name" | "node">,
): { readonly time?: ToldTime } {
  const goByAge = retentionUsOf(node) !== null;
  if (read.kind === "horizon") {
    if (!goByAge) throw forgottenError(name, read.horizon);
    return { time: { kind: "horizon", ...read.horizon } };
  }
  // Of such an aggregate nothing else is kept.
  const { saved } = read.head;
  return goByAge && typeof saved === "number" ? { time: { kind: "stream time", atUs: saved } } : {};
}

/**
 * Makes the decoder of an aggregate's results. Its rows have two columns more: up to where their events are in them,
 * and whether they are results; and the names of their key columns, where these cannot be told from the others.
 */
export function foldedDecoder({ name, topic, node }: FoldedMember): FoldedDecoder {
  const result = resultOf(node);
  const isWhole = isWholeRow(aggregateOf(node).sides[0].aggregates);
  const isAged = goByChange(node);
  let keyColumns: readonly KeyColumn[] | null = null;
  return {
    get keyColumns() {
      return keyColumns;
    },
    decode(message) {
      const read = readChangelog(topic, message);
      if (read.kind === "head" || read.kind === "horizon") {
        return { kind: "skip", reason: "changelog", ...timeOf(read, { name, node }) };
      }
      const kept = read.kind === "fact" ? shownResult(name, () => result(read.fact)) : null;
      if (read.kind !== "fact" || kept === null) return { kind: "skip", reason: "changelog" };
      const { to } = read.fact;
      const { key, row } = kept;
      const columns = keyColumns = groupColumns(keyColumns, key);
      const more: Record<string, string | number> = { [FOLDED_TO]: to };
      if (isWhole) more[FOLDED_KEY] = JSON.stringify(Object.keys(key));
      if (isAged) more[FOLDED_AGE] = ageOf(node, read.fact);
      return {
        kind: "upsert",
        key: keyOf(columns.map((column) => key[column.name])),
        row: row === null ? { ...key, ...more } : { ...row, ...more, [FOLDED_SHOWN]: true },
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
