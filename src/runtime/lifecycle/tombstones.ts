import { ConfigError } from "../../record/errors.ts";
import type { Assignments } from "./assignments.ts";
import type { Instance } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

/** A source of which nothing was taken for so long stands still: a restart would not read it any faster. */
const STILL_MS = 10_000;
/** A load that begins anew for this reason may take too long once: something may have held it up. */
const LATE_LOADS_MAX = 1;

/**
 * Ends what was read too slowly. A log keeps a tombstone for `delete.retention.ms` from the first compaction that saw
 * it, which also removed the row before it. Whoever read that row, and does not come to the tombstone within that time,
 * may never see it and hold a deleted row for ever. The records that come next are as old as the last one taken, at
 * most, and nothing was read before the load began: the younger of the two must be younger than half of the retention.
 *
 * A running task that lags so far loads again. So does one that still loads, once; a second time the topic's setting is
 * refused, since every load would end like that.
 */
export function checkTombstones(
  instance: Instance,
  { assignments, nowMs }: { readonly assignments: Assignments; readonly nowMs: number },
): void {
  for (const host of instance.hosts.values()) {
    const { task } = host;
    if (task === null || host.lag === 0 || host.readingSinceMs === 0) continue;
    const { topic, retentionMs } = shortest(instance, host);
    const sinceMs = Math.max(host.lastRecordMs, host.readingSinceMs);
    if (!Number.isFinite(retentionMs) || nowMs - sinceMs <= retentionMs / 2) continue;
    if (!task.loaded) {
      if (nowMs - host.takenMs > STILL_MS) continue;
      if (host.lateLoads++ >= LATE_LOADS_MAX) return instance.fail(tooSlow(host, { topic, retentionMs, nowMs }));
    }
    assignments.restart(
      host.id,
      `lag beyond half of delete.retention.ms (${retentionMs} ms) of topic "${topic}": tombstones may be gone ` +
        `before they are read`,
    );
  }
}

function shortest({ topics }: Instance, host: TaskHost): { readonly topic: string; readonly retentionMs: number } {
  return host.topics
    .map((topic) => ({ topic, retentionMs: topics.sources.get(topic)!.deleteRetentionMs }))
    .reduce((least, other) => other.retentionMs < least.retentionMs ? other : least);
}

function tooSlow(
  host: TaskHost,
  { topic, retentionMs, nowMs }: { readonly topic: string; readonly retentionMs: number; readonly nowMs: number },
): ConfigError {
  const tookMs = Math.ceil(nowMs - host.readingSinceMs);
  return new ConfigError([
    `Cannot load task "${host.id}" from topic "${topic}": delete.retention.ms is ${retentionMs}, and after ` +
    `${tookMs} ms ${host.lag} records are not read yet. Tombstones may be gone before they are read, and deleted ` +
    `rows would stay. Raise delete.retention.ms of the topic to more than twice the time that a load takes (Kafka's ` +
    `default, 86400000, is a day), then start again`,
  ]);
}
