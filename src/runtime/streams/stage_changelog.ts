import type { FactHead } from "../../formats/changelog_fact.ts";
import { forgottenError } from "../../formats/changelog_horizon.ts";
import type { StagePlan } from "../../plan/physical.ts";
import { retentionUsOf } from "../../plan/retention.ts";
import type { Log, Reader } from "../../ports/log.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { FoundFacts } from "./found_facts.ts";

const POLL_MS = 500;

/** What a changelog has of one partition of a stage. */
export interface LoadedStage {
  /** The greatest of all owners; null if there is none. */
  readonly head: FactHead | null;
  /** How the operator folds. */
  readonly print: string;
  /** The elements, which are as they were written until they are put into an operator. */
  readonly found: FoundFacts;
}

/** Where an operator stands in its topology, or when time passes: not what it makes of events. */
const PLACE: ReadonlySet<string> = new Set([
  ...["id", "inputs", "right", "table", "idleUs", "punctuateWallClock"],
  // Another horizon is told from then on, and no earlier one.
  "retentionUs",
  // Of what waits: how long and how much of it makes no difference to what is kept.
  ...["limitUs", "recordsMax", "bytesMax", "whenFull"],
]);

/** How a stage's operator folds, as far as it can be told: with other facts than its own it would be wrong. */
function foldPrint({ node }: StagePlan): string {
  return JSON.stringify(node, (name, value) => {
    if (PLACE.has(name)) return undefined;
    // As it was written when there were no other stores.
    if (value?.kind === "key-value") return value.name;
    return typeof value === "function" ? "" : value;
  });
}

/**
 * Reads a partition of a stage's changelog to the end that it has then: of each element the fact of the greatest
 * position, whoever wrote it. Resolves to null if it was stopped.
 * @throws ProductionError, or ConfigError if these are facts of an operator that folds otherwise
 */
export async function loadStage(
  plan: StagePlan,
  { partition, log, stopped }: {
    readonly partition: number;
    readonly log: Pick<Log, "reader" | "offsets">;
    readonly stopped: () => boolean;
  },
): Promise<LoadedStage | null> {
  const found = new FoundFacts(plan);
  const reader = log.reader();
  try {
    const { start, end } = await log.offsets(plan.changelog);
    let [position, target] = [start[partition], end[partition]];
    reader.seek(plan.changelog, partition, position);
    while (position < target) {
      if (stopped()) return null;
      position = await take(reader, { position, found });
      // What was compacted away below the end of before may stand behind it.
      if (position >= target) target = (await log.offsets(plan.changelog)).end[partition];
    }
  } finally {
    await reader.close();
  }
  return loaded(plan, found);
}

/** @throws ConfigError */
function loaded(plan: StagePlan, found: FoundFacts): LoadedStage {
  const print = foldPrint(plan);
  const { head } = found;
  if (head !== null && head.print !== print) {
    throw new ConfigError([
      `Cannot go on with "${plan.node.name}": it was declared otherwise when its results were made, and these events ` +
      `are not kept. Give it and its sink another name, and it begins anew with the events that come; or declare it ` +
      `as it was: ${head.print}`,
    ]);
  }
  if (found.horizon !== null && retentionUsOf(plan.node) === null) throw forgottenError(plan.node.name, found.horizon);
  return { head, print, found };
}

async function take(
  reader: Reader,
  { position, found }: { readonly position: number; readonly found: FoundFacts },
): Promise<number> {
  let next = position;
  for (const part of await reader.poll(POLL_MS)) {
    if (part.outOfRange !== undefined) {
      throw new ProductionError(`Cannot read changelog "${part.topic}": its records were deleted meanwhile`, {
        retriable: true,
      });
    }
    if (part.problem !== undefined) throw new ProductionError(part.problem, { retriable: true });
    for (const record of part.records) found.take(record);
    next = part.nextOffset;
  }
  return next;
}
