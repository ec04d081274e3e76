import pg from "pg";
import { choicesOf } from "./choices.ts";
import { sleep } from "./steps.ts";
import { randomTransaction, Rollback } from "./transactions.ts";

export interface WriterOptions {
  readonly postgres: pg.ClientConfig;
  /** Transactions a second, over all connections. */
  readonly perSecond: number;
  readonly seed: number;
}

/** What a writer did. */
export interface Written {
  readonly committed: number;
  /** Rolled back on purpose, or refused by the database: a deadlock, a foreign key. */
  readonly rolledBack: number;
  readonly seconds: number;
}

/** Several, so that transactions overlap and commit in another order than they began. */
const CONNECTIONS = 3;

/** PostgreSQL's refusals that random transactions run into: foreign key, unique key, serialisation, deadlock. */
const expected = new Set(["23503", "23505", "40001", "40P01"]);

/** Writes random transactions to the store at a steady rate until told to stop. */
export class Writer {
  committed = 0;
  #rolledBack = 0;
  readonly #startedMs = performance.now();
  readonly #options: WriterOptions;
  #stopping = false;
  readonly #working: Promise<unknown>;

  constructor(options: WriterOptions) {
    this.#options = options;
    const workers = Array.from({ length: CONNECTIONS }, (_, index) => this.#work(index));
    this.#working = Promise.all(workers);
    // Told by stop(); until then a failure must not end the whole run as unhandled.
    this.#working.catch(() => {});
  }

  /** Resolves when the last transaction has ended. @throws what a transaction met that it should not have */
  async stop(): Promise<Written> {
    this.#stopping = true;
    await this.#working;
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return { committed: this.committed, rolledBack: this.#rolledBack, seconds };
  }

  async #work(index: number): Promise<void> {
    const { postgres, perSecond, seed } = this.#options;
    const random = choicesOf(seed + index);
    const client = new pg.Client(postgres);
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query("SELECT setseed($1)", [random.next()]);
      for (let dueMs = performance.now(); !this.#stopping; dueMs += CONNECTIONS * 1000 / perSecond) {
        await sleep(Math.max(0, dueMs - performance.now()));
        const transaction = randomTransaction(random);
        try {
          await client.query("BEGIN");
          await transaction(async (sql, values) => (await client.query(sql, values)).rows, random);
          await client.query("COMMIT");
          this.committed++;
        } catch (error) {
          await client.query("ROLLBACK");
          if (!(error instanceof Rollback) && !expected.has((error as { code?: string }).code ?? "")) throw error;
          this.#rolledBack++;
        }
      }
    } finally {
      await client.end();
    }
  }
}

export function writtenText({ committed, rolledBack, seconds }: Written): string {
  return `${committed} transactions in ${seconds.toFixed(0)} s, ${rolledBack} rolled back`;
}
