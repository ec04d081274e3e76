import { z } from "zod";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { AppendProver } from "../../../src/cli/proof/append_prover.ts";
import type { ToldBrought } from "../../../src/cli/proof/proven_streams.ts";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import type { AppendReader } from "../../../src/cli/proof/shown_appends.ts";
import { readRecords, recordsIn } from "../../../src/cli/proof/told_records.ts";
import { canonicalKey, type CanonicalRow } from "../../../src/cli/verify/compare.ts";
import { sourceOf } from "../../../src/record/source_name.ts";
import { appendColumns } from "../../../src/cli/verify/verify_streams.ts";
import { clickhouseAppend, events, topology } from "../../../src/mod.ts";

const TOPIC = "shop.clicks";
const PARTITIONS = 2;

const clicks = events(TOPIC, { row: z.object({ n: z.int(), url: z.string() }) });
const views = clickhouseAppend("views", { columns: { n: "Int64", url: "String" }, orderBy: ["n"] });

/** Two rows for each click on a page, none for the others. */
export const clickViews = topology("clicks", (builder) => {
  builder.stream(clicks)
    .flatMapValues(({ n, url }) => url === "/health" ? [] : [{ n, url }, { n, url: `${url}?again` }])
    .to(views);
});

interface Stored {
  readonly source: string;
  readonly partition: number;
  readonly offset: number;
  readonly row: CanonicalRow;
}

/** A topic of clicks, what ClickHouse has of them, and who compares both. */
export class Clicks {
  readonly log: EmbeddedLog;
  readonly prover: AppendProver;
  readonly clock = createManualClock();
  readonly stored: Stored[] = [];
  /** How far each partition is brought out; null: nobody tells. */
  readonly brought: (number | null)[] = Array.from({ length: PARTITIONS }, () => 0);
  /** Records read since the start. */
  read = 0;
  #source = "";
  readonly #columns = appendColumns(views.spec);

  private constructor(cleanup: "delete" | "compact") {
    this.log = openEmbeddedLog({ path: ":memory:", clock: this.clock });
    this.cleanup = cleanup;
    const { appends: [spec] } = provedAppends(clickViews, { withheld: null });
    const streams = {
      topics: () => Promise.resolve([]),
      withheld: () => null,
      brought: () =>
        Promise.resolve(this.brought.map((to, partition): ToldBrought => ({ topic: TOPIC, partition, to, short: [] }))),
      records: async (_topology: string, asked: Parameters<typeof readRecords>[1]) => {
        const told = await readRecords(this.log, asked);
        this.read += told?.records.length ?? 0;
        // As a line of JSON has it.
        return told === null ? null : recordsIn(JSON.parse(JSON.stringify(told)));
      },
    };
    const pace = { rangeRows: 7, rowsMax: 100, breathe: () => Promise.resolve(), nowMs: () => this.clock.nowMs() };
    this.prover = new AppendProver({ topology: clickViews, spec, shown: this.#shown(), streams }, pace);
  }

  readonly cleanup: "delete" | "compact";

  static async open(cleanup: "delete" | "compact" = "delete"): Promise<Clicks> {
    const clicks = new Clicks(cleanup);
    await clicks.log.createTopic({ name: TOPIC, partitions: PARTITIONS, cleanup, retentionMs: 60_000 });
    clicks.#source = sourceOf(TOPIC, (await clicks.log.topics([TOPIC])).get(TOPIC)!);
    return clicks;
  }

  /** A click, which ClickHouse has at once, unless it is `late`. */
  async click(url: string, { partition = 0, late = false, key = null as string | null } = {}): Promise<void> {
    const offset = (await this.log.offsets(TOPIC)).end[partition];
    const value = JSON.stringify({ n: offset, url });
    const records = [{ key, value, timestampMs: this.clock.nowMs() }];
    await this.log.append([{ topic: TOPIC, partition, records }]);
    if (late) return;
    if (url !== "/health") {
      this.store({ partition, offset, url });
      this.store({ partition, offset, url: `${url}?again`, index: 1 });
    }
    this.brought[partition] = offset + 1;
  }

  /** A row as ClickHouse has it. */
  store({ partition, offset, url, index = 0, source = this.#source }: {
    readonly partition: number;
    readonly offset: number;
    readonly url: string;
    readonly index?: number;
    readonly source?: string;
  }): void {
    const place = { _source: source, _partition: partition, _offset: offset, _index: index };
    const values: Record<string, unknown> = { ...place, n: offset, url };
    const row = this.#columns.columns.map((column) => column.expected(values[column.name]));
    this.stored.push({ source, partition, offset, row });
  }

  /** Takes the rows of a record away. */
  lose(partition: number, offset: number): void {
    const kept = this.stored.filter((one) => one.partition !== partition || one.offset !== offset);
    this.stored.splice(0, this.stored.length, ...kept);
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      this.clock.advance(1_000);
      await this.prover.next();
    }
  }

  /** What is wrong: partition, offset and index of the record, and how. */
  faults(): string[] {
    return this.prover.report().keys.map(({ key, kind, columns }) =>
      [`${key._partition}/${key._offset}/${key._index} ${kind}`, ...columns.map(({ name }) => name)].join(" ")
    ).sort();
  }

  #shown(): AppendReader {
    const { columns, key } = this.#columns;
    const names = columns.map(({ name }) => name);
    const rows = (is: (one: Omit<Stored, "row">) => boolean) => {
      const found = new Map<string, CanonicalRow[]>();
      for (const { row, ...one } of this.stored) {
        if (is(one)) found.getOrInsertComputed(canonicalKey(key, row), () => []).push(row);
      }
      return Promise.resolve(found);
    };
    return {
      ...{ columns, names, key },
      range: ({ source, partition, from, to }) =>
        rows((one) => one.source === source && one.partition === partition && one.offset >= from && one.offset < to),
      ofNoRecord: () => rows(({ source }) => source === ""),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
  }
}
