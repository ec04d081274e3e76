import { z } from "zod";
import { debezium, int8, timestamp } from "../../../src/mod.ts";
import type { Fetched, Log, LogRecord, PartitionOffsets, Reader, TopicDescription } from "../../../src/ports/log.ts";
import { CorrectionBook } from "../../../src/runtime/globals/corrections.ts";
import type { SharedTable } from "../../../src/runtime/globals/shared_table.ts";
import type { TableUser } from "../../../src/runtime/globals/table_user.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";

const TOPIC = "x.public.kinds";
export const kinds = debezium(TOPIC, {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), at: timestamp() }),
});

/** A table of the kinds' names. */
export const NAMES = { name: "kinds", source: kinds.pick("name").spec };

const DESCRIBED: TopicDescription = {
  name: TOPIC,
  partitions: 1,
  id: "first",
  compacted: true,
  deletes: false,
  retentionMs: -1,
  deleteRetentionMs: 1_000,
  messageBytesMax: 1e6,
};

/** A topic of one partition whose reader is given what it reads. */
export class GivenLog {
  readonly clock = createManualClock();
  readonly corrections = new CorrectionBook();
  /** Readers that are open. */
  readers = 0;
  #end = 0;
  #given: Fetched[] = [];
  #polled: ((parts: Fetched[]) => void) | null = null;
  readonly #log: Pick<Log, "reader"> = { reader: () => this.#reader() };

  #reader(): Reader {
    this.readers++;
    return {
      seek() {},
      stop() {},
      pause() {},
      resume() {},
      poll: () =>
        new Promise((resolve) => {
          this.#polled = resolve;
          this.#answer();
        }),
      close: () => {
        this.readers--;
        this.#polled?.([]);
        return Promise.resolve();
      },
    };
  }

  #answer(): void {
    if (this.#polled === null || this.#given.length === 0) return;
    this.#polled(this.#given.splice(0));
    this.#polled = null;
  }

  /** Where a topology that comes now finds the topic. */
  place(
    { offsets, ...topic }: Partial<TopicDescription> & { readonly offsets?: Partial<PartitionOffsets> } = {},
  ): {
    log: Log;
    clock: GivenLog["clock"];
    topic: TopicDescription;
    offsets: PartitionOffsets;
    corrections: CorrectionBook;
    process: object;
  } {
    const found = { start: [0], end: [this.#end], ...offsets };
    return {
      log: this.#log as Log,
      corrections: this.corrections,
      clock: this.clock,
      topic: { ...DESCRIBED, ...topic },
      offsets: found,
      process: this,
    };
  }

  /** The rows are read: of each its id and name, or (null) a tombstone; a text is a record that is no JSON. */
  async give(...rows: readonly (readonly [number, string | null] | string)[]): Promise<void> {
    const fromOffset = this.#end;
    const records = rows.map((row): LogRecord => {
      const [id, name] = typeof row === "string" ? [row, null] : row;
      const value = typeof row === "string"
        ? "nonsense"
        : name === null
        ? null
        : JSON.stringify({ op: "c", before: null, after: { id, name }, source: {}, ts_ms: 0 });
      return { offset: this.#end++, timestampMs: 0, key: `{"id":${id}}`, value };
    });
    const part = { topic: TOPIC, partition: 0, fromOffset, records, nextOffset: this.#end, endOffset: this.#end };
    await this.fetched(part);
  }

  /** Nothing new is there. */
  async nothing(): Promise<void> {
    this.#polled?.([]);
    await turns();
  }

  async fetched(part: Partial<Fetched>): Promise<void> {
    const nothing = { topic: TOPIC, partition: 0, fromOffset: this.#end, records: [], nextOffset: this.#end };
    this.#given.push({ ...nothing, endOffset: this.#end, ...part });
    this.#answer();
    await turns();
  }
}

/** Lets everything happen that needs no answer from outside. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await undefined;
}

/** A user that notes what it is told. `throws`: when it is told of a row of this key. */
export function noting(
  table: SharedTable,
  { throws }: { readonly throws?: number } = {},
): TableUser & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    changed(slot) {
      const key = table.rows.keys.keyOf(slot);
      if (key === throws) throw new Error(`a bug with ${key}`);
      told.push(`${key} ${table.rows.rows.read(slot)?.name ?? "gone"}`);
    },
    reading() {},
    work: () => false,
    unread: ({ position, error }) => void told.push(`unread ${position.offset} ${error.reason}`),
    mended: (key) => void told.push(`mended ${key}`),
    doubt: ({ column }) => void told.push(`doubt ${column}`),
    moved() {},
    problem: (problem) => void told.push(`problem ${problem}`),
    lost: () => void told.push("lost"),
    failed: (error) => void told.push(error.message),
  };
}
