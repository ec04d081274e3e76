import { type Masks, masksAny, masksOf, type NodeMask, unionOf } from "../../plan/masks.ts";
import type { Bytes, LogRecord } from "../../ports/log.ts";
import { type DeserializationError, ProcessorError } from "../../record/errors.ts";
import { hidesAnything, type Mask, MASKED, masked, maskedRow } from "../../record/mask.ts";
import { isRawObject, parseRaw } from "../../record/raw_json.ts";
import { type RecordMask, recordMasks } from "../../plan/record_masks.ts";
import { rowText, textOf } from "./letter_text.ts";

type MaskedTopology = Parameters<typeof masksOf>[0];

/** What a letter tells of a record or a row of which something is masked. */
export interface MaskedTexts {
  readonly key: string | null;
  readonly record: string | null;
  readonly error: string;
}

interface Unreadable {
  readonly record: LogRecord;
  readonly error: DeserializationError;
}

/** Operators whose letters may hold what their callback made, and not only what it was given. */
const MAKING: ReadonlySet<string> = new Set([
  ...["aggregate", "selectKey", "flatMapValues", "folded", "streamAggregate", "process", "repartition"],
  ...["streamJoin", "tableJoin", "tableChanges", "suppress", "sink", "append", "output"],
]);

/**
 * Letters without what is masked. They are kept so, as whoever reads the file, the topic or the log that has them is
 * not asked who they are; a replay takes the record from where it lies.
 */
export class LetterMasks {
  readonly #topology: MaskedTopology;
  readonly #masks: Masks;
  /** By topic, of all that the topology reads; null: nothing of its records is masked. */
  readonly #topics: ReadonlyMap<string, RecordMask | null>;

  constructor(topology: MaskedTopology, masks: Masks) {
    this.#topology = topology;
    this.#masks = masks;
    this.#topics = recordMasks(topology);
  }

  /** Of a record that could not be read; null if it is shown as it is. */
  record(topic: string, { record, error }: Unreadable): MaskedTexts | null {
    const { key, value } = record;
    const mask = this.#topics.get(topic);
    if (mask === null) return null;
    // A topic of Weir's own, of which nobody knows here whose rows are in it.
    if (mask === undefined) return { key: hidden(key), record: hidden(value), error: hiddenError(error) };
    const shownRecord = mask.value(textOf(value));
    return { key: mask.key(textOf(key)), record: shownRecord, error: mask.error(error) ?? hiddenError(error) };
  }

  /** Of what an operator was given or has made; null if it is shown as it is. `key`: JSON of the key's columns. */
  row(
    operator: string,
    { key, error, line }: { readonly key: string | null; readonly error: Error; readonly line?: string },
  ): MaskedTexts | null {
    const mask = this.#maskOf(operator);
    if (mask === null) return null;
    const row = error instanceof ProcessorError ? error.row : undefined;
    // A line has the columns by their places, and what ClickHouse says of it quotes them.
    const record = line !== undefined ? MASKED : rowText(row === undefined ? row : masked(row, mask.row));
    return { key: key === null ? null : keyShown(key, mask.key), record, error: hiddenError(error) };
  }

  /** Null: nothing of it. Of an operator that nobody knows: all. */
  #maskOf(operator: string): NodeMask | null {
    const { nodes, streams } = this.#topology;
    const name = operator.replace(/^sink /, "");
    const ofTable = (id: number) => this.#masks.tables[id];
    const ofStream = (id: number) => this.#masks.streams[id];
    const found: NodeMask[] = [];
    for (const node of nodes) {
      if (node.name !== name && node.name !== operator) continue;
      const inputs = "input" in node ? [ofTable(node.input)] : [];
      if ("right" in node) inputs.push(ofTable(node.right));
      if (MAKING.has(node.op) || inputs.length === 0) inputs.push(ofTable(node.id));
      found.push(...inputs);
    }
    for (const node of streams) {
      if (node.name !== name && node.name !== operator) continue;
      const inputs = node.inputs.map(ofStream);
      if ("right" in node) inputs.push(ofTable(node.right));
      if (MAKING.has(node.op) || inputs.length === 0) inputs.push(ofStream(node.id));
      found.push(...inputs);
    }
    if (found.length === 0) return { key: ALL, row: ALL };
    const mask = unionOf(found);
    return masksAny(mask) ? mask : null;
  }
}

const ALL: Mask = { others: true, columns: new Map() };

/** Null if the topology masks nothing. */
export function letterMasksOf(topology: MaskedTopology): LetterMasks | null {
  const masks = masksOf(topology);
  return masks === null ? null : new LetterMasks(topology, masks);
}

function hidden(text: Bytes | null): string | null {
  return text === null ? null : MASKED;
}

function hiddenError(error: Error): string {
  const told = `${MASKED}: what was said may quote columns that are masked`;
  if (!(error instanceof ProcessorError)) return told;
  return `Cannot evaluate "${error.operator}": ${told}`;
}

function keyShown(key: string, mask: Mask): string {
  if (!hidesAnything(mask)) return key;
  try {
    const columns = parseRaw(key);
    return isRawObject(columns) ? JSON.stringify(maskedRow(columns, mask)) : MASKED;
  } catch {
    return MASKED;
  }
}
