import { Decimal, type Source, type Topology } from "../../src/mod.ts";
import type { Row } from "../../src/record/row.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Difference, differenceOf, fromScratch } from "./compare.ts";
import { wrongCounts } from "./counts.ts";
import { FLAGSHIPS, STORE } from "./flagships.ts";
import { type Change, type Event, Rows } from "./history.ts";
import { dullRow, SOURCES } from "./plain_tables.ts";
import { build, type Plan } from "./plan.ts";

/** Longer than a life: a snapshot is made when the topology stops. */
const SNAPSHOT_EVERY_MS = 3_600_000;

/** One life of one topology, as a value: what is run is decided by it alone. */
export interface Case {
  /** A plan over the plain tables, or the name of a topology over the online store. */
  readonly topology: Plan | string;
  /** Partitions of the sources by name; the others have 3. */
  readonly partitions: Readonly<Record<string, number>>;
  readonly sliceRows: number;
  /** Of the run options; their default if absent, which is more than the rows of a case. */
  readonly compileAfterRows?: number;
  /** Starts go on from snapshots; they read everything if absent. */
  readonly snapshots?: boolean;
  /** ClickHouse refuses the rows of {@link isRefused}; none if absent. */
  readonly refusals?: boolean;
  readonly events: readonly Event[];
}

/** How a case failed. */
export interface Failure {
  /** Failures of one kind count as the same: "difference", "counts", "needless writes", or an error's class. */
  readonly kind: string;
  /** Where in the history. */
  readonly where: string;
  readonly difference: Difference | null;
  /** What was thrown or written; empty for a difference. */
  readonly message: string;
}

// deno-lint-ignore no-explicit-any -- the names of the tables decide which row goes to which source
type AnySource = Source<any, any>;

/** @throws TopologyError if the plan cannot be. @throws TypeError if there is no topology of that name */
export function topologyOf({ topology }: Case): Topology {
  if (typeof topology !== "string") return build(topology);
  const flagship = FLAGSHIPS.get(topology);
  if (flagship === undefined) {
    throw new TypeError(`Cannot run "${topology}": it is none of ${[...FLAGSHIPS.keys()].join(", ")}`);
  }
  return flagship;
}

/** The row of a table without anything remarkable in it. */
export function dullRowOf({ topology }: Case, table: string, id: number): Row {
  return typeof topology === "string" ? STORE.get(table)!.dull(id) : dullRow(id);
}

function sourceOf({ topology }: Case, table: string): AnySource {
  const source = typeof topology === "string" ? STORE.get(table)?.source : SOURCES.get(table);
  if (source === undefined) throw new TypeError(`Cannot change table "${table}": there is none`);
  return source;
}

/** Looks at a settled driver beside the sinks; what it throws is a failure of the case. */
export type Look = (driver: TopologyTestDriver, life: Case) => Promise<void>;

/**
 * Lives the case: true at every rest, after every start and at the end, and a start without changes writes nothing.
 * `look`: at the end, and after the start there.
 */
export async function run(life: Case, look: Look = () => Promise.resolve()): Promise<Failure | null> {
  const topology = topologyOf(life);
  const { partitions, sliceRows, compileAfterRows, snapshots } = life;
  let where = "at the start";
  try {
    await using driver = createTopologyTestDriver(topology, {
      partitions,
      options: {
        sliceRows,
        allowDeletes: true,
        ...compileAfterRows === undefined ? {} : { compileAfterRows },
        ...snapshots ? { snapshotEveryMs: SNAPSHOT_EVERY_MS } : {},
      },
      refuses: life.refusals ? isRefused : undefined,
    });
    const rows = new Rows();
    let settled: Promise<void> | null = null;
    const differs = () => failureOf(driver, { life, topology, where });
    for (const [index, event] of life.events.entries()) {
      where = `at event ${index + 1}, ${event.do}`;
      switch (event.do) {
        case "put":
        case "delete":
          write(driver, { source: sourceOf(life, event.table), change: event, rows });
          continue;
        case "turns":
          for (let turn = 0; turn < event.turns; turn++) await Promise.resolve();
          continue;
        case "work":
          if (settled !== null) await settled;
          settled = driver.settle();
          settled.catch(() => {});
          continue;
      }
      if (settled !== null) await settled;
      settled = null;
      // What a start finds changed and ClickHouse refuses keeps its older version: no start may find such a thing.
      if (life.refusals) await driver.settle();
      await settledAfter(driver, event);
      const failure = differs();
      if (failure !== null) return failure;
    }
    where = "at the end";
    if (settled !== null) await settled;
    await driver.settle();
    const { writes } = driver;
    const failure = differs();
    if (failure !== null) return failure;
    await look(driver, life);
    where = "after a start at the end";
    await driver.restart();
    await look(driver, life);
    const written = driver.writes - writes;
    return differs() ??
      (written === 0 ? null : {
        kind: "needless writes",
        where,
        difference: null,
        message: `a start without changes wrote ${written} rows`,
      });
  } catch (error) {
    const { name, stack } = error as Error;
    return { kind: name, where, difference: null, message: stack ?? String(error) };
  }
}

/** What is wrong with a driver at rest: with what its sinks show, or with what it counts. */
function failureOf(
  driver: TopologyTestDriver,
  { life: { partitions, refusals }, topology, where }: {
    readonly life: Case;
    readonly topology: Topology;
    readonly where: string;
  },
): Failure | null {
  const difference = differenceOf(driver, { topology, partitions, isRefused: refusals ? isRefused : undefined });
  if (difference !== null) return { kind: "difference", where, difference, message: "" };
  const counts = wrongCounts(driver, fromScratch(driver, { topology, partitions }));
  return counts === null ? null : { kind: "counts", where, difference: null, message: counts };
}

function settledAfter(driver: TopologyTestDriver, event: Exclude<Event, Change>): Promise<unknown> {
  switch (event.do) {
    case "pass":
      return driver.advanceWallClockTime({ minutes: event.minutes });
    case "restart":
      return driver.restart(event.minutes === undefined ? {} : { after: { minutes: event.minutes } });
    default:
      return driver.settle();
  }
}

/** Whether ClickHouse refuses a row of a sink. Shares are never refused: they are no rows. */
export function isRefused(sink: string, { num, tag }: Row): boolean {
  return !sink.startsWith("totals") && typeof num === "number" && (Math.abs(num) + String(tag).length) % 5 === 0;
}

/**
 * A row that is there is updated. One that is not there, as happens in a history without its insert, cannot be deleted.
 */
function write(
  driver: TopologyTestDriver,
  { source, change, rows }: { readonly source: AnySource; readonly change: Change; readonly rows: Rows },
): void {
  const { table } = change;
  const held = rows.get(table, change.do === "put" ? change.row.id as number : change.id) !== undefined;
  if (change.do === "put") {
    if (held) driver.update(source, change.row);
    else driver.insert(source, change.row);
  } else if (held) driver.delete(source, change.id);
  rows.apply(change);
}

/** The case as JSON on one line; {@link parseCase} reads it. Only what is remarkable in a row is in it. */
export function caseText(life: Case): string {
  const events = life.events.map((event) =>
    event.do === "put"
      ? { ...event, row: remarkable(event.row, dullRowOf(life, event.table, event.row.id as number)) }
      : event
  );
  return JSON.stringify({ ...life, events }, function (this: Row, name: string, value: unknown) {
    // By now a decimal has become a string.
    return this[name] instanceof Decimal ? { decimal: String(this[name]) } : value;
  });
}

/** @throws SyntaxError if it is no JSON */
export function parseCase(text: string): Case {
  const life: Case = JSON.parse(
    text,
    (_, value) => typeof value?.decimal === "string" ? Decimal.parse(value.decimal) : value,
  );
  const events = life.events.map((event) =>
    event.do === "put"
      ? { ...event, row: { ...dullRowOf(life, event.table, event.row.id as number), ...event.row } }
      : event
  );
  return { ...life, events };
}

/** The columns that are not as in the other row, and the id. */
export function remarkable(row: Row, other: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([column, value]) =>
      column === "id" || JSON.stringify(value) !== JSON.stringify(other[column])
    ),
  );
}
