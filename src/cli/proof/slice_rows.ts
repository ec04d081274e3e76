import type { Topology } from "../../dsl/topology.ts";
import { computeSinks, type Lookup, type OracleOptions } from "../../oracle/oracle.ts";
import { rootsOf } from "../../oracle/roots.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { KeyKind, RangedTruth, WireRow } from "../verify/ranged_truth.ts";
import { wireReader } from "../verify/truth.ts";
import type { ProvedSink } from "./proved_sinks.ts";
import type { RowsByKey } from "./shown_sink.ts";

/** Rows of sources, as the oracle reads them. */
export interface ReadRows {
  /** The rows of the sink, at a moment in microseconds. `folded`: needed where it shows results of streams. */
  compute(nowUs: number, folded?: OracleOptions["folded"]): RowsByKey;
  /** Rows read from the source. */
  readonly read: number;
  /** Rows that cannot be read, or not be computed: whether what Weir shows of them depends on what it knew before. */
  readonly troubled: boolean;
}

/** A sink of a topology, and where its source rows are. */
export interface SinkOf {
  readonly topology: Topology;
  readonly sink: ProvedSink;
  readonly truth: RangedTruth;
}

/** Right rows that one question asks for. */
const LOOKED_UP_AT_ONCE = 5_000;

/**
 * What is needed to compute the sink's rows of some keys: `begun`, rows by topic, and every right row that these look
 * up, and so on. Each step knows one more join.
 */
export async function withRights(
  { topology, sink, truth }: SinkOf,
  begun: ReadonlyMap<string, readonly WireRow[]>,
): Promise<ReadRows> {
  const tables = new Tables(sink);
  for (const [topic, rows] of begun) tables.add(topic, rows);
  const joins = [...sink.nodes].filter((id) => topology.nodes[id].op === "foreignKeyJoin").length;
  for (let step = 0; step < joins; step++) {
    const wanted: Wanted = new Map();
    const onLookup = ({ right, key }: Lookup) => {
      for (const root of rootsOf(topology, right)) {
        if (root.op === "source") tables.want(wanted, { topic: root.source.topic, key });
      }
    };
    tables.compute(topology, { nowUs: Date.now() * 1_000, onLookup });
    if (wanted.size === 0) break;
    for (const [topic, keys] of wanted) {
      const { spec, kinds } = sink.sources.get(topic)!;
      const all = [...keys.values()];
      for (let from = 0; from < all.length; from += LOOKED_UP_AT_ONCE) {
        tables.add(topic, await truth.some(spec, { keys: all.slice(from, from + LOOKED_UP_AT_ONCE), kinds: kinds! }));
      }
    }
  }
  return tables.rows(topology);
}

/** Of a sink that reads no table. */
export function withoutSources({ topology, sink }: Pick<SinkOf, "topology" | "sink">): ReadRows {
  return new Tables(sink).rows(topology);
}

/** All rows of the sink's sources. `breathe` is called now and then with the number of rows read since. */
export async function wholeRows(
  { topology, sink, truth }: SinkOf,
  { rowsMax, breathe }: { readonly rowsMax: number; readonly breathe: (rows: number) => Promise<void> },
): Promise<ReadRows> {
  const tables = new Tables(sink);
  for (const [topic, { spec }] of sink.sources) {
    for await (const rows of truth.portions(spec)) {
      tables.add(topic, rows);
      if (tables.read > rowsMax) throw new TooManyRows(rowsMax);
      await breathe(rows.length);
    }
  }
  return tables.rows(topology);
}

/** The sources of a sink have more rows than may be held at once. */
export class TooManyRows extends Error {
  constructor(rowsMax: number) {
    super(
      `it can only be compared as a whole, and its sources have more than ${rowsMax} rows ` +
        "(WEIR_PROOF_ROWS_MAX): deno task verify compares it",
    );
  }
}

/** Keys by topic, with their values as the source is asked for them. */
type Wanted = Map<string, Map<Key, readonly string[]>>;

/** Decoded rows by topic. */
class Tables {
  read = 0;
  #refused = 0;
  readonly #sink: ProvedSink;
  readonly #rows = new Map<string, Map<Key, Row>>();
  readonly #asked = new Map<string, Set<Key>>();
  readonly #readers = new Map<string, ReturnType<typeof wireReader>>();

  constructor(sink: ProvedSink) {
    this.#sink = sink;
  }

  add(topic: string, rows: readonly WireRow[]): void {
    let reader = this.#readers.get(topic);
    if (reader === undefined) this.#readers.set(topic, reader = wireReader(this.#sink.sources.get(topic)!.spec));
    const table = this.#table(topic);
    this.read += rows.length;
    for (const row of rows) {
      const decoded = reader(row);
      if (decoded === "refused") this.#refused++;
      else if (decoded !== null) table.set(decoded[0], decoded[1]);
    }
  }

  #table(topic: string): Map<Key, Row> {
    let table = this.#rows.get(topic);
    if (table === undefined) this.#rows.set(topic, table = new Map());
    return table;
  }

  /** Notes a key that is neither here nor was asked for. */
  want(wanted: Wanted, { topic, key }: { readonly topic: string; readonly key: Key }): void {
    let asked = this.#asked.get(topic);
    if (asked === undefined) this.#asked.set(topic, asked = new Set());
    if (asked.has(key) || this.#table(topic).has(key)) return;
    asked.add(key);
    const values = keyValues(key, this.#sink.sources.get(topic)!.kinds!);
    if (values === null) return;
    let keys = wanted.get(topic);
    if (keys === undefined) wanted.set(topic, keys = new Map());
    keys.set(key, values);
  }

  compute(topology: Topology, options: OracleOptions): RowsByKey {
    const found = computeSinks(topology, (topic) => this.#table(topic), { ...options, only: this.#sink.nodes });
    return found.get(this.#sink.plan.name)!.rows;
  }

  rows(topology: Topology): ReadRows {
    let uncomputed = 0;
    const compute: ReadRows["compute"] = (nowUs, folded) =>
      this.compute(topology, { nowUs, onRefused: () => uncomputed++, ...folded === undefined ? {} : { folded } });
    const refused = this.#refused;
    return {
      compute,
      read: this.read,
      get troubled() {
        return refused + uncomputed > 0;
      },
    };
  }
}

const INTEGER = /^-?\d{1,19}$/;
const INT8_MAX = 2n ** 63n - 1n;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The values of a key as the source is asked for them; null: no row of the source has such a key. */
function keyValues(key: Key, kinds: readonly KeyKind[]): readonly string[] | null {
  const values = JSON.parse(`[${keyText(key)}]`, exact as (name: string, value: unknown) => unknown) as unknown[];
  if (values.length !== kinds.length) return null;
  const texts = values.map((value, place) => {
    if (kinds[place] === "integer") return isInteger(value) ? value : null;
    if (!(value instanceof Text)) return null;
    // PostgreSQL has no text with a zero in it, and refuses to be asked for one.
    return kinds[place] === "uuid"
      ? UUID.test(value.text) ? value.text : null
      : value.text.includes("\0")
      ? null
      : value.text;
  });
  return texts.some((text) => text === null) ? null : texts as string[];
}

/** A text of JSON, as apart from the digits of a number. */
class Text {
  constructor(readonly text: string) {}
}

function exact(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === "string" ? new Text(value) : typeof value === "number" ? source : value;
}

function isInteger(value: unknown): value is string {
  return typeof value === "string" && INTEGER.test(value) && BigInt(value) <= INT8_MAX && BigInt(value) >= -INT8_MAX;
}
