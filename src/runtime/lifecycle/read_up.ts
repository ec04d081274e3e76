import { retentionOf } from "../../plan/retention.ts";
import type { TaskTable } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PartitionOffsets } from "../../ports/log.ts";
import type { TaskHost } from "./task_host.ts";

const LOOK_MS = 50;
/**
 * So often at most it is asked again where the topics end. What was removed while a task read to the first end stands
 * behind it, with the horizon before it; whatever stands behind that is younger than any horizon.
 */
const ASKED_MAX = 3;

/** What reading on needs. */
export interface ReadUpOptions {
  readonly clock: Clock;
  /** Where a topic ends now. */
  readonly offsets: (topic: string) => Promise<PartitionOffsets>;
  readonly stopped: () => boolean;
}

/** The tables of these tasks, those last that are read before it is asked what ClickHouse shows of them. */
export function readUpLast(hosts: readonly TaskHost[]): TaskTable[] {
  const tables = [...new Set(hosts.map(({ table }) => table))];
  return [
    ...tables.filter((table) => retentionOf(table) === null),
    ...tables.filter((table) => retentionOf(table) !== null),
  ];
}

/**
 * Where rows go by age, tasks read all that their topics have before it is asked what ClickHouse shows: then they know
 * the horizon, and take no row that nobody keeps. And it is asked once more where the topics end: facts may have been
 * removed while they were read, for a horizon that stands behind what was the end.
 */
export async function readUp(
  table: TaskTable,
  hosts: () => readonly TaskHost[],
  { clock, offsets, stopped }: ReadUpOptions,
): Promise<void> {
  if (retentionOf(table) === null) return;
  for (let asked = 0; !stopped() && asked < ASKED_MAX; asked++) {
    while (!stopped() && hosts().some((host) => !host.caughtUp)) await clock.sleep(LOOK_MS);
    const [topic] = hosts()[0]?.topics ?? [];
    if (topic === undefined) return;
    const { end } = await offsets(topic);
    const behind = hosts().filter(({ partition, positions: [position] }) => position < end[partition]);
    if (behind.length === 0) return;
    for (const host of behind) host.targets = [end[host.partition]];
  }
}
