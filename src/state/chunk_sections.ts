import { loadPlaced, loadValue, savePlaced, textsOf } from "./heap_cells.ts";
import { loadNumbers, misfit, saveNumbers } from "./sections.ts";
import type { SectionReader, SectionWriter } from "./slots.ts";
import type { ValueChunk } from "./value_chunk.ts";
import {
  DOUBLES,
  EMPTY,
  FLAGS,
  INTEGERS,
  NONE,
  OTHER_FLAG,
  VALUES,
  WORDS_16,
  WORDS_32,
  WORDS_8,
} from "./value_kinds.ts";
import { OTHER_WORD, type WordList } from "./word_list.ts";

/** Fraction digits of a decimal. */
const SCALE_MAX = 38;

/** Writes the first `used` values of a chunk; ids of words are written as they are. */
export function saveChunk(
  chunk: ValueChunk,
  { used, to }: { readonly used: number; readonly to: SectionWriter },
): void {
  const { kind, scale, others } = chunk;
  const { plain, texts } = textsOf(kind === VALUES ? chunk.values.slice(0, used) : []);
  saveNumbers(to, [kind, scale + 1, plain ? 1 : 0]);
  if (kind === VALUES) to.texts(texts);
  else if (kind !== EMPTY) to.array(cellsOf(chunk).subarray(0, used));
  const placed = [...others ?? []].sort(([a], [b]) => a - b);
  savePlaced(to, { places: placed.map(([at]) => at), values: placed.map(([, value]) => value) });
}

type CellArray = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** The array that the kind uses. */
function cellsOf({ kind, bytes8, halves, integers, doubles }: ValueChunk): CellArray {
  if (kind === FLAGS || kind === WORDS_8) return bytes8;
  if (kind === WORDS_16) return halves;
  return kind === DOUBLES ? doubles : integers;
}

/** Where a chunk comes from. */
interface ChunkSource {
  /** Slots of the chunk that were ever given out. */
  readonly used: number;
  readonly from: SectionReader;
  readonly words: WordList;
}

/** Reads what {@link saveChunk} wrote into an empty chunk, and counts the words. @throws RangeError */
export function loadChunk(chunk: ValueChunk, source: ChunkSource): void {
  const { used, from } = source;
  const [kind, scaleOrNone, plain] = loadNumbers(from, 3);
  const scale = scaleOrNone - 1;
  if (kind > VALUES) throw misfit(`there is no kind ${kind} of values`);
  if (scale > SCALE_MAX || (scale >= 0 && kind !== INTEGERS && kind !== DOUBLES)) throw misfit(`a scale of ${scale}`);
  chunk.become(kind, scale);
  if (kind === VALUES) {
    valuesOf(source, plain === 1 ? (text) => text : loadValue).forEach((value, at) => chunk.set(at, value));
  } else if (kind !== EMPTY) {
    const cells = cellsOf(chunk);
    const read = from.array(cells.constructor as new (buffer: ArrayBuffer) => CellArray);
    if (read.length !== used) throw misfit(`${read.length} values in a chunk instead of ${used}`);
    checkCells(chunk, { cells: read, words: source.words });
    cells.set(read);
  }
  loadOthers(chunk, source);
}

function valuesOf({ used, from }: ChunkSource, valueOf: (text: string | null) => unknown): unknown[] {
  const texts = from.texts();
  if (texts.length !== used) throw misfit(`${texts.length} values in a chunk instead of ${used}`);
  return texts.map(valueOf);
}

function checkCells(
  { kind, scale }: ValueChunk,
  { cells, words }: { readonly cells: CellArray; readonly words: WordList },
): void {
  if (kind === WORDS_8 || kind === WORDS_16 || kind === WORDS_32) {
    for (const id of cells) words.use(id);
  } else if (kind === FLAGS) {
    for (const flag of cells) if (flag > OTHER_FLAG) throw misfit(`there is no flag ${flag}`);
  } else if (kind === DOUBLES && scale >= 0) {
    for (const units of cells) {
      if (units === units && !Number.isSafeInteger(units)) throw misfit(`${units} units of a decimal`);
    }
  }
}

function loadOthers(chunk: ValueChunk, { used, from }: ChunkSource): void {
  let count = 0;
  for (const [at, value] of loadPlaced(from, used)) {
    if (!standsForOther(chunk, at)) throw misfit(`two values at place ${at}`);
    chunk.restoreOther(at, value);
    count++;
  }
  const marks = marksOf(chunk, used);
  if (marks !== null && marks !== count) throw misfit(`${count} values for ${marks} places`);
}

/** Whether the cell says that the value is none of its kind. */
function standsForOther(chunk: ValueChunk, at: number): boolean {
  const { kind } = chunk;
  if (kind === EMPTY || kind === VALUES) return kind === EMPTY;
  const cell = cellsOf(chunk)[at];
  if (kind === FLAGS) return cell === OTHER_FLAG;
  if (kind === INTEGERS) return cell === NONE;
  return kind === DOUBLES ? cell !== cell : cell === OTHER_WORD;
}

/** How many cells say so, where they say nothing else by it. */
function marksOf(chunk: ValueChunk, used: number): number | null {
  const { kind } = chunk;
  if (kind === EMPTY || kind === VALUES || kind === INTEGERS || kind === DOUBLES) return null;
  let marks = 0;
  for (let at = 0; at < used; at++) if (standsForOther(chunk, at)) marks++;
  return marks;
}
