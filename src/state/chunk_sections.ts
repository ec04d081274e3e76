import type { ChunkForm } from "./chunk_form.ts";
import { loadPlaced, loadValue, savePlaced, textsOf } from "./heap_cells.ts";
import type { Lent } from "./loans.ts";
import { loadNumbers, misfit, saveNumbers } from "./sections.ts";
import { type LaterSections, type Loading, type SectionReader, type SectionWriter, STEP_SLOTS } from "./slots.ts";
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

/** The first `used` values of a chunk that was lent; ids of words are written as they are. */
export function lentChunk({ chunk, release }: Lent<ChunkForm>, used: number): LaterSections {
  return { write: (to) => saveChunk(chunk, { used, to }), release };
}

function* saveChunk(
  chunk: ChunkForm,
  { used, to }: { readonly used: number; readonly to: SectionWriter },
): Loading {
  const { kind, scale, others } = chunk;
  saveNumbers(to, [kind, scale + 1]);
  if (kind === VALUES) {
    for (let first = 0; first < used; first += STEP_SLOTS) {
      const { plain, texts } = textsOf(chunk.values.slice(first, Math.min(first + STEP_SLOTS, used)));
      saveNumbers(to, [plain ? 1 : 0]);
      to.texts(texts);
      yield;
    }
  } else if (kind !== EMPTY) to.array(cellsOf(chunk).subarray(0, used));
  const placed = [...others ?? []].sort(([a], [b]) => a - b);
  yield* savePlaced(to, { places: placed.map(([at]) => at), values: placed.map(([, value]) => value) });
}

type CellArray = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** The array that the kind uses. */
function cellsOf({ kind, bytes8, halves, integers, doubles }: ChunkForm): CellArray {
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

/** Reads what {@link lentChunk} wrote into an empty chunk, and counts the words. @throws RangeError */
export function* loadChunk(chunk: ValueChunk, source: ChunkSource): Loading {
  const { used, from } = source;
  const [kind, scaleOrNone] = loadNumbers(from, 2);
  const scale = scaleOrNone - 1;
  if (kind > VALUES) throw misfit(`there is no kind ${kind} of values`);
  if (scale > SCALE_MAX || (scale >= 0 && kind !== INTEGERS && kind !== DOUBLES)) throw misfit(`a scale of ${scale}`);
  chunk.become(kind, scale);
  if (kind === VALUES) {
    yield* loadValues(chunk, source);
  } else if (kind !== EMPTY) {
    const cells = cellsOf(chunk);
    const read = from.array(cells.constructor as new (buffer: ArrayBuffer) => CellArray);
    if (read.length !== used) throw misfit(`${read.length} values in a chunk instead of ${used}`);
    checkCells(chunk, { cells: read, words: source.words });
    cells.set(read);
  }
  yield* loadOthers(chunk, source);
}

function* loadValues(chunk: ValueChunk, { used, from }: ChunkSource): Loading {
  for (let first = 0; first < used; first += STEP_SLOTS) {
    const [plain] = loadNumbers(from, 1);
    const texts = from.texts();
    const count = Math.min(STEP_SLOTS, used - first);
    if (texts.length !== count) throw misfit(`${texts.length} values of a chunk instead of ${count}`);
    for (let at = 0; at < count; at++) chunk.set(first + at, plain === 1 ? texts[at] : loadValue(texts[at]));
    yield;
  }
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

function* loadOthers(chunk: ValueChunk, { used, from }: ChunkSource): Loading {
  let count = 0;
  for (const piece of loadPlaced(from, used)) {
    for (const [at, value] of piece) {
      if (!standsForOther(chunk, at)) throw misfit(`two values at place ${at}`);
      chunk.restoreOther(at, value);
      count++;
    }
    yield;
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
