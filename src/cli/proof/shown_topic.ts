import type { SinkPlan } from "../../plan/physical.ts";
import { ProductionError } from "../../record/errors.ts";
import { textOfKey } from "../../record/row_record.ts";
import { canonicalKey, type CanonicalRow, type ExpectedRows } from "../verify/compare.ts";
import { comparedValue, topicRows } from "../verify/verify_table_topics.ts";
import { FollowedTopic, type Following } from "./followed_topic.ts";
import { shortened } from "./differing_key.ts";
import type { DifferingColumn, DifferingKey } from "./proof_report.ts";
import type { RowsByKey, ShownReader, ShownRows } from "./shown_sink.ts";
import type { SinkKey } from "./sink_key.ts";
import { TooManyRows } from "./slice_rows.ts";
import type { Suspect } from "./suspects.ts";
import type { ToldTopic } from "./told_topics.ts";

/** The last record of a key. */
interface Last {
  /** As it is compared; null: a tombstone. */
  readonly value: string | null;
  /** Partition and offset. */
  readonly place: string;
}

/** The key's text, of which there is one in a record. */
const KEY = [0];

/** The rows that a topic holds in the place of a table: of each key the last record, followed from the first one. */
export class ShownTopic implements ShownReader {
  /** A record is compared as it is. */
  readonly columns = [];
  readonly names = ["key", "value"];
  readonly key = KEY;
  readonly #sink: SinkPlan;
  readonly #following: Following;
  #told: ToldTopic | null = null;
  #followed: FollowedTopic;
  #last = new Map<string, Last>();

  constructor(sink: SinkPlan, following: Following) {
    [this.#sink, this.#following, this.#followed] = [sink, following, new FollowedTopic(following)];
  }

  /** Reads on to where the topic ends. @throws NotYetRead @throws TooManyRows for more keys than may be held */
  async prepare(): Promise<void> {
    const { topology, streams, pace: { rowsMax } } = this.#following;
    const { topic, ...output } = this.#sink.table.output!;
    const told = (await streams.topics(topology)).find((one) => one.topic === topic);
    if (told === undefined) {
      const message = `Cannot compare topic "${topic}": it is not there`;
      throw new ProductionError(message, { retriable: true });
    }
    if (this.#told !== null && this.#told.source !== told.source) {
      this.#last.clear();
      this.#followed = new FollowedTopic(this.#following);
    }
    this.#told = told;
    const valueOf = comparedValue(output);
    await this.#followed.follow(told, (records, partition) => {
      for (const { key, value, offset } of records) {
        if (key === null) continue;
        const last = { value: value === null ? null : valueOf(value), place: `${partition}/${offset}` };
        this.#last.set(textOfKey(key), last);
      }
      if (this.#last.size > rowsMax) throw new TooManyRows(rowsMax);
    });
  }

  /** All of them, whatever is asked for. @throws ProductionError @throws TooManyRows for more keys than may be held */
  async range(): Promise<ShownRows> {
    await this.prepare();
    const rows = new Map<string, readonly CanonicalRow[]>();
    for (const [key, { value }] of this.#last) if (value !== null) rows.set(this.textOf([key]), [[key, value]]);
    return rows;
  }

  async some(keys: readonly SinkKey[]): Promise<ShownRows> {
    const all = await this.range();
    const wanted = keys.map((key) => this.textOf(key));
    return new Map(wanted.flatMap((text) => all.has(text) ? [[text, all.get(text)!] as const] : []));
  }

  /** The place of the last record: whoever has written it. */
  versions(keys: readonly SinkKey[]): Promise<ReadonlyMap<string, string>> {
    const known = keys.flatMap((key) => {
      const last = this.#last.get(String(key[0]));
      return last === undefined ? [] : [[this.textOf(key), last.place] as const];
    });
    return Promise.resolve(new Map(known));
  }

  textOf(key: SinkKey): string {
    return canonicalKey(KEY, key);
  }

  keyOf([key]: CanonicalRow): SinkKey {
    return [key];
  }

  /** The records that must be there. */
  expected(now: RowsByKey, later: RowsByKey | null): ExpectedRows {
    if (this.#told === null) throw new TypeError("What a topic should hold is asked for behind what it holds");
    return topicRows(this.#sink, this.#told)(now, later).expected;
  }

  /** A fault by its record's key, and the columns of the values as far as both are rows. */
  told({ key: [key], expected, actual }: Suspect): Pick<DifferingKey, "key" | "explain" | "columns"> {
    const output = this.#sink.table.output!;
    return {
      key: { key: String(key) },
      // What a topology writes for itself is asked about by the name of its table.
      explain: output.changes || output.key.length === 0 ? null : String(key),
      columns: expected === null || actual === null ? [] : differingColumns(valueIn(expected), valueIn(actual)),
    };
  }
}

function valueIn(line: string): unknown {
  const [, value] = JSON.parse(line) as readonly [string, string];
  try {
    const exact = (_: string, of: unknown, { source }: { readonly source?: string }) =>
      typeof of === "number" ? source : of;
    return JSON.parse(value, exact as (name: string, of: unknown) => unknown);
  } catch {
    // Another program has written it.
    return null;
  }
}

/** None where one of them is no row. */
function differingColumns(wanted: unknown, shown: unknown): DifferingColumn[] {
  if (!isRow(wanted) || !isRow(shown)) return [];
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(shown)])];
  return names.map((name) => ({ name, expected: textOf(wanted[name]), actual: textOf(shown[name]) }))
    .filter(({ expected, actual }) => expected !== actual);
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return shortened(value === undefined ? "(absent)" : typeof value === "string" ? value : JSON.stringify(value));
}
