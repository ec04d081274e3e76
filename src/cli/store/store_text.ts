import type { Row } from "../../record/row.ts";
import { type AnsweredPart, verdictOf } from "../../runtime/stores/merge_answers.ts";
import type { StoreRow } from "../../runtime/stores/read_store.ts";
import { counted, grouped } from "../numbers.ts";
import { textTable } from "../text_table.ts";
import type { GatheredAnswer } from "./gathered_answer.ts";
import { exactJson } from "./store_values.ts";

/** A store in a list of them. */
export interface ListedStore {
  readonly name: string;
  readonly kind: string;
  readonly key: readonly string[] | null;
  readonly partitions: number;
  readonly here: readonly AnsweredPart[];
}

/** The stores of a topology, for people. */
export function storeLines(stores: readonly ListedStore[]): string[] {
  const rows = stores.map(({ name, kind, key, partitions, here }) => [
    name,
    kind,
    key?.join(", ") ?? "",
    partitions === 0 ? "whole" : `${here.length} of ${partitions}`,
    Object.entries(Object.groupBy(here, ({ state }) => state)).map(([state, parts]) => `${parts.length} ${state}`)
      .join(", "),
  ]);
  return textTable(["store", "kind", "key", "partitions here", "state"], rows);
}

/** Rows, and how far the partitions are that they come from. */
export function answerLines(gathered: GatheredAnswer, key: string | null): string[] {
  const { answer, unanswered } = gathered;
  const { rows, next, cut, missing } = answer;
  return [
    ...rows.length > 0 ? rowLines(rows) : [emptyLine(gathered, key)],
    "",
    ...next !== null
      ? [`${counted(rows.length, "row")} shown, and there are more: go on with --after '${exactJson(next)}'`]
      : cut
      ? [`${counted(rows.length, "row")} shown, and there are more behind a key that is masked: raise --limit`]
      : rows.length > 0
      ? [counted(rows.length, "row")]
      : [],
    ...partLines(answer.parts, rows),
    ...horizonLines(answer.parts),
    ...missing.length > 0
      ? [`Not here: ${counted(missing.length, "partition")} (${missing.join(", ")}), which other instances have`]
      : [],
    ...unanswered.map(({ instance, problem }) => `Instance ${instance} has not answered: ${problem}`),
  ];
}

function emptyLine({ answer }: GatheredAnswer, key: string | null): string {
  const what = key === null ? "No rows" : `Nothing is held under key ${key}`;
  const verdict = verdictOf(answer);
  if (verdict === "none") return what;
  if (verdict === "beyond retention") {
    return `Key ${key} is beyond retention: windows that began until ${timeText(answer.beyondUs!)} are kept by ` +
      "ClickHouse alone";
  }
  const restoring = answer.parts.filter(({ state }) => state !== "running").length;
  const why = [
    ...restoring > 0 ? [`${counted(restoring, "partition")} being restored`] : [],
    ...answer.missing.length > 0 ? [`${counted(answer.missing.length, "partition")} elsewhere`] : [],
    ...answer.next !== null || answer.cut ? ["more to look at"] : [],
  ];
  return `${what}, as far as is known: ${why.join(", ")}`;
}

/** That there were more windows; of several partitions, from when on all of them have theirs. */
function horizonLines(parts: readonly AnsweredPart[]): string[] {
  const horizons = parts.flatMap(({ horizonUs }) => horizonUs ?? []);
  if (horizons.length === 0) return [];
  return [`Windows that began until ${timeText(Math.max(...horizons))} are beyond retention: ClickHouse has them`];
}

function timeText(us: number): string {
  return new Date(us / 1_000).toISOString();
}

function rowLines(rows: readonly StoreRow[]): string[] {
  const keys = Object.keys(rows[0].key);
  const values = rows.map(({ value }) => value);
  const columns = values.every(isRow)
    ? [...new Set(values.flatMap((value) => Object.keys(value)))].filter((name) => !keys.includes(name))
    : null;
  const table = rows.map(({ key, value, partition }) => [
    ...keys.map((name) => cellText(key[name])),
    ...columns === null ? [cellText(value)] : columns.map((name) => cellText((value as Row)[name])),
    partition === null ? "" : String(partition),
  ]);
  return textTable([...keys, ...columns ?? ["value"], "partition"], table);
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : exactJson(value).replace(/^"(.*)"$/, "$1");
}

/** Of partitions that rows come from, or that are not running; all others are one line. */
function partLines(parts: readonly AnsweredPart[], rows: readonly StoreRow[]): string[] {
  const told = new Set(rows.map(({ partition }) => partition));
  const some = parts.filter(({ partition, state }) => told.has(partition) || state !== "running");
  const others = parts.length - some.length;
  const table = some.map(({ partition, state, position, lag, instance }) => [
    partition === null ? "all" : String(partition),
    state,
    position.map(({ topic, partition, offset }) => `${topic}/${partition} at ${offset}`).join(", ") || "not known",
    lag === null ? "not known" : grouped(lag),
    instance,
  ]);
  return [
    ...some.length > 0 ? textTable(["partition", "state", "position", "records behind", "instance"], table) : [],
    ...others > 0 ? [`${counted(others, some.length > 0 ? "other partition" : "partition")} running`] : [],
  ];
}
