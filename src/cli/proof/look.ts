import type { Topology } from "../../dsl/topology.ts";
import type { OracleOptions } from "../../oracle/oracle.ts";
import type { CanonicalRow, ExpectedRows } from "../verify/compare.ts";
import { expectedRows } from "../verify/expected_rows.ts";
import { expires } from "../verify/moments.ts";
import type { KeyRange, RangedTruth, WireRow } from "../verify/ranged_truth.ts";
import { differencesOf } from "./differences_of.ts";
import type { FollowedTotals } from "./followed_totals.ts";
import type { ProofPace } from "./proof_pace.ts";
import type { ProofSource } from "./proof_source.ts";
import type { ProvedSink } from "./proved_sinks.ts";
import type { ShownReader, ShownRows } from "./shown_sink.ts";
import type { SinkKey } from "./sink_key.ts";
import { type ReadRows, wholeRows, withRights } from "./slice_rows.ts";
import type { Difference } from "./suspects.ts";

/** A row that expires has left ClickHouse so long afterwards, if nothing is late. */
const EXPIRY_MS = 3_000;
const SKEW_MS = 1_000;

/** A sink, and both sides that are compared. */
export interface Compared {
  readonly topology: Topology;
  readonly sink: ProvedSink;
  readonly shown: ShownReader;
  readonly source: ProofSource;
  /** What it shows of streams; null: nothing. */
  readonly totals: FollowedTotals | null;
}

/** What one look at some rows of a sink found. */
export interface Look {
  /** Rows that should be there. */
  readonly rows: number;
  readonly differences: readonly Difference[];
  /** Names the instant at which the source was read. */
  readonly mark: string;
  /** Rows that were read from the source. */
  readonly read: number;
}

/** What Weir says itself of rows that cannot be read or computed; null: nothing that it shows is older for it. */
export type Excuse = string | null;

/** Compares the rows that come next in the order of their keys. `upTo`: the last key compared; null: none is left. */
export async function lookAtRange(
  compared: Compared,
  { after, rowsMax, excuse }: { readonly after: string | null; readonly rowsMax: number; readonly excuse: Excuse },
): Promise<Look & { readonly upTo: string | null }> {
  const { sink } = compared;
  const roots = sink.roots!;
  let range: KeyRange = { after, upTo: null };
  const { rows, mark } = await reading(compared, async (truth) => {
    const [first, ...others] = roots.map((topic) => sink.sources.get(topic)!.spec);
    const begun = new Map<string, readonly WireRow[]>();
    const found = await truth.range(first, { after, rowsMax });
    range = { after, upTo: found.upTo };
    begun.set(first.topic, found.rows);
    for (const other of others) begun.set(other.topic, await truth.within(other, range));
    return withRights({ ...compared, truth }, begun);
  });
  const shown = await compared.shown.range(range);
  const isIn = inRange(compared, range);
  return { ...await judged(compared, { rows, shown, isIn, excuse, precise: true }), mark, upTo: range.upTo };
}

/** Compares the rows of these keys alone. */
export async function lookAtKeys(
  compared: Compared,
  { keys, excuse }: { readonly keys: readonly SinkKey[]; readonly excuse: Excuse },
): Promise<Look> {
  const { sink, shown } = compared;
  const places = sink.keyColumns.map((name) => sink.plan.table.key.indexOf(name));
  const asked = keys.map((key) => places.map((place) => String(key[place])));
  const { rows, mark } = await reading(compared, async (truth) => {
    const begun = new Map<string, readonly WireRow[]>();
    for (const topic of sink.roots!) {
      const { spec, kinds } = sink.sources.get(topic)!;
      begun.set(topic, await truth.some(spec, { keys: asked, kinds: kinds! }));
    }
    return withRights({ ...compared, truth }, begun);
  });
  const wanted = new Set(keys.map((key) => shown.textOf(key)));
  const isIn = (row: CanonicalRow) => wanted.has(shown.textOf(shown.keyOf(row)));
  return { ...await judged(compared, { rows, shown: await shown.some(keys), isIn, excuse, precise: true }), mark };
}

/** How all rows are looked at. */
export type WholeLook = Pick<ProofPace, "rowsMax" | "breathe"> & { readonly excuse: Excuse };

/** Compares all rows at once. */
export async function lookAtAll(compared: Compared, { rowsMax, breathe, excuse }: WholeLook): Promise<Look> {
  await compared.shown.prepare?.();
  const { rows, mark } = await reading(
    compared,
    (truth) => wholeRows({ ...compared, truth }, { rowsMax, breathe }),
  );
  const shown = await compared.shown.range({ after: null, upTo: null });
  return { ...await judged(compared, { rows, shown, isIn: () => true, excuse, precise: false }), mark };
}

/** Reads at one instant, which is over when the rows are there. */
export async function reading(
  { source }: Compared,
  read: (truth: RangedTruth) => Promise<ReadRows>,
): Promise<{ readonly rows: ReadRows; readonly mark: string }> {
  const truth = await source.open();
  try {
    const rows = await read(truth);
    // Asked for last: an instant that is later than the one that was read only makes one wait longer.
    return { rows, mark: await truth.mark() };
  } finally {
    await truth.close();
  }
}

interface Judged {
  readonly rows: ReadRows;
  readonly shown: ShownRows;
  /** Whether a row is one of those that are compared: right rows of the same table are read, too. */
  readonly isIn: (row: CanonicalRow) => boolean;
  readonly excuse: Excuse;
  /** Whether the rows that were read are needed by the compared rows alone, not by all of the table. */
  readonly precise: boolean;
}

async function judged(
  compared: Compared,
  { rows, shown, isIn, excuse, precise }: Judged,
): Promise<Omit<Look, "mark">> {
  const expected = expectedNow(compared, { rows });
  const found = differencesOf(compared.shown.key, { expected: onlyThose(expected, isIn), shown });
  const excused = excuse !== null && (!precise || rows.troubled) ? excuse : null;
  return {
    rows: expected.byKey.size,
    differences: await versioned(compared, { found, excuse: excused }),
    read: rows.read,
  };
}

/** The rows that should be shown now, where rows expire for as long as one looks. */
export function expectedNow(
  { topology, shown }: Pick<Compared, "topology" | "shown">,
  { rows, folded }: { readonly rows: ReadRows; readonly folded?: OracleOptions["folded"] },
): ExpectedRows {
  const nowMs = Date.now();
  const passing = expires(topology);
  const from = rows.compute((nowMs - (passing ? EXPIRY_MS : 0)) * 1_000, folded);
  const later = passing ? rows.compute((nowMs + SKEW_MS) * 1_000, folded) : null;
  if (shown.expected !== undefined) return shown.expected(from, later);
  return expectedRows({ rows: from.values(), later: later?.values() ?? null }, shown).expected;
}

/** Differences with what Weir wrote last of their keys. */
export async function versioned(
  { shown }: Pick<Compared, "shown">,
  { found, excuse }: { readonly found: ReturnType<typeof differencesOf>; readonly excuse: Excuse },
): Promise<readonly Difference[]> {
  if (found.length === 0) return [];
  const versions = await shown.versions(found.map(({ key }) => key));
  return found.map((one) => ({ ...one, version: versions.get(one.text) ?? null, excuse }));
}

function onlyThose(expected: ExpectedRows, isIn: (row: CanonicalRow) => boolean): ExpectedRows {
  return { ...expected, byKey: new Map([...expected.byKey].filter(([, row]) => isIn(row))) };
}

/** A sink's key columns carry the key of its table; a row that comes under another one cannot be compared by ranges. */
export class OtherKeys extends Error {}

function inRange({ sink, shown }: Compared, { after, upTo }: KeyRange): (row: CanonicalRow) => boolean {
  const place = shown.names.indexOf(sink.keyColumns[0]);
  const [from, to] = [after, upTo].map((digits) => digits === null ? null : BigInt(digits));
  const looksUpItself = sink.roots!.some((topic) => sink.lookedUp.has(topic));
  return (row) => {
    const value = BigInt(String(row[place]));
    const isIn = (from === null || value > from) && (to === null || value <= to);
    if (!isIn && !looksUpItself) throw new OtherKeys();
    return isIn;
  };
}
