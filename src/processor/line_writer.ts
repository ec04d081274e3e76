import { ByteWriter } from "../record/byte_writer.ts";
import { digestOf } from "../record/digest.ts";
import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import { type CellWriter, cellWriter } from "./cell_writer.ts";
import { columnEncoder, rowEncoder } from "./sink_row.ts";

const [BRACKET, COMMA] = [91, 44];

/** One for all tables: a row's bytes are compared and copied before the next row is encoded. */
const line = new ByteWriter();

/** The encoder of one table's rows as bytes. */
export interface RowWriter {
  /**
   * Writes the UTF-8 of what `rowEncoder` gives, and returns its digest; {@link encodedLine} has the bytes until the
   * next row of any table is encoded.
   * @throws what `rowEncoder` throws
   */
  write(row: Row): number;
  /** Digest of the row as earlier versions took it, of the text. @throws as {@link RowWriter.write} */
  textDigest(row: Row): number;
}

/** Columns of a row in order. */
type Columns = readonly { readonly name: string; readonly type: string }[];

const writers = new WeakMap<Columns, RowWriter>();

/** The encoder for rows of these columns. All tasks of a table have one, as it keeps nothing of a row. */
export function rowWriter(columns: Columns): RowWriter {
  let writer = writers.get(columns);
  if (writer === undefined) writers.set(columns, writer = compiledWriter(columns));
  return writer;
}

/**
 * Compiled: a loop over the columns takes 1.3 times as long, the text and its digest 3 times
 * (`deno run --allow-read tests/bench/compiled.ts`).
 */
function compiledWriter(columns: Columns): RowWriter {
  const cells = columns.map(({ name, type }) => ({
    value: `row[${literal(name)}]`,
    write: cellWriter(type, columnEncoder(name, type)),
  }));
  let encode: ((row: Row) => string) | null = null;
  return {
    write: lineWriter(["row"], cells),
    // Most tables hold no digest of earlier versions, so this is seldom needed.
    textDigest: (row) => digestOf((encode ??= rowEncoder(columns))(row)),
  };
}

/** As {@link rowWriter}, of cells whose values are expressions of the parameters, made of literals alone. */
export function lineWriter<F>(
  parameters: readonly string[],
  cells: readonly { readonly value: string; readonly write: CellWriter }[],
): F {
  const constants = Object.fromEntries(cells.map(({ write }, index) => [`write${index}`, write]));
  const parts = cells.map(({ value }, index) =>
    `line.byte(${index === 0 ? BRACKET : COMMA}); write${index}(line, ${value});`
  );
  return specialised({ ...constants, line }, parameters, `line.clear(); ${parts.join(" ")} return line.digest();`);
}

/** The encoder of rows that are texts. */
export function textWriter(textOf: (row: Row) => string): RowWriter {
  return {
    write(row) {
      line.clear();
      line.raw(textOf(row));
      return line.digest();
    },
    textDigest: (row) => digestOf(textOf(row)),
  };
}

/** The row encoded last, NOT copied: the next one overwrites it. */
export function encodedLine(): Uint8Array {
  return line.written();
}
