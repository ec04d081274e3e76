import { BeyondRetention, horizonsOf } from "../verify/beyond_retention.ts";
import { differencesOf } from "./differences_of.ts";
import type { FollowedResults, FollowedTotals } from "./followed_totals.ts";
import { type Compared, expectedNow, type Look, reading, versioned, type WholeLook } from "./look.ts";
import type { TakenRows } from "./proof_report.ts";
import type { ShownRows } from "./shown_sink.ts";
import { type ReadRows, wholeRows, withoutSources } from "./slice_rows.ts";

/** The mark of what was read from the log alone: nobody has to send it there. */
export const OF_THE_LOG = "";

const BEYOND = "their windows are older than their retention, so that ClickHouse alone has them";

/** What a look at results of streams found. */
export interface TotalsLook extends Look {
  readonly taken: readonly TakenRows[];
}

/** A sink that shows results of streams. */
export type ComparedTotals = Compared & { readonly totals: FollowedTotals };

/**
 * Compares all rows of a sink that shows results of streams: with what all events make, and where a result may be right
 * that they do not make, with what Weir keeps. @throws TooManyRows @throws NotYetRead while there is more to be read
 */
export async function lookAtTotals(
  compared: ComparedTotals,
  { rowsMax, breathe, excuse }: WholeLook,
): Promise<TotalsLook> {
  const { sink, totals } = compared;
  const ofTheLog = sink.sources.size === 0;
  // First of all: until everything is read the source need not be.
  const followed = await totals.follow();
  await compared.shown.prepare?.();
  const { rows, mark } = ofTheLog
    ? { rows: withoutSources(compared), mark: OF_THE_LOG }
    : await reading(compared, (truth) => wholeRows({ ...compared, truth }, { rowsMax, breathe }));
  const read = rows.read + followed;
  const results = new Map(sink.folded.map((node) => [node.id, totals.of(node)]));
  // Asked behind both, so that what is shown is not older than what it is compared with for longer than need be.
  const shown = await compared.shown.range({ after: null, upTo: null });
  const { differences, ...found } = judged(compared, { results, rows, shown });
  const versions = await versioned(compared, { found: differences, excuse: ofTheLog ? null : excuse });
  return { ...found, differences: versions, mark, read };
}

interface Judging {
  /** By node. */
  readonly results: ReadonlyMap<number, FollowedResults>;
  readonly rows: ReadRows;
  readonly shown: ShownRows;
}

type Found = ReturnType<typeof differencesOf>;

function judged(
  compared: Compared,
  { results, rows, shown }: Judging,
): { readonly rows: number; readonly differences: Found; readonly taken: readonly TakenRows[] } {
  const { key } = compared.shown;
  const all = [...results.values()];
  const reason = [...new Set(all.flatMap((one) => one.reason ?? []))].join("; ");
  const expected = (pick: (of: FollowedResults) => FollowedResults["made"]) =>
    expectedNow(compared, { rows, folded: ({ id }) => pick(results.get(id)!)!() });
  const takenOf = (rows: number, gone: number): TakenRows[] =>
    [{ rows, reason }, { rows: gone, reason: BEYOND }].filter((one) => one.rows > 0);
  const isMade = all.every(({ made }) => made !== null);
  const made = isMade ? expected((one) => one.made) : null;
  const unmade = made === null ? null : differencesOf(key, { expected: made, shown });
  if (made !== null && reason === "") return { rows: made.byKey.size, differences: unmade!, taken: [] };
  const kept = expected((one) => one.kept ?? one.made);
  const isBeyond = beyondOf(compared, results);
  const other = differencesOf(key, { expected: kept, shown });
  const beyond = new Set(other.filter((one) => one.expected === null && isBeyond(one.text, shown)).map(textOf));
  if (made === null) {
    const differences = other.filter(({ text }) => !beyond.has(text));
    return { rows: rowsIn(differences), differences, taken: takenOf(kept.byKey.size - rowsIn(other), beyond.size) };
  }
  const unequal = new Set(unmade!.map(textOf));
  // A row that its events make is right, whatever Weir keeps. That they make none says nothing: somebody may have
  // removed what Weir keeps.
  const isRight = (text: string) => made.byKey.has(text) && !unequal.has(text);
  const differences = other.filter(({ text }) => !beyond.has(text) && !isRight(text));
  const differing = new Set(differences.map(textOf));
  const left = [...unequal].filter((text) => !differing.has(text));
  const gone = left.filter((text) => beyond.has(text)).length;
  const equal = made.byKey.size - rowsIn(unmade!);
  return { rows: equal + rowsIn(differences), differences, taken: takenOf(left.length - gone, gone) };
}

function textOf({ text }: Found[number]): string {
  return text;
}

/** Keys of which a row should be there. */
function rowsIn(found: Found): number {
  return found.filter(({ expected }) => expected !== null).length;
}

/** Whether of a key that is shown nobody knows any more what it should be. */
function beyondOf(
  { topology, sink, shown: { names } }: Compared,
  results: Judging["results"],
): (text: string, shown: ShownRows) => boolean {
  const horizons = new Map([...results].map(([id, { horizonUs }]) => [id, horizonUs]));
  const own = new Map([...horizons].filter(([, horizonUs]) => horizonUs > -Infinity));
  const horizonUs = horizonsOf(topology, own).get(sink.plan.name);
  if (horizonUs === undefined) return () => false;
  const types = new Map(sink.plan.table.columns.map(({ name, type }) => [name, type]));
  const columns = Object.fromEntries(names.map((name) => [name, types.get(name)!]));
  const beyond = new BeyondRetention({ columns }, horizonUs);
  return (text, shown) => (shown.get(text) ?? []).every((row) => beyond.leavesOut(row));
}
