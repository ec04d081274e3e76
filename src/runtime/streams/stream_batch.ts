import type { AppendPlan } from "../../plan/physical.ts";
import type { AppendRow } from "../../ports/warehouse.ts";
import { digestOf } from "../../record/digest.ts";
import { OutputRecords } from "./output_records.ts";
import { ShuffledEvents } from "./shuffled_events.ts";
import { BatchFacts } from "./stage_facts.ts";

/** A row with the digest of its line. */
export interface BatchRow extends AppendRow {
  readonly digest: number;
}

/** Lines are kept in pieces of this size: a piece of memory for each would cost more than most lines hold. */
const PIECE_BYTES = 64 * 1024;

/** Of what rows hold, and of their places. */
export function rowsDigest(rows: readonly BatchRow[]): number {
  return digestOf(rows.map(({ offset, index, digest }) => `${offset}.${index} ${digest}`).join());
}

/** What the records of one partition, from an offset to below another one, add to the sinks. */
export class StreamBatch {
  readonly from: number;
  /** Where the next record is read: all below are in it. */
  to: number;
  /** By sink, in the order of their places. */
  readonly rows = new Map<AppendPlan, BatchRow[]>();
  rowCount = 0;
  /** Events for stages. */
  readonly shuffled = new ShuffledEvents();
  /** Events for topics of others. */
  readonly records = new OutputRecords();
  /** What a stage keeps, for its changelog. */
  readonly facts = new BatchFacts();
  #rowBytes = 0;
  #piece = new Uint8Array(0);
  /** So much of it is lines. */
  #pieceUsed = 0;
  /** Timestamp of the first record that makes a row, milliseconds since the epoch; 0 before any. */
  sourceMs = 0;
  /** The newest time of its events, microseconds since the epoch; -Infinity before any. */
  timeUs = -Infinity;

  constructor(from: number) {
    this.from = from;
    this.to = from;
  }

  /** Of all rows: what they hold, where they come from and go to. */
  get digest(): number {
    return digestOf([...this.rows].map(([{ name }, rows]) => `${name} ${rowsDigest(rows)}`).join());
  }

  /** Adds a row of the record at `offset`; its line is copied. */
  add(sink: AppendPlan, { offset, line, digest }: Omit<BatchRow, "index">): void {
    const rows = this.rows.getOrInsertComputed(sink, () => []);
    const last = rows.at(-1);
    rows.push({ offset, index: last?.offset === offset ? last.index + 1 : 0, line: this.#kept(line), digest });
    this.rowCount++;
    this.#rowBytes += line.length;
  }

  #kept(line: Uint8Array): Uint8Array {
    if (this.#piece.length - this.#pieceUsed < line.length) {
      this.#piece = new Uint8Array(Math.max(PIECE_BYTES, line.length));
      this.#pieceUsed = 0;
    }
    const kept = this.#piece.subarray(this.#pieceUsed, this.#pieceUsed += line.length);
    kept.set(line);
    return kept;
  }

  /** Bytes of rows and events, about. */
  get bytes(): number {
    return this.#rowBytes + this.shuffled.bytes + this.records.length;
  }

  /** How much comes out of it: rows, events, and what changes of keys. */
  get outputs(): number {
    return this.rowCount + this.shuffled.size + this.records.size + this.facts.size;
  }
}

/** How many rows the batches hold for each of the sinks, by its name. */
export function rowsBySink(sinks: readonly AppendPlan[], batches: readonly StreamBatch[]): Map<string, number> {
  const rowsFor = (sink: AppendPlan) => batches.reduce((sum, { rows }) => sum + (rows.get(sink)?.length ?? 0), 0);
  return new Map(sinks.map((sink) => [sink.name, rowsFor(sink)]));
}
