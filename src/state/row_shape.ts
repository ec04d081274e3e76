import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";
import { literal, propertyName, specialised } from "../record/specialised.ts";
import { CHUNK_BITS, CHUNK_MASK } from "./chunks.ts";
import type { Slot } from "./slots.ts";
import type { ValueCells } from "./value_cells.ts";
import { INTEGERS, NONE, VALUES, WORDS_8 } from "./value_kinds.ts";
import { OTHER_WORD } from "./word_list.ts";

/** A column of a shape: its name, and where its values are. */
export interface ShapeColumn {
  readonly name: string;
  readonly cells: ValueCells;
}

/** What is done with rows that have exactly these columns in this order. */
export interface RowShape {
  /** A new plain object, always of one hidden class. */
  read(slot: Slot): Row;
  /** `wireEquals` of the row held and a row of this shape. */
  equals(slot: Slot, row: Row): boolean;
  /** Puts the row's values, each exactly as it is. */
  set(slot: Slot, row: Row): void;
}

/** Makes the functions of a shape. */
export type ShapeMaker = (columns: readonly ShapeColumn[]) => RowShape;

/** Whether `row` is a plain object with just these names in this order. */
export function hasShape(row: Row, names: readonly string[]): boolean {
  if (Object.getPrototypeOf(row) !== Object.prototype) return false;
  let at = 0;
  for (const name in row) if (name !== names[at++]) return false;
  return at === names.length;
}

/**
 * The functions of a shape, written out for its columns; what they do is written readably in {@link plainShape}. Each
 * column has the forms of `value_chunk.ts` that are read most often before its eyes, at a place of its own, so that the
 * processor knows which comes, and several columns are fetched from memory at once. Loops over the columns, as in
 * {@link plainShape}, take 8.7 times as long to read a row and 2.0 times to compare one
 * (`deno run --allow-read tests/bench/compiled.ts`).
 */
export const compiledShape: ShapeMaker = (columns) => {
  const constants: Record<string, unknown> = { of: Decimal.of };
  columns.forEach(({ cells }, index) => {
    constants[`chunks${index}`] = cells.chunks;
    constants[`texts${index}`] = cells.words.texts;
  });
  const each = (text: (column: ColumnText) => string) =>
    columns.map(({ name }, index) =>
      text({ h: `h${index}`, v: `v${index}`, texts: `texts${index}`, given: `row[${literal(name)}]` })
    ).join("\n");
  const chunks = "const hi = slot >>> " + CHUNK_BITS + ", lo = slot & " + CHUNK_MASK + ";\n" +
    columns.map((_, index) => `const h${index} = chunks${index}[hi];`).join("\n");
  const fields = columns.map(({ name }, index) => `${propertyName(name)}: v${index}`);
  return {
    read: specialised(constants, ["slot"], `${chunks}\n${each(readText)}\nreturn { ${fields.join(", ")} };`),
    equals: specialised(constants, ["slot", "row"], `${chunks}\n${each(equalsText)}\nreturn true;`),
    set: specialised(constants, ["slot", "row"], `${chunks}\n${each(setText)}`),
  };
};

/** Names of the compiled text. */
interface ColumnText {
  /** The chunk. */
  readonly h: string;
  /** The value. */
  readonly v: string;
  /** The words of the column. */
  readonly texts: string;
  /** The value of the row that was given. */
  readonly given: string;
}

function readText({ h, v, texts }: ColumnText): string {
  return `let ${v};
    if (${h}.kind === ${INTEGERS}) {
      ${v} = ${h}.integers[lo];
      if (${v} === ${NONE}) ${v} = ${h}.get(lo);
      else if (${h}.scale >= 0) ${v} = of(${v}, ${h}.scale);
    } else if (${h}.kind === ${WORDS_8}) {
      ${v} = ${h}.bytes8[lo];
      ${v} = ${v} === ${OTHER_WORD} ? ${h}.get(lo) : ${texts}[${v}];
    } else if (${h}.kind === ${VALUES}) ${v} = ${h}.values[lo];
    else ${v} = ${h}.get(lo);`;
}

/** What can be seen to be equal at a glance; else the chunk is asked. */
function equalsText({ h, v, texts, given }: ColumnText): string {
  return `const ${v} = ${given};
    if (!(typeof ${v} === "number"
        ? ${h}.kind === ${INTEGERS} && ${h}.scale < 0 && ${h}.integers[lo] === ${v} && ${v} !== ${NONE}
        : typeof ${v} === "string" && ${h}.kind === ${WORDS_8} && ${texts}[${h}.bytes8[lo]] === ${v}) &&
      !${h}.equals(lo, ${v})) return false;`;
}

/** An integer among integers is put; anything else is the chunk's business. */
function setText({ h, v, given }: ColumnText): string {
  return `const ${v} = ${given};
    if (typeof ${v} === "number" && ${h}.kind === ${INTEGERS} && ${h}.scale < 0 && ${h}.others === null &&
      ${h}.lent === null && (${v} | 0) === ${v} && ${v} !== 0 && ${v} !== ${NONE}) ${h}.integers[lo] = ${v};
    else ${h}.set(lo, ${v});`;
}

/** As {@link compiledShape}, column by column. */
export const plainShape: ShapeMaker = (columns) => ({
  read: (slot) => Object.fromEntries(columns.map(({ name, cells }) => [name, cells.get(slot)])),
  equals: (slot, row) => columns.every(({ name, cells }) => cells.equals(slot, row[name])),
  set: (slot, row) => columns.forEach(({ name, cells }) => cells.set(slot, row[name])),
});
