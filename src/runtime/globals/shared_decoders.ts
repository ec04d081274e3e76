import type { Decoded, Decoder, MessageBytes } from "../../formats/decoder.ts";
import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { GlobalTable } from "../../plan/physical.ts";
import type { Log, LogRecord } from "../../ports/log.ts";
import { decoderOf } from "./change_reader.ts";

type DeclaredTable = Pick<GlobalTable, "name" | "source">;
type Outcome = { readonly decoded: Decoded } | { readonly thrown: unknown };

/** One declaration of a table, and who reads it. */
interface Shared {
  readonly table: DeclaredTable;
  readonly decoder: Decoder;
  readonly readers: Set<(doubt: UnitDoubt) => void>;
  /** Told so far. */
  readonly doubts: UnitDoubt[];
  /** What was made of records that were fetched together, for as long as somebody holds them. */
  readonly outcomes: WeakMap<readonly LogRecord[], Outcome[]>;
}

/** By log: topologies that run on the same one are given the same records by it. */
const declarations = new WeakMap<Log, Set<Shared>>();

/** A decoder of one reader of a global table. */
export interface SharedDecoder extends Decoder {
  /** The records that are decoded next, in their order, as they were fetched. */
  expect(records: readonly LogRecord[]): void;
  /** The table is read no more. */
  close(): void;
}

/**
 * Makes the decoder of a global table. Tables of several topologies that declare the same columns of the same topic
 * have what was fetched for all of them decoded once: rows are never changed, so all may hold the same. A table that
 * nobody else reads is decoded as ever.
 */
export function sharedDecoder(
  table: DeclaredTable,
  { log, onDoubt }: { readonly log: Log; readonly onDoubt: (doubt: UnitDoubt) => void },
): SharedDecoder {
  const all = declarations.getOrInsertComputed(log, () => new Set());
  const shared = all.values().find((other) => isSame(other.table, table)) ?? newShared(table);
  // One function for each reader, even if two were given the same.
  const told = (doubt: UnitDoubt) => onDoubt(doubt);
  all.add(shared);
  shared.readers.add(told);
  for (const doubt of shared.doubts) told(doubt);
  let expected: readonly LogRecord[] = [];
  let next = 0;
  return {
    expect(records) {
      expected = records;
      next = 0;
    },
    decode(record) {
      const at = next++;
      if (shared.readers.size < 2 || expected[at] !== record) return shared.decoder.decode(record);
      const outcomes = shared.outcomes.getOrInsertComputed(expected, () => []);
      const outcome = outcomes[at] ??= attempt(shared.decoder, record);
      if ("thrown" in outcome) throw outcome.thrown;
      return outcome.decoded;
    },
    keyOf: (key) => shared.decoder.keyOf(key),
    details: (record) => shared.decoder.details(record),
    get unknownColumns() {
      return shared.decoder.unknownColumns;
    },
    close() {
      shared.readers.delete(told);
      if (shared.readers.size === 0) all.delete(shared);
    },
  };
}

function newShared(table: DeclaredTable): Shared {
  const readers = new Set<(doubt: UnitDoubt) => void>();
  const doubts: UnitDoubt[] = [];
  const decoder = decoderOf(table, (doubt) => {
    doubts.push(doubt);
    for (const told of readers) told(doubt);
  });
  return { table, decoder, readers, doubts, outcomes: new WeakMap() };
}

function attempt(
  decoder: Decoder,
  record: { readonly key: MessageBytes | null; readonly value: MessageBytes | null },
): Outcome {
  try {
    return { decoded: decoder.decode(record) };
  } catch (thrown) {
    return { thrown };
  }
}

/** Whether two tables read the same columns of the same topic, and are called the same in messages. */
function isSame(a: DeclaredTable, b: DeclaredTable): boolean {
  if (a.name !== b.name || a.source.topic !== b.source.topic) return false;
  if (JSON.stringify([a.source.key, a.source.format]) !== JSON.stringify([b.source.key, b.source.format])) return false;
  const [columns, others] = [Object.entries(a.source.row.shape), Object.entries(b.source.row.shape)];
  return columns.length === others.length &&
    columns.every(([name, column], index) => others[index][0] === name && others[index][1] === column);
}
