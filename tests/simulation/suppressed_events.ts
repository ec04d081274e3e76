import {
  clickhouse,
  clickhouseAppend,
  type KTable,
  type TopologyBuilder,
  untilTimeLimit,
  untilWindowCloses,
  type WindowColumns,
  type WindowKey,
} from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";

const lately = clickhouse("lately", { columns: { rest: "Int64", n: "UInt64" }, key: ["rest"] });
const told = clickhouseAppend("told", { columns: { rest: "Int64", n: "UInt64" }, orderBy: ["rest", "n"] });
const SPAN = { rest: "Int64", window_start: "Int64", n: "UInt64" } as const;
const spans = clickhouse("spans", { columns: SPAN, key: ["rest", "window_start"] });
const closed = clickhouse("closed", { columns: SPAN, key: ["rest", "window_start"] });
const closings = clickhouseAppend("closings", { columns: SPAN, orderBy: ["rest", "window_start"] });

/** Tables of which not every change is told, and one of what they are made of. */
export const SUPPRESSED_TABLES = [lately, spans, closed].map(({ spec }) => spec.name);

const LIMIT_MS = 3_000;
/** So many rows of a partition wait at most. */
const RECORDS_MAX = 2;

type Counted = { readonly rest: number; readonly n: number };
type Rest = { readonly rest: number };

/** Changes of totals wait for a time limit, of which some are told early; those of windows until these close. */
export function declareSuppressed(
  builder: TopologyBuilder,
  { totals, windows }: {
    readonly totals: KTable<Rest, Counted>;
    readonly windows: KTable<Rest & WindowKey, Counted & WindowColumns>;
  },
): void {
  const late = totals.suppress(
    "by_rest_lately",
    untilTimeLimit({ milliseconds: LIMIT_MS }, { maxRecords: RECORDS_MAX, whenFull: "emit" }),
  );
  late.to(lately);
  builder.toStream(late).mapValues((row) => ({ rest: row!.rest, n: row!.n })).to(told);
  windows.to(spans);
  const final = windows.suppress("by_span_closed", untilWindowCloses());
  final.to(closed);
  builder.toStream(final).mapValues((row) => row!).to(closings);
}

/** What the simulation knows of the events. */
export interface Counts {
  /** How many events there are of each rest. */
  readonly counts: ReadonlyMap<number, number>;
  /** Which rests are in one partition. */
  readonly partitionOf: (rest: number) => number;
}

/**
 * What is wrong with the rows that were told. Which ones is chance, but each comes once, tells how many events there
 * were at some time, and is shown until the next one is told; few wait; and a window is told as it is in the end.
 * `complete`: nothing is under way.
 */
export function suppressedProblems(
  memory: Pick<MemoryWarehouse, "appendedRows" | "select">,
  { counts, partitionOf }: Counts,
  { complete }: { readonly complete: boolean },
): string[] {
  const changes = memory.appendedRows(told.spec.name).map(({ rest, n }) => ({ rest: Number(rest), n: Number(n) }));
  const windows = namesOf(memory.appendedRows(closings.spec.name));
  const twice = [...repeated(changes.map(({ rest, n }) => `told ${rest}: ${n}`)), ...repeated(windows)];
  const never = changes.filter(({ rest, n }) => n < 1 || n > (counts.get(rest) ?? 0));
  const problems = [
    ...twice.map((name) => `${name} twice`),
    ...never.map(({ rest, n }) => `told ${rest}: ${n}, which it never was`),
  ];
  if (!complete) return problems;
  const last = new Map<number, number>();
  for (const { rest, n } of changes) last.set(rest, Math.max(n, last.get(rest) ?? 0));
  const shown = memory.select(lately.spec.name).map(({ rest, n }) => `${rest}: ${n}`).sort();
  const wanted = [...last].map(([rest, n]) => `${rest}: ${n}`).sort();
  if (shown.join() !== wanted.join()) problems.push(`lately shows ${shown.join()}, told was ${wanted.join()}`);
  const waiting = [...counts].filter(([rest, count]) => count > (last.get(rest) ?? 0)).map(([rest]) => rest);
  for (const [partition, rests] of Map.groupBy(waiting, partitionOf)) {
    if (rests.length > RECORDS_MAX) problems.push(`of partition ${partition}, ${rests.join()} wait`);
  }
  const [final, all] = [closed, spans].map(({ spec }) => new Set(namesOf(memory.select(spec.name))));
  if ([...final].sort().join() !== windows.sort().join()) problems.push(`closed shows ${[...final]}, told ${windows}`);
  return [...problems, ...[...final].filter((name) => !all.has(name)).map((name) => `${name} is not what it is now`)];
}

function namesOf(rows: readonly object[]): string[] {
  return (rows as readonly { rest: unknown; window_start: unknown; n: unknown }[])
    .map(({ rest, window_start, n }) => `window ${rest} ${window_start}: ${n}`);
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) < index);
}
