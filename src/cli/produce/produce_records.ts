import { PARTITIONS_DEFAULT } from "../../demo/mod.ts";
import type { EventSpec } from "../../dsl/events.ts";
import type { SourceSpec } from "../../dsl/source.ts";
import type { Topology } from "../../dsl/topology.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { configurationOf } from "../data_option.ts";
import { counted, grouped } from "../numbers.ts";
import { loadRunnable, problemsOf } from "../topology_files.ts";
import type { KeyedRecord } from "./append_records.ts";
import { eventLineReader } from "./event_lines.ts";
import { lineOf } from "./exact_fields.ts";
import { lineReader, type LineRecords } from "./line_records.ts";
import { openTarget, type Target } from "./target.ts";

/** Written at once: so many records, or so much text in UTF-16 units. */
const BATCH_RECORDS = 1_000;
const BATCH_LENGTH = 1024 * 1024;

/** Where records go. */
export interface ProduceOptions {
  readonly topic: string;
  /** Data directory of embedded mode; that of the environment, or `.data`, if absent. */
  readonly data?: string;
  /** Directory of topology files; that of the environment, or `topologies`, if absent. */
  readonly topologies?: string;
  /** Of the topic, if it must be made; 6 if absent. */
  readonly partitions?: number;
  /** Called after each batch with the number of records written so far. */
  readonly onProgress?: (records: number) => void;
}

/** What was written. */
export interface Produced {
  readonly records: number;
  readonly rows: number;
  /** Each of them a record and its tombstone. */
  readonly deletes: number;
  readonly tombstones: number;
  readonly events: number;
  /** The topic was made. */
  readonly created: boolean;
  /** Of the topic; null when there was nothing to write. */
  readonly partitions: number | null;
  /** Topologies that read the topic. */
  readonly topologies: readonly string[];
  /** Columns that none of them reads, with the number of rows that had them. */
  readonly unreadColumns: ReadonlyMap<string, number>;
}

/**
 * Writes records into a topic of the configured brokers, or of the embedded log, whether or not an instance runs on it.
 * A line is the text of a JSON object or the object itself (bigints and Decimals keep their digits):
 *
 * - a row, `{ id: 1, status: "new" }`: it is there, or replaces the row of its key;
 * - an envelope of Debezium's, `{ op: "c", after: {...} }`, or `{ op: "d", before: { id: 1 } }`, which deletes;
 * - `{ key: { id: 1 }, value: null }`: a tombstone, which deletes, too; `value` may be a row or an envelope.
 *
 * For a topic of events: its value, or `{ key: "a", value: {...} }`; a line of text, where values are texts.
 *
 * Values of tables are in the form in which Debezium writes them. The key is made of the columns that topologies
 * declare.
 * @throws ConfigError that names the first line that cannot be written, and what is wrong with it; those before it are
 * written, and writing them again changes nothing
 *
 * @example
 * await produceRecords({ topic: "shop.public.customers" }, [
 *   { id: 1, name: "Ada", city: "London" },
 *   { op: "d", before: { id: 2 } },
 * ]);
 */
export async function produceRecords(
  options: ProduceOptions,
  lines: AsyncIterable<string | object> | Iterable<string | object>,
): Promise<Produced> {
  const { topic, partitions = PARTITIONS_DEFAULT, onProgress = () => {} } = options;
  const configuration = configurationOf(options);
  const { sources, events, topologies } = await sourcesOf(configuration.topologiesDirectory, topic);
  if (configuration.kafka !== null) refuseEncoded(topic, sources);
  const isEvents = sources.length === 0 && events.length > 0;
  const reader = isEvents ? eventLineReader(events) : lineReader(topic, sources);
  const target = await openTarget(configuration);
  const writer = new BatchWriter({ target, topic, partitions, cleanup: isEvents ? "delete" : "compact", onProgress });
  const counts = { row: 0, delete: 0, tombstone: 0, event: 0 };
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const text = typeof line === "string" ? line : lineOf(line);
      if (text.trim() === "") continue;
      const { kind, records } = await readLine(() => reader.read(text), { topic, number, writer });
      await writer.add(records, number);
      counts[kind]++;
    }
    await writer.flush();
  } finally {
    await target.close();
  }
  return {
    records: writer.written,
    rows: counts.row,
    deletes: counts.delete,
    tombstones: counts.tombstone,
    events: counts.event,
    created: writer.created,
    partitions: writer.partitions,
    topologies,
    unreadColumns: reader.unreadColumns(),
  };
}

/** A key as JSON would lie in another partition than the connector's, and be another key. */
function refuseEncoded(topic: string, sources: readonly SourceSpec[]): void {
  if (!sources.some(({ registry }) => registry === "all")) return;
  throw new ConfigError([
    `Cannot write into "${topic}": its keys are written through a schema registry (registry: "all"), and produce ` +
    "writes JSON. Write rows into the database, or with a producer that uses the registry",
  ]);
}

/** How topologies declare a topic, and which those are. */
interface Declared {
  readonly sources: readonly SourceSpec[];
  readonly events: readonly EventSpec[];
  readonly topologies: readonly string[];
}

async function sourcesOf(
  directory: string,
  topic: string,
): Promise<Declared> {
  const { files, broken } = await loadRunnable(directory, []);
  if (files.length === 0) throw new ConfigError(problemsOf(broken));
  const found = files.map(({ topology }) => ({
    name: topology.name,
    sources: tableSources(topology).filter((source) => source.topic === topic),
    events: topology.streams.flatMap((node) =>
      node.op === "events" && node.source.changes === null && !node.source.internal && node.source.topic === topic
        ? [node.source]
        : []
    ),
  }));
  return {
    sources: found.flatMap(({ sources }) => sources),
    events: found.flatMap(({ events }) => events),
    topologies: found.filter(({ sources, events }) => sources.length + events.length > 0).map(({ name }) => name),
  };
}

/** Debezium topics, read as tables or as streams. */
function tableSources({ nodes, streams }: Topology): SourceSpec[] {
  return [
    ...nodes.flatMap((node) => node.op === "source" ? [node.source] : []),
    ...streams.flatMap((node) => node.op === "events" && node.source.changes ? [node.source.changes.source] : []),
  ];
}

/** Writes what stands before a line that cannot be read, then says which it is. */
async function readLine(
  read: () => LineRecords,
  { topic, number, writer }: { readonly topic: string; readonly number: number; readonly writer: BatchWriter },
): Promise<LineRecords> {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await writer.flush();
    const before = writer.written === 0
      ? "Nothing was written"
      : `The lines before it are written (${counted(writer.written, "record")}); ${writer.again}`;
    throw new ConfigError([`Cannot write line ${number} to "${topic}": ${error.message}. ${before}`], { cause: error });
  }
}

interface BatchWriterOptions {
  readonly target: Target;
  readonly topic: string;
  readonly partitions: number;
  readonly cleanup: "compact" | "delete";
  readonly onProgress: (records: number) => void;
}

/** Collects records and appends them batch by batch. */
class BatchWriter {
  written = 0;
  created = false;
  partitions: number | null = null;
  readonly #options: BatchWriterOptions;
  #batch: KeyedRecord[] = [];
  #length = 0;
  /** Numbers of the first and the last line of the batch. */
  #lines: readonly [number, number] = [0, 0];

  constructor(options: BatchWriterOptions) {
    this.#options = options;
  }

  /** What it means to write the same lines once more. */
  get again(): string {
    return this.#options.cleanup === "compact" ? "writing them again changes nothing" : "do not write them again";
  }

  async add(records: readonly KeyedRecord[], line: number): Promise<void> {
    this.#lines = [this.#batch.length === 0 ? line : this.#lines[0], line];
    for (const record of records) {
      this.#batch.push(record);
      this.#length += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    if (this.#batch.length >= BATCH_RECORDS || this.#length >= BATCH_LENGTH) await this.flush();
  }

  async flush(): Promise<void> {
    const records = this.#batch;
    if (records.length === 0) return;
    const { target, topic, partitions, cleanup, onProgress } = this.#options;
    this.#batch = [];
    this.#length = 0;
    const appended = await target.append({ topic, partitions, cleanup, records }).catch((error) => {
      throw this.#told(error);
    });
    this.written += records.length;
    this.created ||= appended.created;
    this.partitions = appended.partitions;
    onProgress(this.written);
  }

  /** The error with what is written, and on which line to go on. */
  #told(error: Error): Error {
    const refused = error instanceof ConfigError;
    if (!refused && !(error instanceof ProductionError)) return error;
    const [first, last] = this.#lines;
    const before = this.written === 0
      ? "Nothing was written before"
      : `Lines 1 to ${grouped(first - 1)} are written (${counted(this.written, "record")})`;
    if (refused) {
      return new ConfigError([`${error.message}. ${before}: go on with line ${grouped(first)}`], { cause: error });
    }
    const doubtful = `lines ${grouped(first)} to ${grouped(last)}`;
    const again = this.#options.cleanup === "compact"
      ? `Go on with line ${grouped(first)}: ${this.again}`
      : `Going on with line ${grouped(first)} may write ${doubtful} twice, with line ${grouped(last + 1)} not at all`;
    const unknown = this.written === 0 ? "Nobody knows" : "but nobody knows";
    return new ConfigError([
      `${error.message}. ${
        this.written === 0 ? "" : `${before}, `
      }${unknown} whether ${doubtful} are written. ${again}`,
    ], { cause: error });
  }
}
