import type { ChdbBlock, ChdbSession } from "./chdb.ts";
import type { Statement } from "./clickhouse_statement.ts";
import type { Outcome } from "./environment.ts";
import type { WantedRead } from "./wanted_reads.ts";

/** A request's session. One of the two is called once, when the request is over. */
export interface Lease {
  /** For the next request with the same environment. */
  keep(): void;
  end(): void;
}

/** Formats whose output is the concatenation of its blocks' outputs, and can therefore be sent block by block. */
const STREAMABLE = new Set(["JSONEachRow", "JSONCompactEachRow", "RowBinary", "TabSeparated", "TSV", "CSV"]);
const STREAMED = new Set(["SELECT", "WITH"]);

/** Answers a statement that only reads, until nobody waits for it any more. @throws as the engine, and as `begin` */
export async function answerRead(
  { sql, keyword }: Pick<Statement, "sql" | "keyword">,
  { session, lease, format, begin }: {
    readonly session: ChdbSession;
    readonly lease: Lease;
    readonly format: string;
    readonly begin: () => WantedRead;
  },
): Promise<Outcome> {
  let wanted: WantedRead;
  try {
    wanted = begin();
  } catch (error) {
    lease.end();
    throw error;
  }
  const marked = `${wanted.mark} ${sql}`;
  if (STREAMED.has(keyword) && STREAMABLE.has(format)) {
    return { kind: "stream", chunks: await started(session.queryStream(marked, { format }), { lease, wanted }) };
  }
  const asked = session.queryAsync(marked, { format });
  asked.then(lease.keep, lease.end).finally(wanted.ended);
  const result = await Promise.race([asked, wanted.left]);
  return { kind: "rows", bytes: result.bytes(), rows: result.rowsRead };
}

/**
 * Waits for the first block, so that an error found early is an error of the request and not of the connection. The
 * session is kept when the last block was taken, and ended when the reader went away, as soon as the engine answers.
 */
async function started(
  stream: AsyncIterable<ChdbBlock>,
  { lease, wanted }: { readonly lease: Lease; readonly wanted: WantedRead },
): Promise<AsyncIterable<Uint8Array>> {
  const blocks = stream[Symbol.asyncIterator]();
  let asked = blocks.next();
  let over = false;

  async function breakOff(): Promise<void> {
    if (over) return;
    over = true;
    // The engine takes one call at a time.
    await asked.catch(() => {});
    await Promise.resolve(blocks.return?.()).catch(() => {});
    wanted.ended();
    lease.end();
  }

  async function answered(): Promise<IteratorResult<ChdbBlock>> {
    try {
      return await Promise.race([asked, wanted.left]);
    } catch (error) {
      breakOff();
      throw error;
    }
  }

  wanted.left.catch(breakOff);
  let first: IteratorResult<ChdbBlock> | null = await answered();
  const chunks: AsyncIterator<Uint8Array> = {
    next: async () => {
      if (first === null) asked = blocks.next();
      const { done, value } = first ?? await answered();
      first = null;
      if (!done) return { done, value: value.raw() };
      if (!over) {
        over = true;
        wanted.ended();
        lease.keep();
      }
      return { done, value: undefined };
    },
    return: () => {
      breakOff();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => chunks };
}
