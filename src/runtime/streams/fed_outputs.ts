import type { EventFlow, StagePlan } from "../../plan/physical.ts";
import { digestOf } from "../../record/digest.ts";

/** So many are remembered that are not declared any more: Kafka takes 4096 bytes with a position. */
const AWAY_MAX = 32;

/** Records of a partition that did not go into something: so many, and offsets between which they all are. */
export interface Missed {
  readonly records: number;
  readonly from: number;
  /** The offset behind the last one. */
  readonly to: number;
}

/** What is known of a stage, a table or a topic that the records of a partition go into. */
export interface FedOutput {
  /** The offset before which they went into it, as it is not declared any more; null: they go into it. */
  readonly until: number | null;
  readonly missed: Missed | null;
  /** The offset from which they went into it, if it was declared when others had been read already; else 0. */
  readonly since: number;
}

/** All that a partition's records go into, or went, by a digest of its name. */
export type FedOutputs = ReadonlyMap<string, FedOutput>;

/** The names of all that a plan's events go into. */
export function outputNames(
  { shuffles, sinks, outputs }: Pick<EventFlow, "shuffles" | "sinks" | "outputs">,
  stages: readonly Pick<StagePlan, "node">[],
): string[] {
  return [
    ...new Set(shuffles.map(({ stage }) => `"${stages[stage].node.name}"`)),
    ...sinks.map(({ table }) => `table "${table.name}"`),
    ...outputs.map(({ topic }) => `topic "${topic}"`),
  ];
}

/**
 * What a partition's records go into from this offset on. `known`: what was committed with it; null: nothing is known.
 * What was there before, and was not declared for a while, has missed what came meanwhile. What was never there begins
 * here, and misses nothing.
 */
export function fedFrom(
  known: FedOutputs | null,
  { names, offset }: { readonly names: readonly string[]; readonly offset: number },
): FedOutputs {
  const fed = new Map<string, FedOutput>();
  for (const id of names.map(idOf)) {
    const before = known?.get(id);
    const since = before?.since ?? (known === null ? 0 : offset);
    fed.set(id, { until: null, missed: before === undefined ? null : missedBy(before, offset), since });
  }
  const away = [...known ?? []].filter(([id]) => !fed.has(id)).map(([id, { until, ...rest }]) => {
    // Offsets begin again where a topic is made again.
    return [id, { until: Math.min(until ?? offset, offset), ...rest }] as const;
  });
  away.sort(([, a], [, b]) => b.until - a.until);
  return new Map([...fed, ...away.slice(0, AWAY_MAX)]);
}

/**
 * From where the changes of a table are read, which are there for whoever joins them later: from `offset`, before which
 * all is done, unless one of these has not had all of them. Others pass over what comes again. `first`: where the
 * partition begins.
 */
export function changesFrom(
  known: FedOutputs | null,
  { names, first, offset }: { readonly names: readonly string[]; readonly first: number; readonly offset: number },
): number {
  const untils = names.map((name) => {
    const before = known?.get(idOf(name));
    return before === undefined ? first : before.until ?? offset;
  });
  return Math.max(first, Math.min(offset, ...untils));
}

function missedBy({ until, missed }: FedOutput, offset: number): Missed | null {
  if (until === null || until >= offset) return missed;
  return { records: (missed?.records ?? 0) + offset - until, from: Math.min(missed?.from ?? until, until), to: offset };
}

/** Which of these have missed something, and what. */
export function missedOf(
  fed: FedOutputs,
  names: readonly string[],
): { readonly name: string; readonly missed: Missed }[] {
  return names.flatMap((name) => {
    const { missed = null } = fed.get(idOf(name)) ?? {};
    return missed === null ? [] : [{ name, missed }];
  });
}

/** Which of these have not had all records from the first one on: they were declared later, or away for a while. */
export function begunLater(fed: FedOutputs, names: readonly string[]): string[] {
  const short = new Set(missedOf(fed, names).map(({ name }) => name));
  return names.filter((name) => short.has(name) || (fed.get(idOf(name))?.since ?? 0) > 0);
}

/** Says what is short of which records of a partition, and what can be done; null if nothing is. */
export function missedProblem(
  fed: FedOutputs,
  { names, topic, partition }: {
    readonly names: readonly string[];
    readonly topic: string;
    readonly partition: number;
  },
): string | null {
  const byText = Map.groupBy(
    missedOf(fed, names),
    ({ missed: { records, from, to } }) =>
      `${records} records of topic "${topic}", partition ${partition} (offsets ${from} to ${to - 1})`,
  );
  if (byText.size === 0) return null;
  const parts = [...byText].map(([text, those]) => `${those.map(({ name }) => name).join(" and ")} of ${text}`);
  const remedy =
    "Under another name each begins anew, with the events that come; a topology of another name reads all " +
    "that the topic has";
  return `Results are short of events that were read while these were not declared: ${parts.join("; ")}. They are ` +
    `not read again. ${remedy}`;
}

/** As plain data: by digest, as short as it can be. */
export function encodeFed(fed: FedOutputs): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries([...fed].map(([id, { until, missed, since }]) => {
    const begun = since > 0 ? [since] : [];
    if (missed !== null) return [id, [until ?? -1, missed.records, missed.from, missed.to, ...begun]];
    return [id, until === null && since === 0 ? [] : [until ?? -1, ...begun]];
  }));
}

/** Back from {@link encodeFed}; undefined for anything else. */
export function decodeFed(value: unknown): FedOutputs | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fed = new Map<string, FedOutput>();
  for (const [id, numbers] of Object.entries(value)) {
    if (!Array.isArray(numbers) || !numbers.every(Number.isSafeInteger)) return undefined;
    const [until = -1, ...rest] = numbers as number[];
    if (rest.length === 2 || rest.length > 4) return undefined;
    const since = rest.length === 1 || rest.length === 4 ? rest.pop()! : 0;
    const [records, from, to] = rest;
    fed.set(id, { until: until < 0 ? null : until, missed: rest.length === 0 ? null : { records, from, to }, since });
  }
  return fed;
}

function idOf(name: string): string {
  return digestOf(name).toString(36);
}
