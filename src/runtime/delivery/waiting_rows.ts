import type { DeleteRow, UpsertRow } from "../../ports/warehouse.ts";
import type { Key } from "../../record/key.ts";

/**
 * A row for a sink, newest version of a key, or its tombstone (without `line`). Rows of one `id` supersede each other.
 */
export type OutgoingRow = (UpsertRow | DeleteRow) & { readonly id: Key };

/** Lines share memory in chunks, the first of which is small. */
const FIRST_CHUNK_BYTES = 4 * 1024;
const CHUNK_BYTES_MAX = 64 * 1024;

/**
 * The rows of one table that wait for the next insert, the newest of each id, in the order in which the ids came first;
 * or, where readers go by the order of the rows, in that in which these came.
 *
 * Lines are copied into chunks of memory: an array of its own for each takes twice as long
 * (`deno run --allow-read tests/bench/compiled.ts`) and 150 bytes of V8's heap more. A chunk lives as long as one of
 * its lines. So that replaced ones do not keep memory, all lines are copied together when those replaced have more
 * bytes than those that wait.
 */
export class WaitingRows {
  #rows = new Map<Key, OutgoingRow>();
  #bytes = 0;
  #replacedBytes = 0;
  #chunk = new Uint8Array(0);
  #used = 0;
  readonly #order: "by id" | "as they came";

  constructor(order: "by id" | "as they came" = "by id") {
    this.#order = order;
  }

  /** How many rows wait. */
  get size(): number {
    return this.#rows.size;
  }

  /** Bytes of their lines and keys. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The row is kept, with a copy of its line in the place of the line: what it was may be overwritten afterwards. */
  put(row: OutgoingRow): void {
    const replaced = this.#rows.get(row.id);
    if (replaced !== undefined) {
      this.#bytes -= bytesOf(replaced);
      if ("line" in replaced) this.#replacedBytes += replaced.line.length;
    }
    this.#bytes += bytesOf(row);
    if (this.#order === "as they came") this.#rows.delete(row.id);
    this.#rows.set(row.id, this.#kept(row));
    if (this.#replacedBytes > this.#bytes + CHUNK_BYTES_MAX) this.#together();
  }

  /** Hands out at most `rowsMax` rows, and no further one once they have `bytesMax` bytes; they wait no longer. */
  take({ rowsMax, bytesMax }: { readonly rowsMax: number; readonly bytesMax: number }): OutgoingRow[] {
    if (this.#rows.size <= rowsMax && this.#bytes <= bytesMax) {
      const rows = [...this.#rows.values()];
      this.clear();
      return rows;
    }
    const rows: OutgoingRow[] = [];
    let bytes = 0;
    for (const [id, row] of this.#rows) {
      rows.push(row);
      bytes += bytesOf(row);
      this.#rows.delete(id);
      if (rows.length === rowsMax || bytes >= bytesMax) break;
    }
    this.#bytes -= bytes;
    if (this.#rows.size === 0) this.clear();
    return rows;
  }

  /** Throws away what waits. */
  clear(): void {
    this.#rows = new Map();
    this.#bytes = 0;
    this.#forgetChunk();
  }

  #forgetChunk(): void {
    this.#chunk = new Uint8Array(0);
    this.#used = this.#replacedBytes = 0;
  }

  #together(): void {
    this.#forgetChunk();
    for (const [id, row] of this.#rows) this.#rows.set(id, this.#kept(row));
  }

  /** The row, with its line in a chunk. */
  #kept(row: OutgoingRow): OutgoingRow {
    if ("line" in row) (row as { line: Uint8Array }).line = this.#copied(row.line);
    return row;
  }

  #copied(line: Uint8Array): Uint8Array {
    const { length } = line;
    if (length > CHUNK_BYTES_MAX / 4) return line.slice();
    if (this.#used + length > this.#chunk.length) {
      const bytes = Math.min(CHUNK_BYTES_MAX, Math.max(FIRST_CHUNK_BYTES, 2 * this.#chunk.length));
      this.#chunk = new Uint8Array(Math.max(bytes, length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#chunk.set(line, start);
    return this.#chunk.subarray(start, this.#used);
  }
}

/** Bytes of its line and key, two for each UTF-16 unit of a text, as JavaScript holds it at most. */
function bytesOf(row: OutgoingRow): number {
  return ("line" in row ? row.line.length : 2 * row.keyLine.length) + 2 * row.key.length;
}
