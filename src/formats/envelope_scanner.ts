import type { Row } from "../record/row.ts";
import type { Converts } from "./connect_schema.ts";
import type { MessageBytes } from "./message_text.ts";
import type { ReadyColumn } from "./row_reader.ts";
import { rowScanner, type ScannedColumn, scannedKeys } from "./row_scanner.ts";
import { cursor, find, lastPlace, loadMessage, nextByte, scratch, sought, take, token } from "./scanned_bytes.ts";
import { formOf } from "./scanned_forms.ts";
import { sameNames } from "./unknown_columns.ts";

/** Orders of keys remembered for each topic. It has one at a time, two while its table changes. */
const LAYOUTS_MAX = 4;
/** Orders learnt in all: a producer that writes its keys in any order has nothing to be learnt. */
const LEARNT_MAX = 32;
/** After so many messages in a row that could not be scanned, only every {@link TRY_EVERY}th is tried. */
const MISSES_MAX = 64;
const TRY_EVERY = 16;

const START = token('{"before":');
const NO_BEFORE = token('{"before":null,"after":');
const NO_AFTER = token("null");
const SOURCE = token(',"source":{');
const AFTER = sought('},"after":', "}");
const AFTER_KEY = sought(',"after":', "f");
const OP = sought(',"op":"', "p");
const QUOTE = 34, CLOSE = 125, C = 99, D = 100, R = 114, U = 117;

/** An envelope as it was scanned. */
export interface Scanned {
  readonly op: "c" | "r" | "u" | "d";
  /** Null for a delete. */
  readonly row: Row | null;
  /** The row's columns on the wire, declared or not, in their order; none for a delete. */
  readonly names: readonly string[];
}

/**
 * Reads the declared columns of envelopes from their bytes, without text or objects being made of the rest. Envelopes
 * of one topic have the same keys in the same order for months: the order is learnt from envelopes that the decoder
 * has read, and from then on only compared.
 */
export interface EnvelopeScanner {
  /** What the decoder makes of this message, with all columns available; null if it must be asked. Never throws. */
  scan(message: MessageBytes): Scanned | null;
  /** Learns the keys of a row in an envelope that {@link quickChange} has found. */
  learn(names: readonly string[]): void;
}

/** What a scanner is made for. */
export interface EnvelopeScannerOptions {
  readonly columns: readonly ReadyColumn[];
  readonly key: readonly string[];
  /** What is done to the columns' values first. */
  readonly converts: Converts;
  readonly isUnavailable: (wire: unknown) => boolean;
  /** Decimals and times are read from their bytes: no placeholder looks like one. */
  readonly forms: boolean;
  /** Messages above are the decoder's. Bytes; characters of messages that are text. */
  readonly valueBytesMax: number;
}

interface Layout {
  readonly names: readonly string[];
  readonly scan: () => Row | null;
}

const NO_NAMES: readonly string[] = [];

/** Makes the scanner of one topic: envelopes are taken apart exactly as {@link quickChange} does it. */
export function envelopeScanner(options: EnvelopeScannerOptions): EnvelopeScanner {
  const { key, converts, isUnavailable, forms, valueBytesMax } = options;
  const columns = options.columns.map((column, index): ScannedColumn => {
    const convert = converts === null ? null : converts[index];
    return { ...column, index, convert, form: forms && convert === null ? formOf(column) : null };
  });
  const required = key.filter((name) => columns.some((column) => column.name === name));
  const layouts: Layout[] = [];
  let learnt = 0;
  let misses = 0;
  /** How far from the end the operation stood last. */
  let opBytes = 0;

  /** The row at the cursor; the layout that fits is the first to be tried next time. */
  const scanRow = (): Row | null => {
    const from = cursor.at;
    for (let index = 0; index < layouts.length; index++) {
      const row = layouts[index].scan();
      if (row !== null) {
        if (index > 0) layouts.unshift(...layouts.splice(index, 1));
        return row;
      }
      cursor.at = from;
    }
    return null;
  };

  const scan = (message: MessageBytes): Scanned | null => {
    if (message.length > valueBytesMax) return null;
    if (!loadMessage(message) || scratch[cursor.end - 1] !== CLOSE) return null;
    const bare = take(NO_BEFORE);
    if (!bare && (!take(START) || !find(AFTER))) return null;
    const deleted = take(NO_AFTER);
    const row = deleted ? null : scanRow();
    if (row === null && !deleted) return null;
    const from = cursor.at;
    if (!take(SOURCE) || (!bare && find(AFTER_KEY))) return null;
    const at = opAt(opBytes, from);
    opBytes = cursor.end - at;
    const op = at < 0 ? null : opIn(at);
    if (op === null || (op === "d") !== deleted) return null;
    return { op, row, names: deleted ? NO_NAMES : layouts[0].names };
  };

  return {
    scan(message) {
      if (misses >= MISSES_MAX && ++misses % TRY_EVERY !== 0) return null;
      const scanned = scan(message);
      if (scanned === null) misses++;
      else misses = 0;
      return scanned;
    },
    learn(names) {
      if (learnt >= LEARNT_MAX || layouts.some((layout) => sameNames(layout.names, names))) return;
      // Key columns that a row lacks are taken from the key.
      if (names.length === 0 || !required.every((name) => names.includes(name))) return;
      learnt++;
      misses = 0;
      layouts.unshift({ names, scan: rowScanner({ keys: scannedKeys(names, columns), columns, isUnavailable }) });
      layouts.length = Math.min(layouts.length, LAYOUTS_MAX);
    },
  };
}

/** Where the last `,"op":"` behind `from` begins; -1 if there is none. It mostly stands `bytes` before the end. */
function opAt(bytes: number, from: number): number {
  const known = cursor.end - bytes;
  cursor.at = known;
  // Whatever follows has no p, so it is the last one.
  const last = known > from && take(OP.token) && nextByte(OP.byte, cursor.at) < 0;
  return last ? known : lastPlace(OP, from);
}

/** The letter of the key "op" that begins at `at`; null if it has another value. */
function opIn(at: number): Scanned["op"] | null {
  if (scratch[at + OP.token.length + 1] !== QUOTE) return null;
  switch (scratch[at + OP.token.length]) {
    case C:
      return "c";
    case R:
      return "r";
    case U:
      return "u";
    case D:
      return "d";
    default:
      return null;
  }
}
