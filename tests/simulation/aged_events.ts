import { clickhouse, count, type KGroupedStream, session, tumbling } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";

const aged = clickhouse("aged", {
  columns: { rest: "Int64", window_start: "Int64", n: "UInt64" },
  key: ["rest", "window_start"],
});

const visits = clickhouse("aged_visits", {
  columns: { rest: "Int64", window_start: "Int64", window_end: "Int64", n: "UInt64" },
  key: ["rest", "window_start"],
});

/** The tables of windows and sessions that go by age. What is lost of them nobody can make again. */
export const AGED_TABLES: readonly string[] = [aged.spec.name, visits.spec.name];

const WINDOW_MS = 2_000;
/** More than sources of which nothing is known to wait are ahead of others: no event is late. */
const GRACE_MS = 60_000;
const RETENTION_MS = WINDOW_MS + GRACE_MS;
/** About as far apart as the events of one group are. */
const GAP_MS = 1_500;

/** Counts events by short windows, which nobody but ClickHouse keeps for longer than they take events. */
export function declareAged<V extends { readonly n: number }>(grouped: KGroupedStream<{ rest: number }, V>): void {
  const windows = tumbling({ milliseconds: WINDOW_MS }, {
    grace: { milliseconds: GRACE_MS },
    retention: { milliseconds: RETENTION_MS },
  });
  grouped.windowedBy(windows).aggregate("by_age", { n: count() }).to(aged);
  const sessions = session({ milliseconds: GAP_MS }, {
    grace: { milliseconds: GRACE_MS },
    retention: { milliseconds: GRACE_MS + GAP_MS },
  });
  grouped.windowedBy(sessions).aggregate("by_visit", { n: count() }).to(visits);
}

/** The window that an event is in. */
export function agedPlace({ rest, ms }: { readonly rest: number; readonly ms: number }): string {
  return `aged ${rest} ${Math.floor(ms / WINDOW_MS) * WINDOW_MS * 1_000}`;
}

/** What is shown of all windows, also those that everybody else has forgotten: each with its count. */
export function agedRows(memory: Pick<MemoryWarehouse, "select">): (readonly [place: string, n: number])[] {
  return memory.select(aged.spec.name).map(({ rest, window_start, n }) => [`aged ${rest} ${window_start}`, Number(n)]);
}

/** How the sessions that are shown differ from those that all events make, when nothing is under way. */
export function visitProblems(
  memory: Pick<MemoryWarehouse, "select">,
  written: readonly { readonly rest: number; readonly ms: number }[],
): string[] {
  const made = new Set(visitsOf(written));
  const shown = memory.select(visits.spec.name).map(({ rest, window_start, window_end, n }) =>
    `visit of ${rest} from ${window_start} to ${window_end}: ${n}`
  );
  return [
    ...shown.filter((visit) => !made.delete(visit)).map((visit) => `${visit} is shown`),
    ...[...made].map((visit) => `${visit} is not shown`),
  ];
}

function visitsOf(written: readonly { readonly rest: number; readonly ms: number }[]): string[] {
  const byRest = Map.groupBy(written, ({ rest }) => rest);
  return [...byRest].flatMap(([rest, events]) => {
    const sessions: number[][] = [];
    for (const ms of events.map(({ ms }) => ms).sort((a, b) => a - b)) {
      const last = sessions.at(-1);
      if (last !== undefined && ms - last.at(-1)! <= GAP_MS) last.push(ms);
      else sessions.push([ms]);
    }
    return sessions.map((times) => `visit of ${rest} from ${times[0]}000 to ${times.at(-1)}000: ${times.length}`);
  });
}
