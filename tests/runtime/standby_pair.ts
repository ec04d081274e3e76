import type { Log, LogRecord } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { readerWith } from "../reader_with.ts";
import type { StepRun } from "./step_run.ts";
import { type openThings, THINGS } from "./things.ts";

export const OPTIONS = { standbys: 1, repairAfterMs: 1e9, metadataEveryMs: 1_000 };
/** Of the topic, where it matters. */
export const DELETE_RETENTION_MS = 60_000;

export type World = Awaited<ReturnType<typeof openThings>>;

/** The log as an instance reads it, which may be held up. */
export function watched(log: Log, change: { readonly id?: () => string; readonly deleteRetentionMs?: number } = {}) {
  const read: LogRecord[] = [];
  const state = { silent: false, epochFailures: 0 };
  const silence = () => Promise.reject(new ProductionError("simulated silence", { retriable: true }));
  const own: Log = {
    async topics(names) {
      const topics = new Map(await log.topics(names));
      const topic = topics.get(THINGS);
      if (topic === undefined) return topics;
      const { id = () => topic.id, deleteRetentionMs = topic.deleteRetentionMs } = change;
      return topics.set(THINGS, { ...topic, id: id(), deleteRetentionMs });
    },
    createTopic: (topic) => log.createTopic(topic),
    alterTopic: (name, changes) => log.alterTopic(name, changes),
    offsets: (topic) => state.silent ? silence() : log.offsets(topic),
    epochEnds: (topic, epochs) => state.epochFailures-- > 0 ? silence() : log.epochEnds(topic, epochs),
    truncateBefore: (topic, place) => log.truncateBefore(topic, place),
    append: (batches) => log.append(batches),
    join: (options) => log.join(options),
    close: () => log.close(),
    reader() {
      const reader = log.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          if (state.silent) return await silence();
          const parts = await reader.poll(waitMs);
          // It was asked before, and what it brings comes late.
          while (state.silent) await new Promise((resolve) => setTimeout(resolve, 1));
          for (const part of parts) if (part.topic === THINGS) read.push(...part.records);
          return parts;
        },
      });
    },
  };
  return { log: own, read, state };
}

export function standbyOf(run: StepRun) {
  return run.runner.status().standbys[0];
}

/** Two instances of one task: the first has it, the other one keeps its rows. */
export async function openPair(world: World, second: Parameters<World["spawn"]>[0] = {}): Promise<[StepRun, StepRun]> {
  const owner = world.spawn({ options: OPTIONS });
  await owner.settled();
  const standby = world.spawn({ ...second, options: { ...OPTIONS, ...second.options } });
  await world.until(() => standbyOf(standby)?.state === "ready");
  return [owner, standby];
}

export function told(run: StepRun, ...kinds: string[]) {
  return run.events.filter(({ kind }) => kinds.includes(kind));
}

export const manyThings = Array.from({ length: 300 }, (_, id) => [id, `name ${id}`] as const);
