import type { PartitionOffsets, TopicDescription } from "../../ports/log.ts";
import type { Chore } from "../../state/chores.ts";
import type { Entries } from "../../state/entries.ts";
import type { Task } from "../task/task.ts";
import type { Instance } from "./instance.ts";
import type { Restored } from "./snapshot_keeper.ts";
import type { Standby } from "./standby.ts";
import type { TaskHost } from "./task_host.ts";

/** Entries that change hands in one turn of the event loop. */
const ENTRIES_PER_TURN = 4_000;

/** A task that is about to begin: its HELLO is written, and its topics were asked for after that. */
export interface Beginning {
  readonly offsets: ReadonlyMap<string, PartitionOffsets>;
  /** The topics of which there is a standby, as they are now. */
  readonly sources: ReadonlyMap<string, TopicDescription>;
  /** Makes the task, with these entries if there are any; one that is not used is thrown away. */
  readonly begin: (entries?: Entries) => Task;
}

interface WarmStart extends Beginning {
  readonly instance: Instance;
}

/**
 * Begins a task with what there is of it: the rows that this instance kept as its standby, or its snapshot. A standby
 * that has read everything at least once comes first: its rows are there, and evaluating them takes no longer than
 * reading the file and comparing. Null if there is neither, or none that fits. While the log does not answer, the
 * standby stays what it is.
 * @throws ProductionError, retriable, when the log does not answer
 */
export async function warmStart(host: TaskHost, start: WarmStart): Promise<Restored | null> {
  const { standby } = host;
  const { offsets, begin, instance } = start;
  const fits = standby !== null && await fitsNow(standby, start);
  // Another start of the task, which waited for the log as long, may have taken the rows meanwhile; or a correction has
  // come that they cannot take in: nobody tells it to a standby that is to become the task.
  const isFree = () => host.standby === standby && standby?.rows?.source.isWhole === true;
  if (fits && standby.complete && isFree()) return await takeOver(host, start);
  const restored = await instance.snapshots.restore(host, offsets, () => begin());
  if (fits && restored === null && isFree()) return await takeOver(host, start);
  host.standby = null;
  if (fits && restored !== null) {
    ignore(instance, { task: standby.id, reason: "it has not read everything yet, and there is a snapshot" });
  }
  return restored;
}

async function takeOver(host: TaskHost, { begin, instance }: WarmStart): Promise<Restored> {
  const standby = host.standby!;
  // Whatever becomes of this start: what a task has taken is no standby any more.
  host.standby = null;
  const rows = standby.rows!;
  const task = begin(rows.entries);
  await inTurns(rows.become({ task, letters: instance.context.letters }), instance);
  return {
    task,
    positions: standby.covered.map(({ position }) => position),
    leaderEpochs: standby.covered.map(({ leaderEpoch }) => leaderEpoch),
    freshMs: standby.freshMs,
    remembered: null,
    warm: true,
  };
}

async function fitsNow(standby: Standby, { offsets, sources, instance }: WarmStart): Promise<boolean> {
  const { clock, log } = instance.ports;
  const why = await standby.whyUnfit({ sources, offsets, nowMs: clock.nowMs(), log });
  if (why !== null) ignore(instance, { task: standby.id, reason: why });
  return why === null;
}

function ignore({ onEvent }: Instance, why: { readonly task: string; readonly reason: string }): void {
  onEvent({ kind: "standby ignored", ...why });
}

async function inTurns(chore: Chore, { ports: { clock } }: Instance): Promise<void> {
  for (let entries = 1; !chore.next().done; entries++) if (entries % ENTRIES_PER_TURN === 0) await clock.breathe();
}
