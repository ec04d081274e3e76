import { keyColumnsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";
import { Decimal } from "../../record/decimal.ts";
import { stepsText } from "../../record/integer_range.ts";
import { type Key, keyParts, keyText, keyValueText, parseKeyText } from "../../record/key.ts";

/**
 * Names of the columns that must carry the key in the rows of a sink, in the order of the key. A topic's keys are made
 * of the key alone; but where it is a group's, rows tell whether the columns are named as the group's.
 */
export function carriedKeyOf(plan: SinkPlan): readonly string[] {
  return plan.table.output === undefined || plan.byName ? keyColumnsOf(plan) : [];
}

/** JSON array, without its closing bracket, of the key columns of a sink for a row key: what a tombstone needs. */
export function keyLineOf(plan: SinkPlan, key: Key): string {
  const { keyOrder, table } = plan;
  if (table.output !== undefined) return `[${keyText(key)}`;
  const parts = keyParts(key);
  return `[${typesOf(plan).map((type, index) => cellOf(type, parts[keyOrder[index]])).join(",")}`;
}

/**
 * The key of a row that ClickHouse shows, from the text kept with it. Earlier versions wrote some keys in other forms
 * (`"7.00"` for the decimal that is `7` now): taken apart by the types of the key columns, they are the same key, so
 * that no tombstone of the one form can delete the row of the other.
 */
export function shownKeyOf(plan: SinkPlan, text: string): Key {
  const { keyOrder, table } = plan;
  if (table.output !== undefined) return parseKeyText(text);
  const types = typesOf(plan);
  if (!types.some(hasOlderForm)) return parseKeyText(text);
  const parts = keyParts(text);
  if (parts.length !== types.length) return parseKeyText(text);
  types.forEach((type, index) => parts[keyOrder[index]] = canonical(type, parts[keyOrder[index]]));
  return parseKeyText(parts.join(","));
}

/** A plan's types never change, and many rows are deleted by one plan: they are taken apart once. */
const types = new WeakMap<SinkPlan, readonly ClickHouseType[]>();

/** Types of the key columns, in the table's key order. */
function typesOf(plan: SinkPlan): readonly ClickHouseType[] {
  let known = types.get(plan);
  if (known === undefined) {
    const declared = new Map(plan.table.columns.map(({ name, type }) => [name, type]));
    types.set(plan, known = plan.table.key.map((column) => parseClickHouseType(declared.get(column)!)));
  }
  return known;
}

function hasOlderForm({ name }: ClickHouseType): boolean {
  return name === "Decimal" || name === "Float" || name === "UUID";
}

/** Canonical text of a key part that a column of this type shows. */
function canonical(type: ClickHouseType, part: string): string {
  if (part === "null") return part;
  switch (type.name) {
    case "Decimal": {
      const decimal = Decimal.tryParse(part.replaceAll('"', ""));
      return decimal === null ? part : keyValueText(decimal);
    }
    case "Float":
      return Number.isFinite(Number(part)) ? keyValueText(Number(part)) : part;
    case "UUID":
      return part.toLowerCase();
    default:
      return part;
  }
}

/** JSON text of a key part as the row encoder would write it. */
function cellOf(type: ClickHouseType, part: string): string {
  switch (type.name) {
    case "Date":
    case "Date32":
      return /^-?\d+$/.test(part) ? `"${new Date(Number(part) * 86_400_000).toISOString().slice(0, 10)}"` : part;
    case "DateTime":
    case "DateTime64":
      return /^-?\d+$/.test(part) ? stepsText(type)(Number(part)) : part;
    case "Decimal":
      return /^-?\d/.test(part) ? `"${part}"` : part;
    case "Float":
      return part === "null" ? part : String(Number(part));
    default:
      return part;
  }
}
