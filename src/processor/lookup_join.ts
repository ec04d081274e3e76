import type { LookupPlan } from "../plan/physical.ts";
import { type Key, keyOfColumns, keyOfOne } from "../record/key.ts";
import { type KeyColumn, keyFrom } from "../record/key_column.ts";
import { type Row, UNKNOWN } from "../record/row.ts";
import type { RightStore } from "../state/right_store.ts";
import { columnAdded, columnPut } from "./column_added.ts";
import { failed, type Operator, type OperatorContext, type StepOf } from "./operator.ts";

/** Right rows, as far as a lookup join knows them. */
export type UsedRights = Pick<RightStore, "use" | "release">;

/** What a lookup join has besides its step. */
export interface LookupJoinOptions extends OperatorContext {
  readonly lookup: LookupPlan;
  /** The right rows that entries of this program use. */
  readonly store: UsedRights;
  /** The input is a row that the lookup join before made for this one alone, so that it may be extended. */
  readonly ownsInput: boolean;
}

/**
 * Foreign-key join. Also the join of two tables on their keys when the right table's rows are other tasks':
 * `foreignKey` is null then, and the row's own key is looked up.
 *
 * Law: the left row with the right row of its foreign key as a column. If there is no such right row, or the foreign
 * key is null, it is the left row with null as the column (left join) or absent (inner join).
 *
 * Algorithm: an index join by links. Each entry is linked to the one right row that it uses, and each right row lists
 * its users. A changed left row moves its link: one look into an index, two neighbours in a list. A changed right row
 * marks its users, and no other entry is looked at. No left rows are kept for the join, and no right rows but those in
 * use.
 *
 * State, in `state/right_store.ts`: the link. It follows the foreign key of the last evaluation that found one, ends
 * when the left row is absent or its foreign key null, and stays while the left row is UNKNOWN or `foreignKey` throws.
 *
 * UNKNOWN is not absent: the first look at a key asks the task that has the right row, and until the answer comes the
 * result is UNKNOWN, also of a left join: with null instead, sinks would show the row without its partner for a moment.
 * The link is made at once, so that the answer finds its users.
 */
export function lookupJoin(step: StepOf<"lookup">, options: LookupJoinOptions): Operator {
  const { input, foreignKey, column, inner, name } = step;
  const { store, keys, keyValue } = options;
  const keyOfRight = foreignKeyOf(options.lookup.keyColumns);
  const withColumn = options.ownsInput ? columnPut(column) : columnAdded(column);
  return (registers, entry) => {
    const left = registers[input];
    if (left === UNKNOWN) return UNKNOWN;
    if (left === null) {
      store.release(entry);
      return null;
    }
    try {
      const raw = foreignKey === null ? undefined : foreignKey(left, keyValue(keys.keyOf(entry)));
      if (foreignKey !== null && raw === undefined) throw noForeignKey();
      const key = foreignKey === null ? keys.keyOf(entry) : raw === null ? null : keyOfRight(raw);
      if (key === null) {
        store.release(entry);
        return inner ? null : withColumn(left, null);
      }
      const right = store.use(entry, key);
      if (right === UNKNOWN) return UNKNOWN;
      return right === null && inner ? null : withColumn(left, right);
    } catch (cause) {
      return failed(options, name, { entry, row: left, cause });
    }
  };
}

/** Taken for null, no row would have a partner, without a word, for a column that is misspelt. */
export function noForeignKey(): TypeError {
  return new TypeError(
    "Cannot use undefined as a foreign key: is a column misspelt in what the callback reads? " +
      "Return null for rows without a partner",
  );
}

/** From what a foreign-key callback returned to the right table's key. */
export function foreignKeyOf(columns: readonly KeyColumn[] | null): (raw: unknown) => Key {
  if (columns !== null && columns.length === 1) {
    const [{ name, text }] = columns;
    const exact = text === "as_is" ? keyOfOne : (value: unknown) => keyFrom(columns, [value]);
    return (raw) => isColumns(raw) ? exact(columnOf(raw, name)) : exact(raw);
  }
  return (raw) => {
    if (!isColumns(raw)) return keyOfOne(raw);
    if (columns !== null) return keyFrom(columns, columns.map(({ name }) => columnOf(raw, name)));
    return keyOfColumns(raw);
  };
}

/** @throws TypeError for a column that is not there: taken for null, the row would have no partner, without a word */
function columnOf(raw: Row, name: string): unknown {
  const value = raw[name];
  if (value === undefined && !Object.hasOwn(raw, name)) {
    const given = Object.keys(raw).join(", ") || "nothing";
    throw new TypeError(
      `Cannot use an object without "${name}" as a foreign key: current value has ${given}. ` +
        "Return every key column of the right table, or null for no partner",
    );
  }
  return value;
}

/** An object of several columns, and not one value such as a Decimal. */
function isColumns(raw: unknown): raw is Row {
  return typeof raw === "object" && raw !== null && !("toJSON" in raw);
}
