import type { AppendBatch, NewRecord } from "../../src/ports/log.ts";
import { ORIGIN_HEADER } from "../../src/record/event_origin.ts";
import { packHeaders, readHeaders } from "../../src/record/headers.ts";
import { AppendWriter } from "../../src/runtime/streams/append_writer.ts";
import { BatchQueue } from "../../src/runtime/streams/batch_queue.ts";
import { OutputRecords } from "../../src/runtime/streams/output_records.ts";
import { StreamProgress } from "../../src/runtime/streams/stream_progress.ts";
import { both, getter, method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";

/** Of the tables' time: never over. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** Deliberate bugs of streams and their append tables. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: "unannounced",
    rule: "a range is announced before its rows are sent",
    apply: method(StreamProgress, "announce", () => () => Promise.resolve(NEVER_MS)),
  },
  {
    name: "noDeadline",
    rule: "the table refuses an insert that comes after its deadline",
    options: { warehouse: { noDeadline: true } },
  },
  {
    name: "processTime",
    rule: "deadlines are by the tables' clock",
    options: { warehouse: { processTime: true } },
  },
  {
    name: "blind",
    rule: "behind a new announcement it is looked what is there before anything is sent again",
    options: { warehouse: { blind: true } },
  },
  {
    name: "unlooked",
    rule: "the rows of an announced range that are missing are added",
    apply: method(AppendWriter, "complete", () => () => Promise.resolve(true)),
  },
  {
    name: "alwaysAdded",
    rule: "of an announced range only what is missing is added",
    apply: method(AppendWriter, "complete", () =>
      async function (batch, { range }) {
        for (const [sink, rows] of batch.rows) {
          const reversed = { rows: new Map([[sink, [...rows].reverse()]]) };
          if (!await this.append(reversed, { range, deadlineMs: NEVER_MS })) return false;
        }
        return true;
      }),
  },
  {
    name: "otherBorders",
    rule: "an announced range is made again as it was",
    apply: both(
      getter(BatchQueue, "recovers", () => false),
      method(AppendWriter, "complete", () =>
        function (batch, { range }) {
          return this.append(batch, { range, deadlineMs: NEVER_MS });
        }),
    ),
  },
  {
    name: "neverSettled",
    rule: "a range is behind the position only when its rows were acknowledged",
    apply: method(StreamProgress, "announce", (original) =>
      function (_from, announced) {
        return original.call(this, announced.to, announced);
      }),
  },
  {
    name: "toldBackwards",
    rule: "events of one partition of a source keep their order in a topic for others",
    apply: method(OutputRecords, "batches", (original) =>
      function (options) {
        const batches: AppendBatch[] = original.call(this, options);
        return batches.map((batch) => ({ ...batch, records: batch.records.toReversed() }));
      }),
  },
  {
    name: "toldByOffset",
    rule: "an origin tells which of several events of a record it is",
    apply: method(OutputRecords, "batches", (original) =>
      function (options) {
        const batches: AppendBatch[] = original.call(this, options);
        const whole = ({ headers }: NewRecord) => {
          const { [ORIGIN_HEADER]: origin } = readHeaders(headers);
          return packHeaders({ [ORIGIN_HEADER]: origin!.replace(/\d+$/, "0") });
        };
        return batches.map((batch) => ({
          ...batch,
          records: batch.records.map((record) => ({ ...record, headers: whole(record) })),
        }));
      }),
  },
];
