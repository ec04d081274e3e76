import { keyColumnOf, type WireFormat } from "../../formats/key_form.ts";
import type { Member } from "../../plan/physical.ts";
import type { Bytes } from "../../ports/log.ts";
import { ConfigError, DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { KeyColumn } from "../../record/key_column.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { producerKey } from "../../record/producer_key.ts";
import { bytesOfKey } from "../conversation/ownership.ts";
import { MISPLACED } from "../globals/change_reader.ts";

/** Fewer misplaced records than this are strays, however few others there are. */
const MISPLACED_MIN = 20;

/** Forms of keys that a connector's settings can give, and how each is declared. */
const FORMATS: readonly WireFormat[] = [
  { decimals: "string" },
  { decimals: "precise" },
  { times: "adaptive" },
  { times: "microseconds" },
  { times: "connect" },
  { times: "isostring" },
  { decimals: "precise", times: "microseconds" },
  { decimals: "precise", times: "connect" },
  { decimals: "precise", times: "isostring" },
];

/** Formats of keys by their columns, then of one column's value alone; simple ones first. */
function formatsOf(columns: number): readonly WireFormat[] {
  if (columns > 1) return FORMATS;
  return [...FORMATS, { key: "bare" }, ...FORMATS.map((format): WireFormat => ({ ...format, key: "bare" }))];
}

/** Characters of a key in a message. */
const TEXT_MAX = 200;

const utf8 = new TextDecoder();

/** What a place check is made for. */
export interface PlaceCheckOptions {
  readonly member: Extract<Member, { kind: "source" }>;
  readonly keyColumns: readonly KeyColumn[];
  readonly partition: number;
  readonly partitions: number;
  /** See `Partitions` of the conversation. */
  readonly keyBytes?: (topic: string, text: string) => Bytes;
}

/**
 * Checks that records lie where other tasks look for their keys: in the partition that the hash of the producer's bytes
 * gives. A single record that lies elsewhere was written by another tool, and is set aside: Debezium's record of that
 * key is in the right partition. If they are many, the topic itself is partitioned in another way, and nothing of it
 * could be found.
 */
export class PlaceCheck {
  readonly #options: PlaceCheckOptions;
  #records = 0;
  #misplaced = 0;

  constructor(options: PlaceCheckOptions) {
    this.#options = options;
  }

  /**
   * @throws DeserializationError `misplaced` for a record that lies elsewhere
   * @throws ConfigError when more lie elsewhere than half of what another partitioner would misplace by chance
   */
  check(key: Key, bytes: Bytes | null): void {
    const { keyColumns, partition, partitions } = this.#options;
    this.#records++;
    const place = partitionOf(this.#bytesOf(producerKey(keyColumns, key)), partitions);
    if (place === partition) return;
    this.#misplaced++;
    const reason = this.#reason(key, { place, bytes });
    const many = this.#misplaced * 2 * partitions > this.#records * (partitions - 1);
    const { name, source } = this.#options.member;
    if (this.#misplaced >= MISPLACED_MIN && many) {
      throw new ConfigError([
        `Cannot join with topic "${source.topic}": ${this.#misplaced} of ${this.#records} records read from ` +
        `partition ${partition} do not belong there. The last one: ${reason}`,
      ]);
    }
    throw new DeserializationError(MISPLACED, `Cannot take a record of "${name}": ${reason}`);
  }

  #bytesOf(text: string): Bytes {
    const { member: { source }, keyBytes } = this.#options;
    return bytesOfKey(source, { text, keyBytes });
  }

  #reason(key: Key, { place, bytes }: { place: number; bytes: Bytes | null }): string {
    const { keyColumns, partition, partitions } = this.#options;
    const text = producerKey(keyColumns, key);
    const written = bytes === null ? "" : typeof bytes === "string" ? bytes : utf8.decode(bytes);
    const as = written === text ? "" : `, written as ${shown(written)},`;
    return `key ${
      shown(text)
    }${as} is in partition ${partition}, but Kafka's default partitioner puts it into ${place} ` +
      `of ${partitions}. ${this.#remedy(key, written)}, or declare the table with builder.globalTable`;
  }

  #remedy(key: Key, written: string): string {
    const { partition, partitions, member } = this.#options;
    if (member.source.registry === "all") {
      return "Another tool wrote it, the producer has a partitioner of its own, or the connector writes decimals or " +
        `times of keys otherwise: declare format: { decimals, times } in debezium("${member.source.topic}", ...)`;
    }
    if (partitionOf(written, partitions) !== partition) {
      return "Another tool wrote it, or the producer has a partitioner of its own: write the topic without one";
    }
    if (member.source.format?.plain === true) {
      return `Write keys as jsonTable("${member.source.topic}", ...) declares them, byte for byte`;
    }
    if (/^\{\s*"schema"/.test(written)) return "Write the topic with key.converter.schemas.enable=false";
    const format = this.#formatOf(key, written);
    if (format !== null) return `Declare format: ${format} in debezium("${member.source.topic}", ...)`;
    const precision = this.#precisionOf(key, written);
    if (precision !== null) return `Declare the key's column as in the database: timestamptz(${precision})`;
    return "Write keys as Debezium does with decimal.handling.mode=string, time.precision.mode=microseconds and " +
      "key.converter.schemas.enable=false";
  }

  /** The precision of timestamptz columns under which the producer's text of the key is this one; null if none is. */
  #precisionOf(key: Key, written: string): number | null {
    const { keyColumns } = this.#options;
    for (let precision = 0; precision <= 6; precision++) {
      const columns = keyColumns.map((column): KeyColumn =>
        column.wire?.kind === "zoned" ? { ...column, wire: { kind: "zoned", precision } } : column
      );
      if (producerKey(columns, key) === written) return precision;
    }
    return null;
  }

  /** The declaration under which the producer's text of the key is this one; null if there is none. */
  #formatOf(key: Key, written: string): string | null {
    const { source } = this.#options.member;
    for (const change of formatsOf(source.key.length)) {
      const format: WireFormat = { ...source.format, key: undefined, ...change };
      const columns = source.key.map((name) => keyColumnOf(name, { schema: source.row.shape[name], format }));
      if (columns.some(({ wire }) => wire === null) || producerKey(columns, key) !== written) continue;
      const settings = Object.entries(format).filter(([, value]) => value !== undefined);
      return `{ ${settings.map(([name, value]) => `${name}: "${value}"`).join(", ")} }`;
    }
    return null;
  }
}

function shown(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text;
}
